// The inbox: events are durable in it before their delivery is answered, and stay until they are processed. Their ids
// stay longer, so that a repeat does nothing, even after a restart. Deliveries that arrive together share a write.
// Knows no effect.

import Background
import ConnectionModel
package import DocumentStore
package import Observability
package import Primitives
package import ProviderSDK
import StoreFiles
import Synchronization

/// Why events were not accepted; the provider sends them again.
enum InboxFailure: Error, Sendable, Equatable {
    /// Too many events are pending.
    case full
    /// The inbox is not loaded yet, or the store cannot be written.
    case unavailable
}

/// The state of the inbox, for metrics.
package struct InboxStatistics: Sendable, Equatable {
    /// Events that are not processed yet.
    package var pending = 0
    /// When the oldest pending event was accepted.
    package var oldestAt: Timestamp?
    /// Event ids that are remembered.
    package var remembered = 0
}

/// The durable queue of events from providers.
///
/// The inbox accepts an event once and passes it on until it is settled, again after a crash. ``WebhookLimits``
/// bounds its memory: about 60 bytes for each remembered id.
package actor WebhookInbox {
    private struct Waiter {
        let digests: [EventDigest]
        let continuation: CheckedContinuation<Void, Never>
    }

    private enum Phase { case new, opening, open, closed }

    private let documents: Documents
    private let log: Log
    private let time: TimeSource
    private var phase = Phase.new
    private var onPending: @Sendable ([InboxEvent]) -> Void = { _ in }
    private var openers: [CheckedContinuation<Void, Never>] = []

    /// The segments by number; ``order`` has the numbers in ascending order.
    private var segments: [UInt64: InboxSegment] = [:]
    private var order: [UInt64] = []
    private var nextNumber: UInt64 = 1
    /// The digests of durable events.
    private var remembered: Set<EventDigest> = []
    /// Segments that another process has written to; they get no further events.
    private var foreign: Set<UInt64> = []
    /// The digests of events that are being written.
    private var unsettled: Set<EventDigest> = []
    /// The segment number of each pending event.
    private var places: [EventDigest: UInt64] = [:]
    private var pendingBytes = 0
    /// The bytes of events that are being written, which are no part of ``pendingBytes`` yet.
    private var arrivingBytes = 0
    private var queue: [InboxEvent] = []
    private var waiters: [Waiter] = []
    private var settled: Set<EventDigest> = []
    private var isWriting = false
    /// Signals that no write runs any more after ``close()``.
    private let isWritten = OneTimeEvent()
    /// Whether the last write failed.
    private var isFailing = false
    private nonisolated let figures = Mutex(InboxStatistics())

    static let collection = "webhook-inbox"

    /// How much the inbox holds.
    struct Bounds: Sendable {
        var pendingBytesMax = WebhookLimits.pendingBytesMax
        var rememberedEventsMax = WebhookLimits.rememberedEventsMax
    }

    private let bounds: Bounds

    package init(_ documents: Documents, time: TimeSource, log: Log) {
        self.init(documents, bounds: Bounds(), time: time, log: log)
    }

    init(_ documents: Documents, bounds: Bounds, time: TimeSource, log: Log) {
        self.documents = documents
        self.bounds = bounds
        self.log = log
        self.time = time
    }

    /// The current statistics.
    package nonisolated var statistics: InboxStatistics { figures.withLock { $0 } }

    // MARK: Start and stop

    /// Loads what the last run of the host left; deliveries wait until then.
    ///
    /// - Parameter onPending: receives the events to process, those of the last run first.
    package func open(onPending: @escaping @Sendable ([InboxEvent]) -> Void) async {
        guard phase == .new else { return }
        phase = .opening
        self.onPending = onPending
        while phase == .opening {
            do {
                try await read()
                break
            } catch {
                log.error("Cannot read the webhook inbox; retrying.", ["error": .text("\(error)")])
            }
            do { try await time.sleep(for: .seconds(1)) } catch { break }
        }
        guard phase == .opening else { return }
        phase = .open
        wakeOpeners()
        let left = order.compactMap { segments[$0]?.pending }.flatMap(\.self)
        if !left.isEmpty {
            log.info("Processing the webhook events of the last run.", ["events": .integer(left.count)])
            onPending(left)
        }
        await expire()
    }

    /// Accepts no further events and waits for running writes.
    package func close() async {
        phase = .closed
        wakeOpeners()
        if isWriting { await isWritten.wait() }
    }

    private func wakeOpeners() {
        let waiting = openers
        openers = []
        for opener in waiting { opener.resume() }
    }

    private func read() async throws(StoreError) {
        var keys: [DocumentKey] = []
        var position: Documents.ListPosition?
        repeat {
            let page = try await documents.list(Self.collection, after: position)
            keys += page.keys
            position = page.next
        } while position != nil
        for key in keys {
            guard let number = InboxSegment.number(ofDocument: key.id) else { continue }
            nextNumber = max(nextNumber, number + 1)
            guard segments[number] == nil else { continue }
            let document: Document?
            do { document = try await documents.load(key) } catch {
                guard case .corrupt = error else { throw error }
                // The events of one damaged document are lost; scheduled syncs make up for them.
                log.error("A segment of the webhook inbox is damaged.", ["error": .text("\(error)")])
                continue
            }
            guard let document else { continue }
            guard var segment = InboxSegment(number: number, decoding: document.bytes) else {
                log.error("A segment of the webhook inbox cannot be read.", ["segment": .integer(Int(number))])
                continue
            }
            segment.revision = document.revision
            adopt(segment)
        }
        order = segments.keys.sorted()
        publish()
    }

    private func adopt(_ segment: InboxSegment) {
        segments[segment.number] = segment
        remembered.formUnion(segment.digests)
        for event in segment.pending { places[event.digest] = segment.number }
        pendingBytes += segment.pendingBytes
    }

    // MARK: Taking in

    /// Makes new events durable.
    ///
    /// - Returns: the number of new events; the others are repeats and already durable.
    func accept(_ events: [InboxEvent]) async throws(InboxFailure) -> Int {
        try await waitUntilOpen()
        var count = 0
        while true {
            guard phase == .open else { throw .unavailable }
            var fresh: [InboxEvent] = []
            var bytes = 0
            var isOnItsWay = false
            for event in events where !remembered.contains(event.digest) {
                guard unsettled.insert(event.digest).inserted else {
                    // A repeat within the same delivery is written with the first of them.
                    isOnItsWay = isOnItsWay || !fresh.contains { $0.digest == event.digest }
                    continue
                }
                fresh.append(event)
                bytes += event.byteCount
            }
            guard !fresh.isEmpty || isOnItsWay else { return count }
            guard waiters.count < WebhookLimits.waitingDeliveriesMax,
                // The events that are being written count, the fresh ones among them.
                places.count + unsettled.count <= WebhookLimits.pendingEventsMax,
                pendingBytes + arrivingBytes + bytes <= bounds.pendingBytesMax
            else {
                unsettled.subtract(fresh.map(\.digest))
                throw .full
            }
            queue += fresh
            arrivingBytes += bytes
            let digests = fresh.map(\.digest)
            await withCheckedContinuation { continuation in
                waiters.append(Waiter(digests: digests, continuation: continuation))
                startWriting()
            }
            guard digests.allSatisfy(remembered.contains) else { throw .unavailable }
            count += fresh.count
        }
    }

    private func waitUntilOpen() async throws(InboxFailure) {
        switch phase {
        case .open: return
        case .closed: throw .unavailable
        case .new, .opening: break
        }
        guard openers.count < WebhookLimits.waitingDeliveriesMax else { throw .full }
        let patience = Task {
            try? await time.sleep(for: WebhookLimits.openingTimeMax)
            self.wakeOpeners()
        }
        await withCheckedContinuation { openers.append($0) }
        patience.cancel()
        guard phase == .open else { throw .unavailable }
    }

    /// Marks events as processed; after a crash before the mark is durable, they are processed once more.
    package func settle(_ events: [InboxEvent]) {
        for event in events where places[event.digest] != nil { settled.insert(event.digest) }
        if !settled.isEmpty { startWriting() }
    }

    // MARK: Writing

    private func startWriting() {
        guard !isWriting else { return }
        isWriting = true
        Task { await self.write() }
    }

    private func write() async {
        while !queue.isEmpty || !settled.isEmpty || !waiters.isEmpty {
            let (batch, waiting, done) = (queue, waiters, settled)
            (queue, waiters, settled) = ([], [], [])
            let changed = changes(adding: batch, settling: done)
            let saved = await save(changed)
            for segment in saved { replace(segment) }
            unsettled.subtract(batch.map(\.digest))
            arrivingBytes -= batch.reduce(0) { $0 + $1.byteCount }
            let added = batch.filter { places[$0.digest] != nil }
            publish()
            for waiter in waiting { waiter.continuation.resume() }
            if !added.isEmpty { onPending(added) }
            let left = done.filter { places[$0] != nil }
            if !left.isEmpty {
                // Retry the marks of processed events; incoming events go first.
                settled.formUnion(left)
                if queue.isEmpty, waiters.isEmpty {
                    guard phase == .open else { break }
                    try? await time.sleep(for: .seconds(1))
                }
            }
            await expire()
        }
        isWriting = false
        if phase == .closed { isWritten.signal() }
    }

    /// Returns the segments that a write changes, as they are after it.
    private func changes(adding batch: [InboxEvent], settling done: Set<EventDigest>) -> [InboxSegment] {
        var changed: [UInt64: InboxSegment] = [:]
        for number in Set(done.compactMap { places[$0] }) {
            guard var segment = segments[number] else { continue }
            segment.settle(done)
            changed[number] = segment
        }
        let now = time.now
        var last = order.last
        for event in batch {
            var segment = last.flatMap { changed[$0] ?? segments[$0] }
            if segment.map({ $0.isFull(at: now) || foreign.contains($0.number) }) ?? true {
                segment = InboxSegment(number: nextNumber, at: now)
                nextNumber += 1
            }
            guard var segment else { continue }
            segment.add(event)
            last = segment.number
            changed[segment.number] = segment
        }
        return Array(changed.values)
    }

    private struct Failure: Error {
        let number: UInt64
        let error: StoreError
    }

    /// Saves all `changed` segments concurrently.
    ///
    /// - Returns: the segments that are durable.
    private func save(_ changed: [InboxSegment]) async -> [InboxSegment] {
        await withTaskGroup(of: Result<InboxSegment, Failure>.self) { group in
            for segment in changed {
                group.addTask { [documents] in
                    do throws(StoreError) {
                        let document = try await documents.save(
                            DocumentKey(collection: Self.collection, id: segment.documentID), segment.encoded,
                            expecting: segment.revision.map { .revision($0) } ?? .absent)
                        var saved = segment
                        saved.revision = document.revision
                        return .success(saved)
                    } catch { return .failure(Failure(number: segment.number, error: error)) }
                }
            }
            var saved: [InboxSegment] = []
            for await result in group {
                switch result {
                case .success(let segment): saved.append(segment)
                case .failure(let failure):
                    // Another process wrote this segment: what it holds must stay, and new events go elsewhere.
                    if case .conflict = failure.error { foreign.insert(failure.number) }
                    logFailure(failure.error)
                }
            }
            isFailing = saved.count < changed.count
            return saved
        }
    }

    /// Logs that the inbox cannot be written, once per outage.
    private func logFailure(_ error: StoreError) {
        if !isFailing { log.error("Cannot write the webhook inbox.", ["error": .text("\(error)")]) }
        isFailing = true
    }

    private func replace(_ segment: InboxSegment) {
        if let old = segments[segment.number] {
            pendingBytes -= old.pendingBytes
            for event in old.pending { places[event.digest] = nil }
        } else {
            order.append(segment.number)
            order.sort()
        }
        adopt(segment)
    }

    /// Deletes segments that are expired, or beyond the number of remembered ids.
    private func expire() async {
        let now = time.now
        while let number = order.first, order.count > 1, let segment = segments[number],
            segment.isExpired(at: now)
                || (segment.pending.isEmpty && remembered.count > bounds.rememberedEventsMax)
        {
            do {
                _ = try await documents.delete(
                    DocumentKey(collection: Self.collection, id: segment.documentID),
                    expecting: segment.revision.map { .revision($0) } ?? .absent)
            } catch { break }
            // A concurrent call may have removed the oldest segment meanwhile.
            guard order.first == number else { continue }
            segments[number] = nil
            order.removeFirst()
            remembered.subtract(segment.digests)
        }
        publish()
    }

    private func publish() {
        var oldest: Timestamp?
        for number in order {
            guard let first = segments[number]?.pending.first else { continue }
            oldest = first.receivedAt
            break
        }
        let statistics = InboxStatistics(pending: places.count, oldestAt: oldest, remembered: remembered.count)
        figures.withLock { $0 = statistics }
    }
}
