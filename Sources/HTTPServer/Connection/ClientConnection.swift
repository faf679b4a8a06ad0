// One accepted socket: its protocol state, and the bytes that wait on either side. It performs nothing; the worker does.

/// Output the peer has not taken yet.
struct UnsentOutput: ~Copyable {
    var bytes: ByteBuffer
    var offset = 0
    /// Bytes sent since output began to wait.
    var sentCount = 0
    var count: Int { bytes.count - offset }
}

final class ClientConnection {
    let token: ConnectionToken
    let remoteAddress: SocketAddress
    var state: ConnectionState
    /// Bytes of requests that are not complete or have to wait; nil while there are none.
    var input: InputBuffer?
    /// nil while everything was sent: an idle connection holds no buffer.
    var unsent: UnsentOutput?
    /// The events that epoll watches for.
    var interest: UInt32
    /// The deferred response that is being made.
    var task: Task<Void, Never>?
    /// A handler makes the response: something of the four values below may be set.
    var hasHandler = false
    /// The head of the request whose response is being made.
    var deferredHead: [UInt8] = []
    /// The body of the request that is being answered, while its handler reads it in pieces.
    var reader: BodyReader?
    /// The answer that is being made, while its handler writes it in pieces.
    var writer: BodyWriter?
    /// How the response that is being made will be framed.
    var framing = ResponseFraming()
    /// Bytes that the handler of the present request holds of it.
    var heldCount = 0
    /// Bytes taken from the server's `MemoryBudget`.
    var chargedCount = 0
    /// The part of ``chargedCount`` for ``heldCount``.
    var chargedHeldCount = 0
    /// Counts among the connections of its address.
    var isCounted = false
    /// The earliest entry of this connection in the loop's timers.
    var armedAt: Nanoseconds = .max
    /// The peer has ended its side.
    var peerEnded = false
    /// It has complete requests but has had its share of this turn.
    var waitsForTurn = false

    init(token: ConnectionToken, remoteAddress: SocketAddress, state: ConnectionState, interest: UInt32) {
        self.token = token
        self.remoteAddress = remoteAddress
        self.state = state
        self.interest = interest
    }

    var descriptor: Int32 { token.descriptor }

    /// Whether more should be read now, where no output waits.
    func wantsInput(waitingBytesMax: Int) -> Bool {
        if peerEnded || waitsForTurn { return false }
        switch state.phase {
        case .closing: return false
        case .responding:
            if state.incoming != nil { return state.streaming.wantsBody }
            return inputCount < waitingBytesMax
        case .idle, .head, .deciding, .body, .chunkedBody, .discarding, .draining: return true
        }
    }

    /// The memory it has now, without that of bodies and answers in pieces.
    var memoryCount: Int {
        var count = heldCount
        if input != nil { count += input?.capacity ?? 0 }
        if unsent != nil { count += unsent?.bytes.capacity ?? 0 }
        return count
    }

    /// Whether nothing happens on it.
    var isIdle: Bool { state.phase == .idle && input == nil && unsent == nil && !waitsForTurn }

    var inputCount: Int {
        guard input != nil else { return 0 }
        return input?.count ?? 0
    }
}
