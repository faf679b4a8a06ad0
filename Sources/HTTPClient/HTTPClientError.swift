// Why a request got no response, as a closed set of facts. No error carries a URL's path or query, a header, or a body: a host
// name is the most it says, so that an error may be logged as it is.

/// Why a request failed, against which host, and whether the server may have acted on it all the same.
public struct HTTPClientError: Error, Equatable, Sendable {
    /// What happened.
    public let kind: Kind
    /// The host of the request's URL, where there is a valid one.
    public let host: String?
    /// Whether any byte of the request may have reached the server.
    ///
    /// False is a promise: nothing was sent, and the request may be repeated without a thought. True leaves the outcome unknown
    /// unless the request changes nothing.
    public let mayHaveBeenSent: Bool

    /// The kind of the failure, without the details of the request.
    public enum Kind: Equatable, Sendable {
        /// The request cannot be sent as it is.
        case invalidRequest(InvalidRequest)
        /// The address policy forbids the address that the host name stands for.
        case addressRefused
        /// The host name could not be resolved.
        case resolution
        /// No connection could be opened.
        case connect
        /// TLS failed; nothing was sent.
        case tls(TLSFault)
        /// A time limit was reached.
        case timeout(Phase)
        /// The response is larger than allowed.
        case responseTooLarge(ResponsePart, bytesMax: Int)
        /// The connection was lost before the response was complete.
        case connectionLost
        /// The server's answer is not HTTP as it should be.
        case protocolError
        /// The task that waited for the response was cancelled.
        case cancelled
        /// Too many requests wait already.
        case queueFull
        /// The client was shut down.
        case shutdown
        /// libcurl failed for a reason that depends on neither request nor server; the number is its code.
        case library(code: Int)
    }

    /// The phases that have their own time limit.
    public enum Phase: String, Sendable {
        /// Waiting for a place among the concurrent requests.
        case queue
        /// Resolving the name, connecting, TLS.
        case connect
        /// From the connection to the first byte of the response.
        case firstByte
        /// The request as a whole.
        case total
    }

    /// A part of a response.
    public enum ResponsePart: String, Sendable {
        case header, body
    }

    /// A failure of TLS.
    public enum TLSFault: String, Sendable {
        /// The certificate is not trusted, has expired, or is for another name.
        case certificate
        /// The two sides could not agree.
        case handshake
        /// The configured file of certificate authorities cannot be used.
        case authoritiesFile
    }

    /// Why a request was refused before anything was done.
    public enum InvalidRequest: Equatable, Sendable {
        /// The URL is not `http` or `https`, or not well formed.
        case url
        /// The URL carries a user name or password.
        case userInfo
        /// The URL is not `https` though the request demands it.
        case notHTTPS
        /// The URL's port is not among those that the request allows.
        case port(Int)
        /// A header field's name is not a token.
        case headerName
        /// A header field's value has a control character.
        case headerValue(name: String)
        /// A header field that the client itself decides, such as `Content-Length`.
        case headerReserved(name: String)
        /// There are too many or too long header fields.
        case headersTooLarge
        /// The body is too large, or the method does not take one.
        case body
        /// A time limit is zero, negative or too long, or a size limit is negative.
        case limit
    }

    init(_ kind: Kind, host: String?, mayHaveBeenSent: Bool = false) {
        self.kind = kind
        self.host = host
        self.mayHaveBeenSent = mayHaveBeenSent
    }
}

extension HTTPClientError: CustomStringConvertible {
    /// The problem, its cause, and what to do, in one or two sentences.
    public var description: String {
        let target = host ?? "the host"
        let outcome = mayHaveBeenSent ? " The request may have been received." : ""
        return sentence(target) + outcome
    }

    private func sentence(_ target: String) -> String {
        switch kind {
        case .invalidRequest(let fault): "The request cannot be sent: \(fault.description)"
        case .addressRefused:
            "\(target) stands for an address that is not public; set allowPrivateAddresses if it is meant to be reached."
        case .resolution: "The name \(target) could not be resolved; check the name and the resolver."
        case .connect: "No connection to \(target) could be opened; it refuses or cannot be reached."
        case .tls(.certificate):
            "The certificate of \(target) is not trusted, has expired, or is for another name."
        case .tls(.handshake): "TLS with \(target) failed; TLS 1.2 or later is needed."
        case .tls(.authoritiesFile): "The file of certificate authorities cannot be read; check its path and format."
        case .timeout(.queue): "The request to \(target) found no place among the concurrent ones in time."
        case .timeout(.connect): "The connection to \(target) was not ready in time."
        case .timeout(.firstByte): "\(target) took the request and did not begin to answer in time."
        case .timeout(.total): "\(target) did not complete its answer in time."
        case .responseTooLarge(let part, let bytesMax):
            "The \(part.rawValue) of the response of \(target) is larger than the \(bytesMax) bytes allowed."
        case .connectionLost: "The connection to \(target) ended before the response was complete."
        case .protocolError: "The answer of \(target) is not valid HTTP."
        case .cancelled: "The request to \(target) was cancelled by its task."
        case .queueFull: "Too many requests wait already; try again later."
        case .shutdown: "The HTTP client was shut down."
        case .library(let code): "libcurl failed with code \(code) on the request to \(target)."
        }
    }
}

extension HTTPClientError.InvalidRequest: CustomStringConvertible {
    /// The reason why a request is not allowed.
    public var description: String {
        switch self {
        case .url: "its URL is not a well-formed http or https URL."
        case .userInfo: "its URL contains a user name or password."
        case .notHTTPS: "its URL is not https."
        case .port(let port): "port \(port) is not allowed."
        case .headerName: "a header field has an invalid name."
        case .headerValue(let name): "the header field \(name) has a control character in its value."
        case .headerReserved(let name): "the header field \(name) is set by the client itself."
        case .headersTooLarge: "its header fields are too many or too long."
        case .body: "its body is too large, or its method takes none."
        case .limit: "one of its time or size limits is out of range."
        }
    }
}
