// Keeps the dead letters of one data type during a sync. A record that fails becomes a letter, and a record that maps
// well ends its letter. The recorder makes batches that are written with their page; the sync decides when.

import ConnectionModel
import ProviderSDK
import RecordStore
import StoreFiles
import Users

/// Identifies where letters come from and for whom they are sealed.
struct DeadLetterOrigin: Sendable {
    let vault: CredentialVault
    let userID: String
    let connectionID: String
    let pluginID: String
    let pluginVersion: String
    let syncID: String

    /// The field name that a letter's record is sealed for.
    static func field(_ letterID: String) -> String { "deadLetter.\(letterID)" }

    /// Seals a record; nil when it is too large to keep, or cannot be sealed now.
    func seal(_ payload: [UInt8], letter id: String) -> String? {
        guard payload.count <= SyncLimits.deadLetterPayloadBytesMax else { return nil }
        return try? vault.seal(
            Secret(String(decoding: payload, as: UTF8.self)), user: userID, connection: connectionID,
            field: Self.field(id))
    }

    /// Opens the record of a letter; nil when it was not kept or cannot be opened.
    func open(_ letter: DeadLetter) -> JSONValue? {
        guard let sealed = letter.sealed,
            let secret = try? vault.open(
                sealed, user: userID, connection: connectionID, field: Self.field(letter.id))
        else { return nil }
        return try? JSONValue.parse(Array(secret.value.utf8))
    }

    /// Makes the letter of a record that failed.
    func letter(
        _ record: SourceRecord, of dataType: String, _ failure: RecordFailure, at now: Timestamp
    ) -> DeadLetter {
        var writer = JSONWriter(capacity: 1024)
        writer.value(record.value)
        let id = DeadLetter.id(dataType: dataType, sourceID: failure.sourceID, payload: writer.bytes)
        // A replay of a record that could not be read would store it without what was lost.
        let isWhole = record.value.damage == nil
        return DeadLetter(
            id: id, dataType: dataType,
            sourceID: failure.sourceID.map { $0.bounded(SyncLimits.deadLetterTextBytesMax) },
            change: record.change, failure: failure.bounded, pluginID: pluginID, pluginVersion: pluginVersion,
            syncID: syncID, at: now, redacted: PayloadRedaction.redact(record.value),
            payloadBytes: writer.bytes.count, sealed: isWhole ? seal(writer.bytes, letter: id) : nil)
    }
}

/// The letters of one data type during one sync.
struct DeadLetterRecorder: Sendable {
    private let origin: DeadLetterOrigin
    private let dataType: String
    private var index: DeadLetterIndex
    private var pending = RecordBatch(dataType: DeadLetter.storedDataType)
    private var storedDrops: Int
    /// The failed records of the page that have no letter yet; nil where the record came again.
    private var failures: [Failed?] = []
    private var failurePlaces: [String: Int] = [:]
    /// The letters of this page whose records have no source id.
    private var unidentified: Set<String> = []
    /// Identifies the full read whose letters these are; `-` for reads of changes.
    var reading = "-"

    /// A record that failed.
    struct Failed: Sendable {
        let record: SourceRecord
        let failure: RecordFailure
    }

    /// Loads the letters that the connection has.
    init(
        _ origin: DeadLetterOrigin, dataType: String, stream: StreamID, records: Records, state: StreamState?
    ) async throws(StoreError) {
        self.origin = origin
        self.dataType = dataType
        let stored = state?[DeadLetter.storedDataType]
        storedDrops = DeadLetterDrops(stored?.checkpoint).count
        index = DeadLetterIndex(countMax: SyncLimits.deadLettersMax, dropped: storedDrops)
        guard let stored, stored.recordCount > 0 else { return }
        var position: UInt64? = 0
        while let after = position {
            let page = try await records.current(
                stream, dataType: DeadLetter.storedDataType, after: after, limit: RecordLimits.recordPageMax,
                withPayloads: false)
            for record in page.records {
                guard let note = DeadLetterNote(record.sourceID) else { continue }
                index.restore(String(decoding: record.id, as: UTF8.self), note)
            }
            position = page.next
        }
    }

    /// The bytes of letters that wait for their page.
    var pendingBytes: Int { pending.byteCount }

    var pendingCount: Int { pending.count }

