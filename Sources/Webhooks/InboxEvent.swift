// An event in the inbox: what it says about an account, and the digest that its repeats share. Does not keep the body
// of the delivery. Pure.

import ConnectionModel
import Cryptography
import Primitives
package import ProviderSDK

/// A provider's event that is not processed yet.
package struct InboxEvent: Sendable, Equatable {
    /// The effect of the event.
    package enum Effect: Sendable, Equatable {
        case changed(dataTypes: [String])
        case revoked
        case deleted(dataType: String, sourceIDs: [String])
    }

    package let digest: EventDigest
    package let provider: String
    package let variant: String?
    package let accountID: String
    /// The provider's mode that the event is about, such as test or live; nil when the provider does not say.
    var mode: String?
    package let effect: Effect
    /// When it happened, by the host's clock where that can be determined; nil when the provider does not say.
    let occurredAt: Timestamp?
    let receivedAt: Timestamp

    /// Returns whether the event is about `connection`.
    ///
    /// A connection from before modes were stored has no mode; events of every mode are about it.
    func isAbout(_ connection: Connection) -> Bool {
        guard connection.isOf(provider, variant, accountID: accountID) else { return false }
        guard let mode, let own = connection.mode else { return true }
        return mode.utf8.elementsEqual(own.utf8)
    }

    /// The approximate bytes that the event takes in memory and on disk.
    var byteCount: Int {
        var count = 200 + provider.utf8.count + accountID.utf8.count
        switch effect {
        case .changed(let dataTypes): for name in dataTypes { count += name.utf8.count + 4 }
        case .revoked: break
        case .deleted(let dataType, let sourceIDs):
            count += dataType.utf8.count
            for id in sourceIDs { count += id.utf8.count + 4 }
        }
        return count
    }
}

extension InboxEvent.Effect {
    /// Creates the effect that a plugin named; nil when this version does not know it.
    package init?(_ effect: WebhookOutcome.Event.Effect) {
        switch effect {
        case .changed(let dataTypes): self = .changed(dataTypes: dataTypes)
        case .revoked: self = .revoked
        case .deleted(let dataType, let sourceIDs): self = .deleted(dataType: dataType, sourceIDs: sourceIDs)
        @unknown default: return nil
        }
    }
}

/// 128 bits of a SHA-256 over what an event and its repeats have in common.
package struct EventDigest: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    private init(_ digest: SHA256Digest) {
        let bytes = digest.inlineBytes
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(bytes[index])
            low = low << 8 | UInt64(bytes[index + 8])
        }
        self.high = high
        self.low = low
    }

    /// Creates the digest of an event that has an id from its provider.
    package init(provider: String, eventID: String) {
        self.init(SHA256.digest("id \(provider.utf8.count):\(provider) \(eventID)"))
    }

    /// Creates the digest of the event at `index` of a delivery whose events have no ids: repeats have the same
    /// bytes.
    package init(provider: String, body: [UInt8], index: Int) {
        var hash = SHA256()
        hash.update("body \(provider.utf8.count):\(provider) \(index) ")
        hash.update(body)
        self.init(hash.digest())
    }

    /// Creates a digest from 32 hex digits; nil when `text` is anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, let high = Hex.number(lowercase: text.utf8.prefix(16)),
            let low = Hex.number(lowercase: text.utf8.dropFirst(16))
        else { return nil }
        self.high = high
        self.low = low
    }

    /// The digest as 32 hex digits.
    package var text: String { Hex.encode(high) + Hex.encode(low) }
}
