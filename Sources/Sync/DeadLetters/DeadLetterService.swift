// What can be done with dead letters: list them, and take their records in again with the present plugin. Knows no HTTP.

package import ConnectionModel
import Cryptography
package import Primitives
import ProviderSDK
package import Providers
package import RecordStore
import StoreFiles

/// The dead letters of connections.
package struct DeadLetterService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let records: Records
    package let vault: CredentialVault
    package let time: TimeSource

    package init(
        users: UserStore, registry: ProviderRegistry, records: Records, vault: CredentialVault, time: TimeSource
    ) {
        self.users = users
        self.registry = registry
        self.records = records
        self.vault = vault
        self.time = time
    }

    /// Which letters are meant; by default all.
    package struct Selection: Sendable {
        package var dataType: String?
        package var ids: Set<String>?

        package init(dataType: String? = nil, ids: Set<String>? = nil) {
            self.dataType = dataType
            self.ids = ids
        }

        package var filter: RecordFilter {
            let (dataType, ids) = (dataType, ids)
            return { id, source in
                if let ids, !ids.contains(String(decoding: id, as: UTF8.self)) { return false }
                guard let dataType else { return true }
                return DeadLetterNote(source)?.dataType.utf8.elementsEqual(dataType.utf8) == true
            }
        }
    }

    /// One page of letters, the one that failed longest ago first.
    package struct Page: Sendable {
        package let letters: [DeadLetter]
        /// Where the next page begins; nil on the last one.
        package let next: UInt64?
        /// All letters of the connection.
        package let total: Int
        /// Letters that were dropped because there were too many.
        package let dropped: Int
    }

    /// What a replay did.
    package struct Outcome: Sendable, Equatable {
        package var replayed = 0
        package var failed = 0
    }

    /// A page of the letters of a connection.
    package func list(
        _ connectionID: String, of userID: String, _ selection: Selection, after position: UInt64, limit: Int
    ) async throws(ServiceError) -> Page {
        guard try await users.user(userID).connection(connectionID) != nil else { throw .notFound }
        let stream = StreamID(connectionID)
        return try await stored { () async throws(StoreError) in
            let state = try await records.state(of: stream)?[DeadLetter.storedDataType]
            let page = try await records.current(
                stream, dataType: DeadLetter.storedDataType, after: position, limit: limit, where: selection.filter)
            return Page(
                letters: page.records.compactMap { DeadLetter(id: $0.id, $0.payload) }, next: page.next,
                total: state?.recordCount ?? 0, dropped: DeadLetterDrops(state?.checkpoint).count)
        }
    }

    /// Takes the records of letters in again, mapped by the plugin as it is now.
    ///
    /// Records and the end of their letters are durable together. A record that was synced well in the meantime has no letter any
    /// more, so that nothing older ever replaces something newer; what is replayed twice is the same record.
    ///
    /// - Returns: the counts of those whose letter has ended, and those that failed again.
    /// - Throws: ``ServiceError/conflict(_:)`` while a full sync of one of their data types is under way: it reads the same records anew.
    package func replay(
        _ connectionID: String, of userID: String, _ selection: Selection
    ) async throws(ServiceError) -> Outcome {
        guard let connection = try await users.user(userID).connection(connectionID) else { throw .notFound }
        guard let provider = registry[connection.service] else {
            throw .conflict("The plugin of this integration is not loaded, so there is nothing to replay with")
        }
        let replays = try await dataTypes(with: selection, in: StreamID(connectionID)).map { dataType in
            DeadLetterReplay(
                users: users, records: records, stream: StreamID(connectionID), dataType: dataType,
                mapping: provider.manifest.dataType(dataType)?.mapping,
                origin: DeadLetterOrigin(
                    vault: vault, userID: userID, connectionID: connectionID, pluginID: provider.id,
                    pluginVersion: provider.manifest.version, syncID: ""), time: time)
        }
        for replay in replays { try await replay.requireNoGeneration() }
        var outcome = Outcome()
        for replay in replays {
            var selection = selection
            selection.dataType = replay.dataType
            try await replay.run(selection, &outcome)
        }
        return outcome
    }

    /// The data types that the letters of a selection are of, in the order of their oldest letter.
    private func dataTypes(
        with selection: Selection, in stream: StreamID
    ) async throws(ServiceError) -> [String] {
        try await stored { () async throws(StoreError) in
            var found: [String] = []
            var position: UInt64? = 0
            while let after = position {
                let page = try await records.current(
                    stream, dataType: DeadLetter.storedDataType, after: after, limit: RecordLimits.recordPageMax,
                    withPayloads: false, where: selection.filter)
                for record in page.records {
                    guard let name = DeadLetterNote(record.sourceID)?.dataType, !found.contains(name) else { continue }
                    found.append(name)
                }
                position = page.next
            }
            return found
        }
    }

    private func stored<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(ServiceError) -> Value {
        do { return try await body() } catch { throw ServiceError(error) }
    }
}

