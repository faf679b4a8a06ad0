// Where a request may go. A next-page link comes from the provider, and the request carries the user's token. So the link must stay
// at the origin of the endpoint it came from. Bytes only; no URL library decides here.

/// The origin of an http or https URL: scheme, host and port (RFC 6454).
public struct WebOrigin: Sendable, Hashable {
    private let scheme: [UInt8]
    private let host: [UInt8]
    private let port: Int

    /// Bytes of a URL at most.
    public static let urlBytesMax = 8192

    /// The origin of `url`; nil when it is not an absolute URL of scheme http or https that every reader understands alike.
    ///
    /// User information, backslashes, spaces, control and non-ASCII characters are refused everywhere, and percent signs in the host.
    public init?(of url: String) {
        let bytes = Array(url.utf8)
        let refused = Array("\\\"<>^`{}".utf8)
        guard bytes.count <= WebOrigin.urlBytesMax,
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !refused.contains($0) }),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        scheme = WebOrigin.lowercased(bytes[..<colon])
        let isSecure = scheme.elementsEqual("https".utf8)
        guard isSecure || scheme.elementsEqual("http".utf8) else { return nil }
        let authority = bytes[(colon + 3)...].prefix { $0 != 0x2F && $0 != 0x3F && $0 != 0x23 }
        guard !authority.contains(UInt8(ascii: "@")), !authority.contains(UInt8(ascii: "%")) else { return nil }
        let hostEnd: Int
        if authority.first == UInt8(ascii: "[") {
            guard let bracket = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            hostEnd = bracket + 1
        } else {
            hostEnd = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
        }
        host = WebOrigin.lowercased(authority[..<hostEnd])
        guard !host.isEmpty, host != Array("[]".utf8) else { return nil }
        guard hostEnd < authority.endIndex else {
            port = isSecure ? 443 : 80
            return
        }
        let digits = authority[(hostEnd + 1)...]
        guard authority[hostEnd] == UInt8(ascii: ":"), 1...5 ~= digits.count,
            digits.allSatisfy({ $0 &- 0x30 < 10 })
        else { return nil }
        port = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard 1...65535 ~= port else { return nil }
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 }
    }
}

extension ProviderRequest {
    /// Whether ``path`` is a whole URL, as next-page links are.
    var isAbsolute: Bool { path.utf8.first != UInt8(ascii: "/") }

    /// The URL that the request goes to, without its query: the path behind `endpoint`, or the absolute URL that the path is.
    ///
    /// Hosts send nothing to a URL that this does not give.
    ///
    /// - Parameter endpoint: the URL of the request's endpoint, as the manifest or the operator's configuration has it.
    /// - Throws: a permanent ``ProviderError`` when the path is an absolute URL of another origin, or none at all.
    public func url(behind endpoint: String) throws(ProviderError) -> String {
        guard isAbsolute else {
            let isSlashed = endpoint.utf8.last == UInt8(ascii: "/")
            return (isSlashed ? String(endpoint.dropLast()) : endpoint) + path
        }
        guard let origin = WebOrigin(of: path), origin == WebOrigin(of: endpoint) else {
            throw ProviderError(.permanent, "The link to the next page does not lead to the provider's own origin.")
        }
        return path
    }
}
