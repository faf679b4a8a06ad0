// One request on its way, from `send` to its response: what was asked, what has come so far, and which deadline is next. Everything
// in it but the constants is touched by the worker's thread alone, libcurl's callbacks included.

import CCurl
import Glibc
import Primitives

/// A request with its state.
///
/// Owned by the worker from `start` until it is resumed.
final class Transfer: @unchecked Sendable {
    typealias Outcome = Result<HTTPClient.Response, HTTPClientError>

    let request: HTTPClient.Request
    let target: RequestTarget
    let origin: String
    let policy: AddressPolicy
    /// The proxy that the request goes through; nil for none.
    let proxy: Proxy?
    let created = SystemClock.instant
    private let continuation: CheckedContinuation<Outcome, Never>
    private let memory: BodyMemory

    /// The phase of the transfer.
    ///
    /// It only ever goes down this list.
    enum Stage: Sendable {
        case waiting, connecting, sent, receiving, done
    }

    private(set) var stage = Stage.waiting
    private(set) var deadline: MonotonicInstant
    private var phase = HTTPClientError.Phase.queue
    private var headers = HTTPClient.HeaderFields()
    private var headerByteCount = 0
    private var isHeaderComplete = false
    private var status = 0
    private var declaredByteCount: Int?
    private var body: [UInt8] = []
    /// The memory of a body that is no longer small.
    private(set) var lease: BodyLease?
    /// The memory that the request says the body takes; counted once the body is no longer small.
    private var bodyMemoryBytes = 0
    /// Why a callback stopped the transfer; libcurl itself only knows that one did.
    private(set) var refusal: HTTPClientError.Kind?
    /// Connections that were opened for this transfer.
    private(set) var connectionsOpened = 0

    init(
        request: HTTPClient.Request, target: RequestTarget, policy: AddressPolicy, proxy: Proxy?, memory: BodyMemory,
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.memory = memory
        self.request = request
        self.target = target
        self.policy = policy
        self.proxy = proxy
        self.continuation = continuation
        origin = target.origin
        deadline = created + request.timeouts.total
    }

    var bodyByteCount: Int { body.count }
    /// The bytes of memory that the body has.
    var bodyCapacity: Int { body.capacity }
    /// What is missing when libcurl calls the response complete: it takes a connection that ends within the header section,
    /// and a switch to another protocol, for a response.
    var incompletion: HTTPClientError.Kind? {
        if isHeaderComplete { return nil }
        return status == 101 ? .protocolError : .connectionLost
    }
    /// Whether the request went out and the header section of the response is yet to come or to end.
    var isAwaitingHeader: Bool { (stage == .sent || stage == .receiving) && !isHeaderComplete }

    /// Whether the policy allows what the URL says.
    ///
    /// An address is checked again when a connection to it is opened. A proxy opens its connections itself, so an address in the URL
    /// is checked here.
    var mayConnect: Bool {
        guard policy.allows(host: target.host) else { return false }
        return proxy == nil || IPAddress(target.host).map(policy.allows) ?? true
    }

    /// Whether nothing but a request for a tunnel can have gone out.
    var isReachingProxy: Bool { proxy != nil && stage == .connecting }

    /// The transfer got its place: the time for connecting runs.
    func begin(now: MonotonicInstant) {
        stage = .connecting
        limit(.connect, to: now + request.timeouts.connect)
    }

    /// The next deadline and what it is called; the total one holds throughout.
    private func limit(_ phase: HTTPClientError.Phase, to end: MonotonicInstant) {
        let total = created + request.timeouts.total
        self.phase = end < total ? phase : .total
        deadline = min(end, total)
    }

    /// The error of a deadline that has passed.
    func timeoutKind() -> HTTPClientError.Kind {
        .timeout(stage == .waiting ? .queue : phase)
    }

    /// Ends the transfer.
    ///
    /// Later calls do nothing.
    func finish(_ outcome: Outcome) {
        guard stage != .done else { return }
        stage = .done
        body = []
        lease = nil
        continuation.resume(returning: outcome)
    }

    func fail(_ kind: HTTPClientError.Kind, mayHaveBeenSent: Bool) {
        finish(.failure(HTTPClientError(kind, host: target.host, mayHaveBeenSent: mayHaveBeenSent)))
    }

    func succeed(now: MonotonicInstant) {
        let response = HTTPClient.Response(
            status: status, headers: headers, body: body, lease: lease,
            duration: now - created, reusedConnection: connectionsOpened == 0)
        body = []
        lease = nil
        finish(.success(response))
    }
}

