// Secrets at rest: `v1:<key id>:<iv>:<ciphertext>:<tag>`, each part base64url. The purpose of a sealed text is authenticated
// with it: moved to another user, connection or field, it does not open. Knows no document.

/// The place that a sealed text belongs to.
///
/// It opens under exactly the same parts in the same order.
public struct SealingContext: Sendable, Equatable {
    let parts: [String]

    /// A context of the caller's own parts.
    ///
    /// Lengths are part of it, so `["a", "bc"]` differs from `["ab", "c"]`.
    public init(parts: [String]) {
        self.parts = parts
    }

    /// The context of one field of one user's connection.
    public init(userID: String, connectionID: String, field: String) {
        parts = [userID, connectionID, field]
    }

    /// `v1|<key id>|<length>:<part>|…`: unambiguous for any content of the parts.
    func associatedData(keyID: String) -> [UInt8] {
        var data = Array("v1|\(keyID)".utf8)
        for part in parts {
            data += Array("|\(part.utf8.count):".utf8)
            data += Array(part.utf8)
        }
        return data
    }
}

/// Seals with the primary key of a ring and opens with any of its keys.
///
/// Immutable; shared by all threads.
public struct Sealer: Sendable {
    private let ciphers: [(id: String, cipher: AES256GCM)]

    /// The id of the key that seals.
    public var primaryID: String { ciphers[0].id }

    /// Derives the sealing keys of `ring`.
    ///
    /// - Throws: `.libraryFailure`.
    public init(_ ring: KeyRing, purpose: KeyPurpose = .credentialSealing) throws(CryptographyError) {
        var ciphers: [(id: String, cipher: AES256GCM)] = []
        for id in ring.ids {
            ciphers.append((id: id, cipher: try AES256GCM(key: ring.key(for: purpose, id: id))))
        }
        self.ciphers = ciphers
    }

    /// Seals `plaintext` for `context`.
    ///
    /// Each call gives another text.
    ///
    /// - Throws: `.sizeOutOfRange` beyond `sealedPlaintextBytesMax`; `.randomUnavailable`; `.libraryFailure`.
    public func seal(_ plaintext: Span<UInt8>, for context: SealingContext) throws(CryptographyError) -> String {
        guard plaintext.count <= CryptographyLimits.sealedPlaintextBytesMax else {
            throw .sizeOutOfRange(maxBytes: CryptographyLimits.sealedPlaintextBytesMax)
        }
        let associatedData = context.associatedData(keyID: primaryID)
        let box = try ciphers[0].cipher.seal(plaintext, authenticating: associatedData.span)
        var text: [UInt8] = []
        text.reserveCapacity(64 + box.ciphertext.count * 4 / 3)
        text += Array("v1:\(primaryID):".utf8)
        Base64Coder.appendURL(box.nonce.span, to: &text)
        text.append(UInt8(ascii: ":"))
        Base64Coder.appendURL(box.ciphertext.span, to: &text)
        text.append(UInt8(ascii: ":"))
        Base64Coder.appendURL(box.tag.span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Seals `plaintext` for `context`.
    public func seal(_ plaintext: [UInt8], for context: SealingContext) throws(CryptographyError) -> String {
        try seal(plaintext.span, for: context)
    }

    /// Seals the UTF-8 bytes of `plaintext` for `context`.
    public func seal(_ plaintext: String, for context: SealingContext) throws(CryptographyError) -> String {
        try seal(plaintext.utf8Span.span, for: context)
    }

    /// The plaintext of a sealed text, if it was sealed for `context` and not altered.
    ///
    /// - Throws: `.sealedTextMalformed`; `.keyUnknown` naming the key id; `.authenticationFailed`.
    public func open(_ text: String, for context: SealingContext) throws(CryptographyError) -> [UInt8] {
        try open(text.utf8Span.span, for: context)
    }

    /// The plaintext of a sealed text given as ASCII.
    public func open(_ text: Span<UInt8>, for context: SealingContext) throws(CryptographyError) -> [UInt8] {
        let parts = try Self.split(text)
        let id = text.extracting(parts.keyID)
        guard let (keyID, cipher) = ciphers.first(where: { equals(id, $0.id) }) else {
            throw .keyUnknown(id: unsafe id.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
        }
        let box: AES256GCM.Box
        do {
            box = AES256GCM.Box(
                nonce: try Base64URL.decode(text.extracting(parts.nonce)),
                ciphertext: try Base64URL.decode(text.extracting(parts.ciphertext)),
                tag: try Base64URL.decode(text.extracting(parts.tag)))
        } catch {
            throw .sealedTextMalformed
        }
        guard box.nonce.count == AES256GCM.nonceByteCount, box.tag.count == AES256GCM.tagByteCount else {
            throw .sealedTextMalformed
        }
        return try cipher.open(box, authenticating: context.associatedData(keyID: keyID).span)
    }

    /// Whether a sealed text was made with a retired key and should be sealed again.
    ///
    /// - Throws: `.sealedTextMalformed`.
    public func needsResealing(_ text: String) throws(CryptographyError) -> Bool {
        let bytes = text.utf8Span.span
        let parts = try Self.split(bytes)
        return !equals(bytes.extracting(parts.keyID), primaryID)
    }

    /// The id of the key that a sealed text was made with.
    ///
    /// - Throws: `.sealedTextMalformed`.
    public static func keyID(of text: String) throws(CryptographyError) -> String {
        let bytes = text.utf8Span.span
        let id = bytes.extracting(try split(bytes).keyID)
        return unsafe id.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    private func equals(_ bytes: Span<UInt8>, _ id: String) -> Bool {
        constantTimeEquals(bytes, id.utf8Span.span)
    }

    private struct Parts {
        var keyID: Range<Int>
        var nonce: Range<Int>
        var ciphertext: Range<Int>
        var tag: Range<Int>
    }

    private static func split(_ text: Span<UInt8>) throws(CryptographyError) -> Parts {
        let bytesMax = CryptographyLimits.sealedPlaintextBytesMax / 3 * 4 + 128
        guard text.count <= bytesMax else { throw .sealedTextMalformed }
        var colons: [Int] = []
        for index in text.indices where text[index] == UInt8(ascii: ":") {
            guard colons.count < 4 else { throw .sealedTextMalformed }
            colons.append(index)
        }
        guard colons.count == 4, colons[0] == 2, text[0] == UInt8(ascii: "v"), text[1] == UInt8(ascii: "1") else {
            throw .sealedTextMalformed
        }
        let keyID = colons[0] + 1..<colons[1]
        guard KeyRing.isKeyID(text.extracting(keyID)) else { throw .sealedTextMalformed }
        return Parts(
            keyID: keyID, nonce: colons[1] + 1..<colons[2], ciphertext: colons[2] + 1..<colons[3],
            tag: colons[3] + 1..<text.count)
    }
}