    /// Notes a record of the page that failed.
    mutating func failed(_ record: SourceRecord, _ failure: RecordFailure) {
        if let id = failure.sourceID, let earlier = failurePlaces.updateValue(failures.count, forKey: id) {
            failures[earlier] = nil
        }
        failures.append(Failed(record: record, failure: failure))
    }

    /// Returns the failed records of the page, of too many the newest.
    ///
    /// The others are counted as dropped, and never written.
    mutating func takeFailed() -> [Failed] {
        if failures.isEmpty { return [] }
        var newest = failures.compactMap(\.self)
        let surplus = newest.count - SyncLimits.deadLettersMax
        if surplus > 0 {
            newest.removeFirst(surplus)
            index.drop(surplus)
        }
        failures = []
        failurePlaces = [:]
        unidentified = []
        return newest
    }

    /// Adds the letter of a failed record.
    mutating func add(_ failed: Failed, at now: Timestamp) {
        let letter = origin.letter(failed.record, of: dataType, failed.failure, at: now)
        let isIdentified = failed.failure.sourceID != nil
        // Equal records without an id have one letter.
        guard isIdentified || unidentified.insert(letter.id).inserted else { return }
        let note = DeadLetterNote(dataType: dataType, reading: reading, isIdentified: isIdentified)
        let surplus = index.add(letter.id, note)
        pending.upsert(
            id: Array(letter.id.utf8), sourceID: note.encoded, timestampMilliseconds: now.milliseconds,
            payload: letter.encoded)
        for id in surplus { delete(id, at: now) }
    }

    /// Resolves the letter of a record that was mapped or is gone, if it has one.
    mutating func resolve(_ record: SourceRecord, sourceID: String, at now: Timestamp) {
        if let place = failurePlaces.removeValue(forKey: sourceID) { failures[place] = nil }
        if index.isEmpty { return }
        let id = DeadLetter.id(dataType: dataType, sourceID: sourceID, payload: [])
        if index.remove(id) { delete(id, at: now) }
        guard index.hasUnidentified else { return }
        var writer = JSONWriter(capacity: 1024)
        writer.value(record.value)
        let other = DeadLetter.id(dataType: dataType, sourceID: nil, payload: writer.bytes)
        if index.remove(other) { delete(other, at: now) }
    }

    /// Ends the letters of all records that a complete read did not fail on.
    mutating func endUnmet(at now: Timestamp) {
        for id in index.removeAll(of: dataType, notMetBy: reading) { delete(id, at: now) }
    }

    /// Returns the batch for the next page; nil when it is empty.
    mutating func take() -> CompanionBatch? {
        if index.dropped != storedDrops {
            storedDrops = index.dropped
            pending.checkpoint = DeadLetterDrops(count: storedDrops).encoded
        }
        guard pending.count > 0 || pending.checkpoint != nil else { return nil }
        // The batch that is returned shares the memory: emptying this one would take as much again.
        defer { pending = RecordBatch(dataType: DeadLetter.storedDataType) }
        return CompanionBatch(pending)
    }

    private mutating func delete(_ id: String, at now: Timestamp) {
        pending.delete(id: Array(id.utf8), timestampMilliseconds: now.milliseconds)
    }
}

/// The number of letters that were dropped because there were too many.
///
/// It is stored with the letters.
struct DeadLetterDrops {
    let count: Int

    init(count: Int) { self.count = count }

    init(_ bytes: [UInt8]?) {
        let value = bytes.flatMap { try? JSONValue.parse($0) }
        count = value?["dropped"]?.integer.map(Int.init) ?? 0
    }

    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.member("dropped", count) }
        return writer.bytes
    }
}

extension RecordFailure {
    /// The failure with its texts cut to a bounded length, because plugins write them.
    var bounded: RecordFailure {
        let bytesMax = SyncLimits.deadLetterTextBytesMax
        return RecordFailure(
            sourceID: sourceID?.bounded(bytesMax), field: field.bounded(bytesMax), rule: rule.bounded(bytesMax),
            problem: problem.bounded(bytesMax))
    }
}

extension String {
    /// The beginning of the text in at most `bytesMax` bytes of UTF-8, cut at the end of a scalar.
    fileprivate func bounded(_ bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        var text = ""
        for scalar in unicodeScalars {
            guard text.utf8.count + 4 <= bytesMax else { break }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}
