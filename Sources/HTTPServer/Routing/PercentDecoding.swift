// Percent-decoding to strict UTF-8 (RFC 3986 section 2.1). It knows no path and no query.

/// Why a path segment or a query was not decoded.
public enum DecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A percent sign is not followed by two hexadecimal digits.
    case percentInvalid
    /// The decoded bytes are not UTF-8.
    case notUTF8
    /// A NUL byte was encoded.
    case containsNUL
    /// There are more parameters than the limit given.
    case tooManyParameters(max: Int)
    /// There is no such capture in the route.
    case noSuchCapture

    /// What is wrong and what to send instead.
    public var description: String {
        switch self {
        case .percentInvalid:
            "A percent sign has to be followed by two hexadecimal digits; write %25 for the sign itself."
        case .notUTF8: "Percent-encoded text has to be UTF-8."
        case .containsNUL: "A NUL byte (%00) is not allowed."
        case .tooManyParameters(let max): "The query has more than \(max) parameters."
        case .noSuchCapture: "The route captures no segment of that name."
        }
    }
}

enum PercentDecoding {
    /// The text that `bytes` encode; `plusIsSpace` as in form queries.
    static func decode(_ bytes: Span<UInt8>, plusIsSpace: Bool) throws(DecodingError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            var byte = bytes[at]
            if byte == ASCII.percent {
                guard at + 2 < bytes.count, let high = ASCII.hexValue(bytes[at + 1]),
                    let low = ASCII.hexValue(bytes[at + 2])
                else { throw .percentInvalid }
                byte = high << 4 | low
                at += 2
            } else if byte == 43 && plusIsSpace {
                byte = ASCII.space
            }
            if byte == 0 { throw .containsNUL }
            decoded.append(byte)
            at += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}