/// The reports of libcurl's callbacks.
extension Transfer {
    /// A connection is about to be opened to an address: the socket, or `CC_SOCKET_BAD` where the policy refuses it.
    func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let family = unsafe address.pointee.family
        let byteCount = unsafe Int(address.pointee.addrlen)
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0
        let socketAddress = unsafe UnsafeRawPointer(address).advanced(by: offset)
        guard mayOpen(unsafe IPAddress(family: family, socketAddress: socketAddress, byteCount: byteCount)) else {
            return CC_SOCKET_BAD
        }
        connectionsOpened += 1
        let type = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return unsafe socket(family, type, address.pointee.protocol)
    }

    /// Whether a connection to `address` may be opened; nil is one of an unknown kind.
    ///
    /// One refused address refuses the name: a name with public and private addresses is not trustworthy.
    func mayOpen(_ address: IPAddress?) -> Bool {
        if let address, proxy != nil || policy.allows(address), refusal == nil { return true }
        refusal = refusal ?? .addressRefused
        return false
    }

    /// A connection, new or kept, is ready and the request is about to be sent.
    ///
    /// False stops it.
    func willSend(peer: UnsafePointer<CChar>?) -> Bool {
        if policy == .publicOnly, proxy == nil {
            guard let peer = unsafe peer, let address = unsafe IPAddress(String(cString: peer)), policy.allows(address)
            else {
                refusal = .addressRefused
                return false
            }
        }
        guard refusal == nil else { return false }
        stage = .sent
        limit(.firstByte, to: SystemClock.instant + request.timeouts.firstByte)
        return true
    }

    /// A line of the header section, of an informational response, or of the trailers.
    ///
    /// False stops the transfer.
    func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        if stage == .sent {
            stage = .receiving
            deadline = created + request.timeouts.total
            phase = .total
        }
        headerByteCount += line.count
        guard headerByteCount <= HTTPClientLimits.responseHeaderBytesMax else {
            return stop(.responseTooLarge(.header, bytesMax: HTTPClientLimits.responseHeaderBytesMax))
        }
        // What follows the header section of the final response are trailers: counted, and not merged.
        if isHeaderComplete { return true }
        if unsafe line.starts(with: "HTTP/".utf8) {
            headers.removeAll()
            status = unsafe Self.statusCode(line)
            return status >= 100 ? true : stop(.protocolError)
        }
        if unsafe line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) {
            isHeaderComplete = status >= 200
            return checkDeclaredByteCount()
        }
        guard unsafe headers.append(line: line) else { return stop(.protocolError) }
        guard headers.count <= HTTPClientLimits.responseHeaderFieldsMax else {
            return stop(.responseTooLarge(.header, bytesMax: HTTPClientLimits.responseHeaderBytesMax))
        }
        return true
    }

    /// Reads the `Content-Length` of a final response.
    ///
    /// One that is no number, or two that differ, are not guessed about.
    private func checkDeclaredByteCount() -> Bool {
        guard isHeaderComplete else { return true }
        for value in headers.all("Content-Length") {
            guard let count = Self.decimal(value), declaredByteCount ?? count == count else {
                return stop(.protocolError)
            }
            declaredByteCount = count
        }
        let hasBody = request.method != .head && status != 204 && status != 304
        guard hasBody, let declaredByteCount, declaredByteCount > request.responseBodyBytesMax else { return true }
        return stop(.responseTooLarge(.body, bytesMax: request.responseBodyBytesMax))
    }

    /// The number of 1 to 18 decimal digits; nil for anything else.
    private static func decimal(_ text: String) -> Int? {
        guard (1...18).contains(text.utf8.count) else { return nil }
        var number = 0
        for byte in text.utf8 {
            guard 0x30...0x39 ~= byte else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    /// What happens to a piece of the body.
    enum BodyPiece {
        case kept
        /// There is no memory for it now: it comes again later.
        case later
        /// The transfer stops.
        case refused
    }

    /// A piece of the body.
    func receive(body piece: UnsafeRawBufferPointer) -> BodyPiece {
        let bytesMax = request.responseBodyBytesMax
        guard piece.count <= bytesMax - body.count else {
            _ = stop(.responseTooLarge(.body, bytesMax: bytesMax))
            return .refused
        }
        guard unsafe takeRoom(for: piece) else { return .later }
        if body.isEmpty {
            let expected = max(declaredByteCount ?? 0, piece.count)
            body.reserveCapacity(min(expected, HTTPClientLimits.bodyReservationBytesMax))
        }
        unsafe body.append(contentsOf: piece)
        return .kept
    }

    /// Takes the memory of a piece; false where the transfer has to wait for it.
    private func takeRoom(for piece: UnsafeRawBufferPointer) -> Bool {
        guard body.count + piece.count > HTTPClientLimits.smallBodyBytesMax else { return true }
        let lease = lease ?? BodyLease(in: memory)
        if self.lease == nil {
            self.lease = lease
            bodyMemoryBytes = request.memoryOfBody(body.span)
        }
        let pieceBytes = unsafe request.memoryOfBody(Span(_unsafeBytes: piece))
        // The same piece comes again when there is room.
        guard lease.grow(to: bodyMemoryBytes + pieceBytes, orWaitAs: self) else { return false }
        bodyMemoryBytes += pieceBytes
        return true
    }

    private func stop(_ kind: HTTPClientError.Kind) -> Bool {
        refusal = kind
        return false
    }

    /// The code of a status line `HTTP/1.1 200 OK` or `HTTP/2 200`; 0 when there is none.
    private static func statusCode(_ line: UnsafeRawBufferPointer) -> Int {
        guard let space = unsafe line.firstIndex(of: 0x20), space + 3 < line.count else { return 0 }
        var code = 0
        for index in space + 1...space + 3 {
            let byte = unsafe line[index]
            guard 0x30...0x39 ~= byte else { return 0 }
            code = code * 10 + Int(byte - 0x30)
        }
        return code
    }
}
