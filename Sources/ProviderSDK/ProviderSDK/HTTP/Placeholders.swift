// Placeholders in requests: which there are, and their values. They are filled in one pass, so a value is never read as a
// placeholder itself.

extension ProviderRequest {
    /// The names of the placeholders in path, query, header fields and form body, in the order they stand there.
    ///
    /// An absolute URL in ``path`` came from the provider and has none.
    public var placeholders: [String] {
        var texts = isAbsolute ? [] : [path]
        texts += query.map(\.value) + headers.map(\.value)
        if case .form(let fields) = body { texts += fields.map(\.value) }
        return texts.flatMap(Placeholders.names)
    }

    /// The operator's settings without which the request cannot be sent: its placeholders and its credential.
    public var neededSettings: [String] {
        let prefix = "setting."
        var keys = placeholders.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        if case .setting(let key, _) = authorization { keys.append(key) }
        return keys
    }

    /// The request with every placeholder replaced by its value, percent-encoded in the path.
    ///
    /// - Parameter value: the value of a placeholder by its name; nil and empty text mean that there is none.
    /// - Throws: a ``ProviderError`` when a placeholder has no value: misconfigured for a setting, permanent for any other. Also
    ///   when a value is not allowed at its place: `.` and `..` in the path, control characters in a header field.
    public func filled(_ value: (String) -> String?) throws(ProviderError) -> ProviderRequest {
        var request = self
        if !isAbsolute {
            request.path = try Placeholders.fill(path) { (name) throws(ProviderError) in
                try Placeholders.pathSegment(try Placeholders.value(of: name, value), name: name)
            }
        }
        for index in query.indices { request.query[index].value = try Placeholders.fill(query[index].value, value) }
        for index in headers.indices {
            let text = try Placeholders.fill(headers[index].value, value)
            guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw ProviderError(
                    .permanent, "The header field “\(headers[index].name)” would hold a control character.")
            }
            request.headers[index].value = text
        }
        if case .form(var fields) = body {
            for index in fields.indices { fields[index].value = try Placeholders.fill(fields[index].value, value) }
            request.body = .form(fields)
        }
        return request
    }
}

extension ProviderContext {
    /// What stands for the placeholder `name`; nil when there is nothing, as for secret settings.
    public func value(of name: String) -> String? {
        switch name {
        case "accountId": return account.id
        case "accountName": return account.name
        case "variant": return account.variant
        default:
            if let key = Placeholders.suffix(of: name, after: "setting.") { return settings[key] }
            if let key = Placeholders.suffix(of: name, after: "callback.") { return account.callback[key]?.scalarText }
            return nil
        }
    }
}

/// Texts in which `{name}` stands for a value; any other brace stands for itself.
enum Placeholders {
    static func names(in text: String) -> [String] {
        var names: [String] = []
        var rest = text.utf8[...]
        while let found = next(in: rest) {
            names.append(found.name)
            rest = rest[found.range.upperBound...]
        }
        return names
    }

    static func fill(_ text: String, _ value: (String) -> String?) throws(ProviderError) -> String {
        try fill(text) { (name) throws(ProviderError) in try Placeholders.value(of: name, value) }
    }

    static func fill(
        _ text: String, encoding value: (String) throws(ProviderError) -> String
    ) throws(ProviderError) -> String {
        var filled: [UInt8] = []
        var rest = text.utf8[...]
        while let found = next(in: rest) {
            filled += rest[..<found.range.lowerBound]
            filled += try value(found.name).utf8
            rest = rest[found.range.upperBound...]
        }
        return filled.isEmpty && rest.count == text.utf8.count ? text : String(decoding: filled + rest, as: UTF8.self)
    }

    static func value(of name: String, _ value: (String) -> String?) throws(ProviderError) -> String {
        if let text = value(name), !text.isEmpty { return text }
        throw ProviderError(
            suffix(of: name, after: "setting.") == nil ? .permanent : .misconfigured,
            "The request needs “\(name)”, which has no value.")
    }

    static func suffix(of name: String, after prefix: String) -> String? {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
    }

    /// One path segment or a part of one: everything but unreserved characters percent-encoded (RFC 3986 section 2.3).
    static func pathSegment(_ text: String, name: String) throws(ProviderError) -> String {
        // A segment of dots would be resolved away and lead to another path.
        guard text != ".", text != ".." else {
            throw ProviderError(.permanent, "The value of “\(name)” cannot stand in a path.")
        }
        return encoded(text)
    }

    /// A text with everything but unreserved characters percent-encoded (RFC 3986 section 2.3).
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func next(in text: Substring.UTF8View) -> (name: String, range: Range<String.Index>)? {
        var start = text.startIndex
        while let open = text[start...].firstIndex(of: UInt8(ascii: "{")) {
            let inside = text[text.index(after: open)...].prefix(while: isName)
            if !inside.isEmpty, inside.endIndex < text.endIndex, text[inside.endIndex] == UInt8(ascii: "}") {
                return (String(decoding: inside, as: UTF8.self), open..<text.index(after: inside.endIndex))
            }
            start = text.index(after: open)
        }
        return nil
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
