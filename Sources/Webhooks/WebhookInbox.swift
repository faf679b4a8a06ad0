// The inbox: events are in it, durably, before their delivery is answered, and stay until they are carried out; their ids stay longer,
// so that a repeat does nothing, also after a restart. Deliveries that arrive together share a write. Knows no effect.

import Background
import ConnectionModel
package import DocumentStore
package import Observability
package import Primitives
package import ProviderSDK
import StoreFiles
import Synchronization

/// Why events were not taken in; the provider sends them again.
enum InboxFailure: Error, Sendable, Equatable {
    /// Too much waits already.
    case full
    /// It is not read yet, or the store cannot be written.
    case unavailable
}

/// How the inbox is doing, for metrics.
package struct InboxStatistics: Sendable, Equatable {
    /// Events that are not carried out yet.
    package var pending = 0
    /// When the oldest of them was taken in.
    package var oldestAt: Timestamp?
    /// Ids that are remembered.
    package var remembered = 0
}

/// The events that providers told of.
///
/// An event is taken in once; it is handed on until it is settled, after a crash once more. Memory is bounded by ``IncomingLimits``:
/// about 60 bytes for each id that is remembered.
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

    /// By number; the keys in order are ``order``.
    private var segments: [UInt64: InboxSegment] = [:]
    private var order: [UInt64] = []
    private var nextNumber: UInt64 = 1
    /// The events that are durable.
    private var remembered: Set<EventDigest> = []
    /// Those that are on their way to the disk.
    private var unsettled: Set<EventDigest> = []
    /// Where those are that are not carried out.
    private var places: [EventDigest: UInt64] = [:]
    private var pendingBytes = 0
    private var queue: [InboxEvent] = []
    private var waiters: [Waiter] = []
    private var settled: Set<EventDigest> = []
    private var isWriting = false
    /// Happens when nothing is written any more after ``close()``.
    private let isWritten = OneTimeEvent()
    /// Whether the last write failed.
    private var isFailing = false
    private nonisolated let figures = Mutex(InboxStatistics())

    static let collection = "webhook-inbox"

    package init(_ documents: Documents, time: TimeSource, log: Log) {
        self.documents = documents
        self.log = log
        self.time = time
    }

    /// How it is doing.
    package nonisolated var statistics: InboxStatistics { figures.withLock { $0 } }

    // MARK: Start and stop

    /// Reads what the last run of the host left; until then deliveries wait.
    ///
    /// - Parameter onPending: is given the events that are to be carried out, those of the last run first.
    package func open(onPending: @escaping @Sendable ([InboxEvent]) -> Void) async {
        guard phase == .new else { return }
        phase = .opening
        self.onPending = onPending
        while phase == .opening {
            do {
                try await read()
                break
            } catch {
                log.error("The inbox of webhooks cannot be read; it is tried again.", ["error": .text("\(error)")])
            }
            do { try await time.sleep(for: .seconds(1)) } catch { break }
        }
        guard phase == .opening else { return }
        phase = .open
        wakeOpeners()
        let left = order.compactMap { segments[$0]?.pending }.flatMap(\.self)
        if !left.isEmpty {
            log.info("Webhook events of the last run are carried out.", ["events": .integer(left.count)])
            onPending(left)
        }
        await expire()
    }

    /// Takes nothing more, and waits for what is being written.
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
                // The events of one damaged document are lost; the syncs by schedule make up for them.
                log.error("A part of the inbox of webhooks is damaged.", ["error": .text("\(error)")])
                continue
            }
            guard let document else { continue }
            guard let segment = InboxSegment(number: number, decoding: document.bytes) else {
                log.error("A part of the inbox of webhooks cannot be read.", ["segment": .integer(Int(number))])
                continue
            }
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

    /// Makes events durable that are new.
    ///
    /// - Returns: how many were; the others are repeats, and durable as well.
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
                    // A repeat within the delivery is on its way with the first of them.
                    isOnItsWay = isOnItsWay || !fresh.contains { $0.digest == event.digest }
                    continue
                }
                fresh.append(event)
                bytes += event.byteCount
            }
            guard !fresh.isEmpty || isOnItsWay else { return count }
            guard waiters.count < IncomingLimits.waitingDeliveriesMax,
                places.count + queue.count + fresh.count <= IncomingLimits.pendingEventsMax,
                pendingBytes + bytes <= IncomingLimits.pendingBytesMax
            else {
                unsettled.subtract(fresh.map(\.digest))
                throw .full
            }
            queue += fresh
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
        guard openers.count < IncomingLimits.waitingDeliveriesMax else { throw .full }
        let patience = Task {
            try? await time.sleep(for: IncomingLimits.openingTimeMax)
            self.wakeOpeners()
        }
        await withCheckedContinuation { openers.append($0) }
        patience.cancel()
        guard phase == .open else { throw .unavailable }
    }

    /// Says that events were carried out; a crash before that is durable has them carried out once more.
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
            let added = batch.filter { places[$0.digest] != nil }
            publish()
            for waiter in waiting { waiter.continuation.resume() }
            if !added.isEmpty { onPending(added) }
            let left = done.filter { places[$0] != nil }
            if !left.isEmpty {
                // What was carried out must be noted some time; what comes in goes first.
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

    /// The segments as they are after a write.
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
            if segment?.isFull(at: now) ?? true {
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

    /// Saves segments, all of them at once.
    ///
    /// - Returns: those that are durable.
    private func save(_ changed: [InboxSegment]) async -> [InboxSegment] {
        await withTaskGroup(of: Result<InboxSegment, StoreError>.self) { group in
            for segment in changed {
                group.addTask { [documents] in
                    do throws(StoreError) {
                        try await documents.save(
                            DocumentKey(collection: Self.collection, id: segment.documentID), segment.encoded,
                            expecting: .any)
                        return .success(segment)
                    } catch { return .failure(error) }
                }
            }
            var saved: [InboxSegment] = []
            for await result in group {
                switch result {
                case .success(let segment): saved.append(segment)
                case .failure(let error): tell(error)
                }
            }
            isFailing = saved.count < changed.count
            return saved
        }
    }

    /// Tells that the inbox cannot be written, once until it can be.
    private func tell(_ error: StoreError) {
        if !isFailing { log.error("The inbox of webhooks cannot be written.", ["error": .text("\(error)")]) }
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

    /// Forgets segments that are past their time, or too many.
    private func expire() async {
        let now = time.now
        while let number = order.first, order.count > 1, let segment = segments[number],
            segment.isExpired(at: now)
                || (segment.pending.isEmpty && remembered.count > IncomingLimits.rememberedEventsMax)
        {
            do {
                _ = try await documents.delete(
                    DocumentKey(collection: Self.collection, id: segment.documentID), expecting: .any)
            } catch { break }
            // Another walk over the oldest may have been here meanwhile.
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
