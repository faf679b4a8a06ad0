// Compares the linked accounts of all users with the members at the provider, and archives or restores users.
// Nothing changes unless the whole list of members was read.

package import ConnectionModel
import DocumentStore
import Observability
import ProviderSDK
package import Providers
import Users

extension ExternalAccountService {
    /// The result of a comparison.
    package struct MemberSync: Sendable, Equatable {
        /// The number of users with a linked account.
        package var users = 0
        /// The number of accounts that have joined.
        package var members = 0
        /// The number of users who were archived.
        package var archived = 0
        /// The number of users who were restored.
        package var unarchived = 0
    }

    /// The members at a provider.
    private struct MemberList: Sendable {
        /// When each account joined, by the bytes of its id.
        var joinedAt: [[UInt8]: String?] = [:]
        /// The number of entries.
        var count = 0
        /// The number of entries that could not be read.
        var unreadable = 0
        /// Whether an entry has no id, so that it could be anyone.
        var hasUnknown = false
    }

    /// The maximum number of members to read.
    private static var membersMax: Int { 1_000_000 }

    /// Updates all users with an account at `provider`.
    ///
    /// An entry that cannot be read counts as present. When it has no id either, no user is archived.
    ///
    /// - Throws: ``ServiceError/provider(_:)`` when the members cannot be read completely; then nothing was changed.
    package func syncMembers(of provider: ConfiguredProvider) async throws(ServiceError) -> MemberSync {
        let members: MemberList
        do {
            members = try await Retrying.run(on: time) { () async throws(ServiceError) in
                do throws(ProviderError) { return try await self.members(of: provider) } catch {
                    throw ServiceError.provider(error.shown())
                }
            }
        } catch {
            log.warning(
                "The members at a provider could not be read.",
                ["provider": .text(provider.id), "error": .text("\(error)")])
            throw error
        }
        if members.unreadable > 0 {
            log.warning(
                "Members at a provider are malformed.",
                ["provider": .text(provider.id), "count": .integer(members.unreadable)])
        }
        var result = MemberSync()
        result.members = members.count
        var position: Documents.ListPosition?
        repeat {
            let (ids, next) = try await users.userIDs(after: position)
            for id in ids { try await compare(id, provider, members, &result) }
            position = next
        } while position != nil
        return result
    }

    private func compare(
        _ userID: String, _ provider: ConfiguredProvider, _ members: MemberList, _ result: inout MemberSync
    ) async throws(ServiceError) {
        guard let account = ExternalAccount(try await users.user(userID).externalAccount),
            account.provider == provider.id
        else { return }
        result.users += 1
        let member = members.joinedAt[Array(account.accountID.utf8)]
        let isMember = member != nil
        guard isMember || !members.hasUnknown else { return }
        let joinedAt = (member ?? nil) ?? account.joinedAt
        guard account.isMember != isMember || account.isArchived == isMember || account.joinedAt != joinedAt else {
            return
        }
        if !isMember, !account.isArchived { result.archived += 1 }
        if isMember, account.isArchived { result.unarchived += 1 }
        try await users.update(userID) { (user) throws(ServiceError) in
            // The user may have linked another account in the meantime; it is newer than the list of members.
            guard var current = ExternalAccount(user.externalAccount), current.provider == account.provider,
                current.accountID == account.accountID, current.linkedAt == account.linkedAt
            else { return }
            current.isMember = isMember
            current.isArchived = !isMember
            current.joinedAt = joinedAt
            user.externalAccountChanged(current.encoded)
        }
    }

    /// Returns the accounts that have joined.
    private func members(of provider: ConfiguredProvider) async throws(ProviderError) -> MemberList {
        guard let linking = provider.manifest.linking, let name = linking.memberDataType,
            let dataType = provider.manifest.dataType(name)
        else { throw ProviderError(.misconfigured, "\(provider.manifest.name) does not report its members.") }
        var members = MemberList()
        var cursor: JSONValue?
        let session = operatorSession(provider, accountID: nil)
        repeat {
            let page = try await session.page(PageRequest(dataType: name, cursor: cursor)).page
            for record in page.records { add(record, dataType, linking, to: &members) }
            cursor = page.next
            guard members.count <= Self.membersMax else {
                throw ProviderError(.permanent, "\(provider.manifest.name) has too many members.")
            }
        } while cursor != nil
        // The bot itself is a member, so an empty list is a fault of the provider. Acting on it would archive all users.
        guard !members.joinedAt.isEmpty else {
            throw ProviderError(.permanent, "\(provider.manifest.name) reported no members.")
        }
        return members
    }

    private func add(
        _ record: SourceRecord, _ dataType: DataType, _ linking: AccountLinking, to members: inout MemberList
    ) {
        members.count += 1
        if let mapped = try? dataType.mapping.map(record.value, now: time.now),
            let value = try? JSONValue.parse(mapped.json), let id = value.at(linking.memberAccountID)?.scalarText
        {
            members.joinedAt.updateValue(value.at(linking.memberJoinedAt)?.string, forKey: Array(id.utf8))
            return
        }
        members.unreadable += 1
        // The record as a whole is malformed; the place of its id may still be good.
        let field = dataType.mapping.fields.first {
            $0.name.utf8.elementsEqual(linking.memberAccountID.description.utf8)
        }
        let values = (field?.sources ?? []).compactMap { $0.first(in: record.value) }.filter { $0.damage == nil }
        guard let id = values.compactMap(\.scalarText).first(where: { !$0.isEmpty }) else {
            members.hasUnknown = true
            return
        }
        members.joinedAt.updateValue(String?.none, forKey: Array(id.utf8))
    }
}
