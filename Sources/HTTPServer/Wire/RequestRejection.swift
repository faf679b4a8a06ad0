// Why a request is refused before an application sees it: one closed list, each with its status and a sentence that may
// be shown to the client. It knows nothing of how the answer looks.

/// Why this server refuses a request.
///
/// Each case answers with `status` and closes the connection.
public enum RequestRejection: String, Error, Sendable, CaseIterable {
    case requestLineMalformed, methodNotAllowed, methodNotImplemented, targetInvalid, targetTooLong
    case versionInvalid, versionNotSupported, lineEndInvalid
    case fieldNameInvalid, fieldValueInvalid, fieldFolded, headerTooLarge, tooManyFields
    case hostMissing, hostInvalid
    case contentLengthInvalid, transferEncodingInvalid, transferCodingNotImplemented, framingAmbiguous
    case chunkInvalid, trailerInvalid, bodyTooLarge, expectationFailed, contentCodingNotSupported
    case headerTimeout, bodyTimeout, handlerTimeout
    case tooManyConnections, tooManyConnectionsOfAddress, memoryExhausted

    /// The status it is answered with.
    public var status: HTTPStatus {
        switch self {
        case .methodNotAllowed: .methodNotAllowed
        case .methodNotImplemented, .transferCodingNotImplemented: .notImplemented
        case .targetTooLong: .uriTooLong
        case .versionNotSupported: .httpVersionNotSupported
        case .headerTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
        case .bodyTooLarge: .contentTooLarge
        case .expectationFailed: .expectationFailed
        case .contentCodingNotSupported: .unsupportedMediaType
        case .headerTimeout, .bodyTimeout: .requestTimeout
        case .handlerTimeout, .tooManyConnections, .tooManyConnectionsOfAddress, .memoryExhausted: .serviceUnavailable
        default: .badRequest
        }
    }

    /// The case's name, for metrics.
    public var name: String { rawValue }

    var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The problem and what to send instead; contains nothing of the request.
    public var detail: StaticString {
        switch self {
        case .requestLineMalformed: "The request line is not \"method target version\" with single spaces."
        case .methodNotAllowed: "TRACE is not served here."
        case .methodNotImplemented: "The method is not implemented by this server."
        case .targetInvalid: "The request target holds a byte or a form that is not allowed; percent-encode it."
        case .targetTooLong: "The request line is longer than this server reads."
        case .versionInvalid: "The version is not written HTTP/digit.digit."
        case .versionNotSupported: "Only HTTP/1.1 and HTTP/1.0 are served here."
        case .lineEndInvalid: "Lines end in CR LF; a bare CR or LF was sent."
        case .fieldNameInvalid:
            "A header field name is empty, holds a byte that is not allowed, or is not followed by a colon."
        case .fieldValueInvalid: "A header field value holds a control character."
        case .fieldFolded: "A header field is continued on a second line; send it on one."
        case .headerTooLarge: "The header fields are larger than this server reads."
        case .tooManyFields: "There are more header fields than this server reads."
        case .hostMissing: "HTTP/1.1 needs exactly one Host field."
        case .hostInvalid: "The Host field is repeated, or is not a host and an optional port."
        case .contentLengthInvalid: "Content-Length is not one plain decimal number."
        case .transferEncodingInvalid: "Transfer-Encoding is not exactly one \"chunked\", or was sent in HTTP/1.0."
        case .transferCodingNotImplemented: "The only transfer coding served here is chunked."
        case .framingAmbiguous: "Content-Length and Transfer-Encoding were both sent."
        case .chunkInvalid: "The chunked body is malformed."
        case .trailerInvalid: "A trailer field is malformed or may not be sent as a trailer."
        case .bodyTooLarge: "The body is larger than this server reads."
        case .expectationFailed: "The only expectation served here is 100-continue."
        case .contentCodingNotSupported: "Bodies are taken without a content coding; send no Content-Encoding."
        case .headerTimeout: "The request head did not arrive in time."
        case .bodyTimeout: "The request body did not arrive in time or came too slowly."
        case .handlerTimeout: "The answer took too long to make; try again later."
        case .tooManyConnections: "The server has as many connections as it takes; try again shortly."
        case .tooManyConnectionsOfAddress: "Your address has as many connections as one may have; close some."
        case .memoryExhausted: "The server has no room for this request now; try again shortly."
        }
    }
}

extension RequestRejection: CustomStringConvertible {
    /// The detail sentence.
    public var description: String { "\(detail)" }
}
