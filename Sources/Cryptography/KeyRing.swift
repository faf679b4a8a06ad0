// The host's master keys: one primary, which makes everything new, and retired ones, which only open and verify what they
// made. A master key is never used itself: a key for each purpose is derived from it. Knows no file (KeyRingFile.swift).

import Primitives

/// The purpose of a derived key.
///
/// Keys of two purposes are unrelated, though they come from one master key.
public struct KeyPurpose: Sendable, Hashable {
    /// The name that goes into the derivation; changing one makes everything made under it unreadable.
    public let name: String

    /// A purpose that the caller defines.
    ///
    /// The name is part of the stored data's format: choose it once.
    public init(_ name: StaticString) {
        self.name = name.description
    }

    /// The MAC of an OAuth `state`.
    public static let oauthState = KeyPurpose("oauth-state")
    /// The host's own session, bot and service tokens (HS256).
    public static let sessionToken = KeyPurpose("session-token")
    /// Sealing credentials at rest.
    public static let credentialSealing = KeyPurpose("credential-sealing")
    /// The MAC of a stored document.
    public static let documentMAC = KeyPurpose("document-mac")
    /// Signing the webhooks that the host sends.
    public static let webhookSigning = KeyPurpose("webhook-signing")
    /// The MAC of cursors handed to clients.
    public static let cursorMAC = KeyPurpose("cursor-mac")
}

/// A set of 32-byte master keys, each with a short id, of which exactly one is primary.
///
/// Immutable: rotation gives a new ring.
public struct KeyRing: Sendable {
    /// One master key.
    struct MasterKey: Sendable {
        let id: String
        /// The day it was made, `YYYY-MM-DD` in UTC.
        let created: String
        let key: SymmetricKey
    }

    /// The keys, the primary first.
    let keys: [MasterKey]

    /// The id of the key that seals and signs from now on.
    public var primaryID: String { keys[0].id }
    /// The ids of all keys, the primary first, then the newest retired one.
    public var ids: [String] { keys.map(\.id) }

    init(primary: MasterKey, retired: [MasterKey]) {
        keys = [primary] + retired
    }

    /// A new ring with one random key.
    ///
    /// - Throws: `.randomUnavailable`.
    public static func generate() throws(CryptographyError) -> KeyRing {
        KeyRing(primary: try makeKey(), retired: [])
    }

    /// This ring with a new random primary key; the one that was primary still opens and verifies.
    ///
    /// - Throws: `.randomUnavailable`; `.keyRing(path: "", .tooManyKeys)` when `keyRingKeysMax` is reached.
    public func rotated() throws(CryptographyError) -> KeyRing {
        guard keys.count < CryptographyLimits.keyRingKeysMax else { throw .keyRing(path: "", .tooManyKeys) }
        var new = try Self.makeKey()
        while keys.contains(where: { $0.id == new.id }) { new = try Self.makeKey() }
        return KeyRing(primary: new, retired: keys)
    }

    /// This ring without a retired key.
    ///
    /// What only that key opens is lost.
    ///
    /// - Throws: `.keyUnknown`; `.keyRing(path: "", .primaryNotRemovable)`.
    public func removing(_ id: String) throws(CryptographyError) -> KeyRing {
        guard id != primaryID else { throw .keyRing(path: "", .primaryNotRemovable) }
        guard keys.contains(where: { $0.id == id }) else { throw .keyUnknown(id: id) }
        return KeyRing(primary: keys[0], retired: keys.dropFirst().filter { $0.id != id })
    }

    /// The primary key's key for a purpose, 32 bytes.
    ///
    /// Derived on each call (about 2 µs): keep it.
    public func key(for purpose: KeyPurpose) throws(CryptographyError) -> SymmetricKey {
        try Self.derive(from: keys[0], purpose)
    }

    /// The key for a purpose that belongs to the master key `id`.
    ///
    /// - Throws: `.keyUnknown` naming the id, when the ring does not have it.
    public func key(for purpose: KeyPurpose, id: String) throws(CryptographyError) -> SymmetricKey {
        guard let master = keys.first(where: { $0.id == id }) else { throw .keyUnknown(id: Self.printable(id)) }
        return try Self.derive(from: master, purpose)
    }

    /// Whether `id` has the form of a key id: 1 to 16 of `a-z0-9`.
    static func isKeyID(_ id: Span<UInt8>) -> Bool {
        guard (1...CryptographyLimits.keyIDBytesMax).contains(id.count) else { return false }
        for index in id.indices {
            switch id[index] {
            case 0x30...0x39, 0x61...0x7A: continue
            default: return false
            }
        }
        return true
    }

    /// An id as it may appear in an error: one that is not of our making could be anything.
    private static func printable(_ id: String) -> String {
        isKeyID(id.utf8Span.span) ? id : "(not a key id)"
    }

    private static func derive(from master: MasterKey, _ purpose: KeyPurpose) throws(CryptographyError) -> SymmetricKey
    {
        let info = Array("integration-host/key-ring/1|\(master.id)|\(purpose.name)".utf8)
        return try HKDF.deriveSHA256(from: master.key, info: info, byteCount: 32)
    }

    private static func makeKey() throws(CryptographyError) -> MasterKey {
        let today = Int(SystemClock.millisecondsSince1970 / 86_400_000)
        return MasterKey(
            id: try SecureRandom.hex(byteCount: 4), created: CivilDate(daysSince1970: today).description,
            key: try .random(byteCount: 32))
    }
}

extension KeyRing: CustomStringConvertible, CustomReflectable {
    /// The ids of the keys, never a key.
    public var description: String { "key ring, primary \(primaryID), \(keys.count - 1) retired" }
    /// Without children: a dump shows no key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
