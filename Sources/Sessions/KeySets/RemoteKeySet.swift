// A key set at a pinned URL. One task fetches it for all callers who wait. KeySetDocument reads it; KeySetState decides
// when it is fetched.

import Cryptography
package import HTTPClient
package import Observability
package import Primitives
import Synchronization

/// Why a key set was not fetched.
package enum KeySetError: Error, CustomStringConvertible {
    case request(HTTPClientError)
    case status(Int)

    package var description: String {
        switch self {
        case .request(let error): error.description
        case .status(let status): "The server of the key set answered with status \(status); check its URL."
        }
    }
}

/// The keys of one issuer, kept up to date.
package final class RemoteKeySet: Sendable {
    /// Fetches the text of the key set.
    package typealias Fetcher = @Sendable () async throws(KeySetError) -> [UInt8]

    private struct Work {
        var state = KeySetState()
        var fetch: Task<Void, Never>?
    }

    private let work = Mutex(Work())
    private let fetcher: Fetcher
    private let time: TimeSource
    private let log: Log

    /// - Parameter log: where failures of fetches are logged.
    package init(time: TimeSource, log: Log, fetcher: @escaping Fetcher) {
        self.fetcher = fetcher
        self.time = time
        self.log = log
    }

    /// The key set at `url`, fetched with `client`.
    ///
    /// - Parameter requiresHTTPS: whether any other URL is refused.
    package convenience init(url: String, client: HTTPClient, requiresHTTPS: Bool, time: TimeSource, log: Log) {
        self.init(
            url: url, client: client, requiresHTTPS: requiresHTTPS, timeout: SessionLimits.keySetFetchTimeout,
            time: time, log: log)
    }

    convenience init(
        url: String, client: HTTPClient, requiresHTTPS: Bool, timeout: Duration, time: TimeSource, log: Log
    ) {
        self.init(time: time, log: log) { () async throws(KeySetError) in
            let response: HTTPClient.Response
            do throws(HTTPClientError) {
                response = try await client.send(
                    HTTPClient.Request(
                        url: url, headers: [("Accept", "application/json")],
                        timeouts: HTTPClient.Timeouts(connect: timeout, firstByte: timeout, total: timeout),
                        responseBodyBytesMax: SessionLimits.keySetBytesMax, requiresHTTPS: requiresHTTPS))
            } catch { throw .request(error) }
            guard response.status == 200 else { throw .status(response.status) }
            return response.body
        }
    }

    /// The verifier with the key `keyID`; nil when there is none.
    ///
    /// Waits for a fetch where one is due.
    func verifier(keyID: [UInt8]) async -> JWSVerifier? {
        // After one fetch the rules allow no other, so the second look decides.
        for _ in 0..<2 {
            let (decision, fetch) = work.withLock { work in
                let decision = work.state.decide(keyID, now: time.instant.nanoseconds)
                if case .fetch = decision { work.fetch = Task { await self.fetch() } }
                return (decision, work.fetch)
            }
            switch decision {
            case .use(let verifier): return verifier
            case .refuse: return nil
            case .fetch, .wait: await fetch?.value
            }
        }
        return nil
    }

    private func fetch() async {
        var document: KeySetDocument?
        do throws(KeySetError) {
            document = KeySetDocument(try await fetcher())
            if document == nil { log.warning("A key set has no key for RS256; the last good one stays in use.") }
        } catch {
            log.warning(
                "A key set could not be fetched; the last good one stays in use.", ["reason": .text("\(error)")])
        }
        work.withLock { work in
            work.state.finished(document, now: time.instant.nanoseconds)
            work.fetch = nil
        }
    }
}
