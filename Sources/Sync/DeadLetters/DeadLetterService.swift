// Lists dead letters, and replays their records with the current plugin. Knows no HTTP.

package import ConnectionModel
import Cryptography
package import Primitives
import ProviderSDK
package import Providers
package import RecordStore
import StoreFiles
package import Users

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

    /// Selects letters; by default all.
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

    /// One page of letters; the letter that failed longest ago comes first.
    package struct Page: Sendable {
        package let letters: [DeadLetter]
        /// The position of the next page; nil on the last page.
        package let next: UInt64?
        /// The number of letters of the connection.
        package let total: Int
        /// The number of letters that were dropped because there were too many.
        package let dropped: Int
    }

    /// The counts of a replay.
    package struct Outcome: Sendable, Equatable {
        package var replayed = 0
        package var failed = 0
    }

    /// Returns a page of the letters of a connection.
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

    /// Returns the number of letters of a connection, the dropped ones included; nil when its records cannot be read.
    package static func count(of connectionID: String, in records: Records) async -> Int? {
        do throws(StoreError) {
            let state = try await records.state(of: StreamID(connectionID))?[DeadLetter.storedDataType]
            return (state?.recordCount ?? 0) + DeadLetterDrops(state?.checkpoint).count
        } catch {
            return nil
        }
    }

    /// Maps the records of letters again with the current plugin, and stores them.
    ///
    /// Records and the end of their letters become durable together. A record that a sync stored meanwhile has no
    /// letter any more, so an older record never replaces a newer one. A second replay stores the same record.
    ///
    /// - Returns: how many letters ended, and how many records failed again.
    /// - Throws: ``ServiceError/conflict(_:)`` while a full sync of one of their data types runs. That sync reads the
    ///   same records again.
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

    /// The data types of the selected letters, in the order of their oldest letter.
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
    /// The mapping of the data type in the current plugin; nil when the plugin has no such data type.
    let mapping: FieldMapping?
    let origin: DeadLetterOrigin
    let time: TimeSource

    /// Letters that are replayed at once.
    static let batchMax = 100
    /// The retries of pages, because a sync changed the letters meanwhile.
    static let attemptsMax = 64

    func run(_ selection: DeadLetterService.Selection, _ outcome: inout DeadLetterService.Outcome)
        async throws(ServiceError)
    {
        // Letters that fail again move to the end. The replay does not meet them a second time.
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

    /// Ensures that no full read of the data type is open.
    ///
    /// What an open read has stored is newer than the letters, and it has recorded which records are new. A replay in
    /// between would report a record twice, or set it back. A read that no sync continues is given up.
    func requireNoGeneration() async throws(ServiceError) {
        let state: StreamState?
        do { state = try await records.state(of: stream) } catch { throw ServiceError(error) }
        guard let left = state?[dataType]?.generation else { return }
        // This order is needed: a sync that begins after the stream was read has a separate generation.
        let connection = try await users.user(origin.userID).connection(origin.connectionID)
        if let run = connection?.runningSync, run.dataTypes.contains(dataType) {
            throw .conflict("\(run.id) reads all \(dataType) again: replay once it has ended")
        }
        do { try await records.abandon(left) } catch {
            guard case .generationNotOpen = error else { throw ServiceError(error) }
        }
    }

    /// Replays the records of some letters, and ends the letters in the same step.
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

    /// Maps the record of a letter into a batch; returns the failure, or nil.
    private func replay(_ letter: DeadLetter, into batch: inout RecordBatch, at now: Timestamp) -> RecordFailure? {
        guard let mapping else { return letter.failure(rule: "dataType", "the plugin no longer has this data type") }
        guard let value = origin.open(letter) else {
            return letter.failure(
                rule: "replay", "the record was not kept, or can no longer be opened: sync it again")
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

    /// The letter after another failure.
    fileprivate func failed(_ failure: RecordFailure, pluginVersion: String, at now: Timestamp) -> DeadLetter {
        DeadLetter(
            id: id, dataType: dataType, sourceID: sourceID, change: change, failure: failure, pluginID: pluginID,
            pluginVersion: pluginVersion, syncID: syncID, at: now, redacted: redacted, payloadBytes: payloadBytes,
            sealed: sealed)
    }
}
