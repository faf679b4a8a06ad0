// Link tokens: what the operator's bot says about an account, until a user brings the token and takes the account. A token is kept
// under its hash, so that nobody who reads the files can use one.

import Cryptography
import DocumentStore
import ProviderSDK

/// What a link token stands for.
struct LinkToken: Sendable {
    /// The attributes as they were given.
    let attributes: JSONValue
    /// When it stops being good; nil for never.
    let expiresAt: Timestamp?
    let createdAt: Timestamp
    /// Who took the account; nil until somebody did.
    var linkedBy: String?
    /// When that was.
    var linkedAt: Timestamp?

    /// Whether it is there for `principal`: once a user has taken the account, it is no other user's business.
    func mayBeSeen(by principal: Principal) -> Bool {
        guard principal.isUser, let linkedBy else { return true }
        return linkedBy.utf8.elementsEqual(principal.userID.utf8)
    }

    func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 < now } ?? false }

    /// Whether it ended so long ago that nobody has to be told any more, or was used so long ago that nobody repeats it.
    ///
    /// One that was past its end when it came is told about for as long. One without an end that nobody has used stays.
    func isForgotten(at now: Timestamp) -> Bool {
        if let expiresAt {
            return max(expiresAt, createdAt).advanced(by: HostLimits.expiredLinkTokenLifetime) < now
        }
        guard linkedBy != nil else { return false }
        return (linkedAt ?? createdAt).advanced(by: HostLimits.usedLinkTokenLifetime) < now
    }
}

/// The link tokens.
struct LinkTokenStore: Sendable {
    private let documents: Documents

    init(_ documents: Documents) { self.documents = documents }

    private static func key(_ token: String) -> DocumentKey {
        let digits = Array("0123456789abcdef".utf8)
        let name = SHA256.digest(token).bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return DocumentKey(collection: "link-tokens", id: name)
    }

    /// Keeps a new token.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when there is one already.
    func add(_ token: String, _ content: LinkToken) async throws(ServiceError) {
        do throws(StoreError) {
            try await documents.save(Self.key(token), content.encoded, expecting: .absent)
        } catch {
            if case .conflict = error { throw .conflict("Token already exists") }
            throw ServiceError(error)
        }
    }

    /// What a token stands for; nil when there is none.
    func find(_ token: String) async throws(ServiceError) -> LinkToken? { try await load(token)?.content }

    /// Gives a token to the first user who brings it.
    ///
    /// - Throws: ``ServiceError/notFound`` when somebody else had it before.
    func claim(_ token: String, for userID: String, at now: Timestamp) async throws(ServiceError) {
        for _ in 0..<HostLimits.updateAttemptsMax {
            guard var (content, revision) = try await load(token) else { throw .notFound }
            if let owner = content.linkedBy {
                guard owner.utf8.elementsEqual(userID.utf8) else { throw .notFound }
                return
            }
            content.linkedBy = userID
            content.linkedAt = now
            do throws(StoreError) {
                revision = try await documents.save(
                    Self.key(token), content.encoded, expecting: .revision(revision)
                ).revision
                return
            } catch {
                guard case .conflict = error else { throw ServiceError(error) }
            }
        }
        throw .unavailable("Too many changes of this token at the same time: try again.", retryAfterSeconds: 1)
    }

    /// Removes the tokens that ended or were used long ago.
    ///
    /// Reads every token once, page by page; one that is changed meanwhile, or cannot be read, stays.
    /// - Returns: how many were removed.
    func removeForgotten(at now: Timestamp) async throws(ServiceError) -> Int {
        var removed = 0
        var position: Documents.ListPosition?
        repeat {
            let page: Documents.KeyPage
            do throws(StoreError) { page = try await documents.list("link-tokens", after: position) } catch {
                throw ServiceError(error)
            }
            for key in page.keys where !Task.isCancelled {
                guard let (content, revision) = try? await load(key), content.isForgotten(at: now) else { continue }
                do throws(StoreError) {
                    if try await documents.delete(key, expecting: .revision(revision)) { removed += 1 }
                } catch {
                    guard case .conflict = error else { throw ServiceError(error) }
                }
            }
            position = page.next
        } while position != nil && !Task.isCancelled
        return removed
    }

    private func load(_ token: String) async throws(ServiceError) -> (content: LinkToken, revision: UInt64)? {
        try await load(Self.key(token))
    }

    private func load(_ key: DocumentKey) async throws(ServiceError) -> (content: LinkToken, revision: UInt64)? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(key) } catch {
            throw ServiceError(error)
        }
        guard let document else { return nil }
        guard let content = LinkToken(decoding: document.bytes) else {
            throw .internalFault("A stored link token cannot be read.")
        }
        return (content, document.revision)
    }
}

extension LinkToken {
    fileprivate var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("attributes", attributes)
            writer.member("expiresAt", expiresAt?.text(withMilliseconds: true))
            writer.member("createdAt", createdAt.text(withMilliseconds: true))
            writer.member("linkedBy", linkedBy)
            writer.member("linkedAt", linkedAt?.text(withMilliseconds: true))
        }
        return writer.bytes
    }

    fileprivate init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let attributes = value["attributes"],
            let createdAt = value["createdAt"]?.string.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.init(
            attributes: attributes, expiresAt: value["expiresAt"]?.string.flatMap(Timestamp.init(iso8601:)),
            createdAt: createdAt, linkedBy: value["linkedBy"]?.string,
            linkedAt: value["linkedAt"]?.string.flatMap(Timestamp.init(iso8601:)))
    }
}
