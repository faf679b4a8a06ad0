// What clients wrote to a stand-in: the objects, how often each action was carried out, and the keys by which a request is known again. It
// knows no provider.

import ProviderSDK
import Synchronization

/// The objects that clients wrote, by kind and id.
final class WrittenObjects: Sendable {
    /// What one request can look at and change.
    struct Contents: Sendable {
        fileprivate(set) var executions: [String: Int] = [:]
        fileprivate var objects: [String: [(id: String, value: JSONValue)]] = [:]
        fileprivate var known: [String: Known] = [:]
        /// The number of the next object.
        private(set) var next = 1

        /// Counts that an action was carried out.
        mutating func count(_ action: String) { executions[action, default: 0] += 1 }

        /// A number that no other object has.
        mutating func number() -> Int {
            defer { next += 1 }
            return next
        }

        /// The objects of a kind, the oldest first.
        func all(_ kind: String) -> [JSONValue] { (objects[kind] ?? []).map(\.value) }

        subscript(kind: String, id: String) -> JSONValue? {
            get { objects[kind]?.last { $0.id == id }?.value }
            set {
                var row = objects[kind] ?? []
                if let newValue {
                    if let index = row.firstIndex(where: { $0.id == id }) {
                        row[index].value = newValue
                    } else {
                        row.append((id, newValue))
                    }
                } else {
                    row.removeAll { $0.id == id }
                }
                objects[kind] = row
            }
        }
    }

    fileprivate struct Known: Sendable {
        let fingerprint: [UInt8]
        let answer: Answer
        let atSeconds: Int64
    }

    private let contents = Mutex(Contents())

    /// How often each action was carried out.
    var executions: [String: Int] { contents.withLock(\.executions) }

    func with<Result: Sendable>(_ body: (inout sending Contents) -> sending Result) -> Result {
        contents.withLock(body)
    }

    /// Carries a request out unless its key is known; then the answer is the same as before.
    ///
    /// - Parameters:
    ///   - key: the key with whose it is; nil for a request without one.
    ///   - fingerprint: what must be the same with the same key.
    ///   - windowSeconds: how long a key is known.
    ///   - mismatch: the answer to a known key with another fingerprint; nil for the first answer all the same.
    func once(
        _ key: String?, fingerprint: [UInt8], windowSeconds: Int64, at nowSeconds: Int64, mismatch: Answer? = nil,
        _ carryOut: (inout Contents) -> Answer
    ) -> Answer {
        contents.withLock { contents in
            if let key, let known = contents.known[key], nowSeconds - known.atSeconds < windowSeconds {
                if let mismatch, known.fingerprint != fingerprint { return mismatch }
                return known.answer
            }
            let answer = carryOut(&contents)
            if let key {
                contents.known[key] = Known(fingerprint: fingerprint, answer: answer, atSeconds: nowSeconds)
            }
            return answer
        }
    }
}