/// The replay of the letters of one data type.
struct DeadLetterReplay: Sendable {
    let users: UserStore
    let records: Records
    let stream: StreamID
    let dataType: String
    /// The data type as the present plugin has it; nil when it has none of this name.
    let mapping: FieldMapping?
    let origin: DeadLetterOrigin
    let time: TimeSource

    /// Letters that are taken in at once.
    static let batchMax = 100
    /// Pages that are read again because a sync changed the letters in between.
    static let attemptsMax = 64

    func run(_ selection: DeadLetterService.Selection, _ outcome: inout DeadLetterService.Outcome)
        async throws(ServiceError)
    {
        // Letters that fail again move to the end; those are not met a second time.
        var end: UInt64?
        var position: UInt64? = 0
        var attemptsLeft = Self.attemptsMax
        while let after = position {
            do {
                let page = try await records.current(
                    stream, dataType: DeadLetter.storedDataType, after: after, limit: Self.batchMax,
                    where: selection.filter)
                let last = end ?? page.lastSequence
                end = last
                let due = page.records.filter { $0.sequence <= last }
                let step = try await take(due, page.lastSequence)
                outcome.replayed += step.replayed
                outcome.failed += step.failed
                position = due.count == page.records.count ? page.next : nil
            } catch {
                guard attemptsLeft > 0 else { throw ServiceError(error) }
                attemptsLeft -= 1
                switch error {
                case .conflict: break
                case .generationOpen: try await requireNoGeneration()
                default: throw ServiceError(error)
                }
            }
        }
    }

    /// Makes sure that no full read of the data type is open.
    ///
    /// What one has read so far is newer than the letters, and which of its records are new is written down already: a letter that came
    /// between would be told twice, or set a record back. One that no sync goes on with is given up.
    func requireNoGeneration() async throws(ServiceError) {
        let state: StreamState?
        do { state = try await records.state(of: stream) } catch { throw ServiceError(error) }
        guard let left = state?[dataType]?.generation else { return }
        // In this order: a sync that begins after the look at the stream has a generation of its own.
        let connection = try await users.user(origin.userID).connection(origin.connectionID)
        if let run = connection?.runningSync, run.dataTypes.contains(dataType) {
            throw .conflict("\(run.id) reads all \(dataType) anew: replay when it has ended")
        }
        do { try await records.abandon(left) } catch {
            guard case .generationNotOpen = error else { throw ServiceError(error) }
        }
    }

    /// Takes in the records of some letters, in one step with the end of the letters.
    private func take(
        _ found: [RecordChange], _ lastSequence: UInt64
    ) async throws(StoreError) -> DeadLetterService.Outcome {
        let now = time.now
        var outcome = DeadLetterService.Outcome()
        var batch = RecordBatch(dataType: dataType)
        var letters = RecordBatch(dataType: DeadLetter.storedDataType)
        for change in found {
            guard let letter = DeadLetter(id: change.id, change.payload) else { continue }
            if let failure = replay(letter, into: &batch, at: now) {
                outcome.failed += 1
                let isNews = failure != letter.failure || letter.pluginVersion != origin.pluginVersion
                if isNews {
                    letters.upsert(
                        id: change.id, sourceID: change.sourceID, timestampMilliseconds: now.milliseconds,
                        payload: letter.failed(failure, pluginVersion: origin.pluginVersion, at: now).encoded)
                }
            } else {
                outcome.replayed += 1
                letters.delete(id: change.id, timestampMilliseconds: now.milliseconds)
            }
        }
        if letters.count > 0 {
            _ = try await records.append(
                batch, with: CompanionBatch(letters, expectedLastSequence: lastSequence), to: stream,
                unlessGenerationIsOpen: true)
        }
        return outcome
    }

    /// Maps the record of a letter into a batch; why that failed, or nil.
    private func replay(_ letter: DeadLetter, into batch: inout RecordBatch, at now: Timestamp) -> RecordFailure? {
        guard let mapping else { return letter.failure(rule: "dataType", "the plugin has no such data type any more") }
        guard let value = origin.open(letter) else {
            return letter.failure(
                rule: "replay", "the record was not kept, or cannot be opened any more: sync it again")
        }
        do {
            try RecordIntake(mapping: mapping).add(
                SourceRecord(value, letter.change), to: &batch, now: now)
            return nil
        } catch {
            return error.bounded
        }
    }
}

extension DeadLetter {
    fileprivate func failure(rule: String, _ problem: String) -> RecordFailure {
        RecordFailure(sourceID: sourceID, field: "record", rule: rule, problem: problem)
    }

    /// The letter after it failed again.
    fileprivate func failed(_ failure: RecordFailure, pluginVersion: String, at now: Timestamp) -> DeadLetter {
        DeadLetter(
            id: id, dataType: dataType, sourceID: sourceID, change: change, failure: failure, pluginID: pluginID,
            pluginVersion: pluginVersion, syncID: syncID, at: now, redacted: redacted, payloadBytes: payloadBytes,
            sealed: sealed)
    }
}
