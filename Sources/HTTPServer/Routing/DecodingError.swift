// Why part of a request target cannot be read. It knows no route and no query.

import Primitives

/// Why a path segment or a query was not decoded.
public enum DecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A percent sign is not followed by two hexadecimal digits.
    case percentInvalid
    /// The decoded bytes are not UTF-8.
    case notUTF8
    /// A NUL byte is encoded.
    case containsNUL
    /// There are more parameters than the limit given.
    case tooManyParameters(max: Int)
    /// There is no such capture in the route.
    case noSuchCapture

    init(_ error: PercentDecodingError) {
        switch error {
        case .percentInvalid: self = .percentInvalid
        case .notUTF8: self = .notUTF8
        case .containsNUL: self = .containsNUL
        }
    }

    /// The problem and what to send instead.
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

/// The text that `bytes` encode; `plusIsSpace` as in form queries.
func percentDecoded(_ bytes: Span<UInt8>, plusIsSpace: Bool) throws(DecodingError) -> String {
    do {
        return try PercentEncoding.decode(bytes, plusIsSpace: plusIsSpace)
    } catch {
        throw DecodingError(error)
    }
}
