// The counters of the client, which only grow, and its current activity, for metrics.

extension HTTPClient {
    /// Counts since the client was made.
    public struct Counters: Sendable, Equatable {
        /// Requests that got a complete response, with any status.
        public var succeeded = 0
        /// Requests that got none.
        public var failed = 0
        /// Of those, the ones that ran out of time.
        public var timedOut = 0
        /// Of those, the ones whose task was cancelled.
        public var cancelled = 0
        /// Of those, the ones whose address was refused.
        public var addressesRefused = 0
        /// Connections that were opened, or tried to be.
        public var connectionsOpened = 0
        /// Bytes of response bodies.
        public var bodyBytesReceived = 0
        /// Bytes of request bodies of requests that were completed.
        public var bodyBytesSent = 0
        /// Requests under way.
        public var active = 0
        /// Requests that wait for a place.
        public var waiting = 0
        /// libcurl handles that are kept for later requests.
        var idleHandles = 0

        mutating func finished(_ transfer: Transfer, failure: HTTPClientError.Kind?) {
            connectionsOpened += transfer.connectionsOpened
            bodyBytesReceived += transfer.bodyByteCount
            guard let failure else {
                succeeded += 1
                bodyBytesSent += transfer.request.body?.count ?? 0
                return
            }
            failed += 1
            switch failure {
            case .timeout: timedOut += 1
            case .cancelled: cancelled += 1
            case .addressRefused: addressesRefused += 1
            default: break
            }
        }
    }
}
