// Media types of request bodies. Knows no route.

/// Media types of request bodies.
enum MediaType {
    /// Whether a Content-Type is `application/json`, with or without parameters (RFC 9110 section 8.3.1).
    static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        let type = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 0x09 }
        return type.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 } == Array("application/json".utf8)
    }
}
