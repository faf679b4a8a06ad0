// Which streams are open and since when they are unused. An open stream costs a descriptor and the places of its
// frames; one that was written to also has an index in memory, which is dropped once writing stops.

import Primitives
import StoreFiles
import Synchronization

final class OpenStreams: Sendable {
    private struct Entry {
        let stream: RecordStream
        var usedAt: MonotonicInstant
        var indexBytes = 0
    }

    private struct State {
        var entries: [StreamID: Entry] = [:]
        var trimmedAt = SystemClock.instant
    }

    private let state = Mutex(State())

    func find(_ stream: StreamID) -> RecordStream? {
        state.withLock { state in
            guard let stream = state.entries[stream]?.stream else { return nil }
            state.entries[stream.id]?.usedAt = SystemClock.instant
            return stream
        }
    }

    /// The stream when it is open, without counting that as use.
    func peek(_ stream: StreamID) -> RecordStream? { state.withLock { $0.entries[stream]?.stream } }

    func add(_ stream: RecordStream) {
        state.withLock { $0.entries[stream.id] = Entry(stream: stream, usedAt: SystemClock.instant) }
    }

    func remove(_ stream: StreamID) { state.withLock { _ = $0.entries.removeValue(forKey: stream) } }

    /// Takes note of a write; the writer calls it after each one.
    ///
    /// A stream whose file ends in doubt is opened again by the next one.
    func wasWritten(_ stream: RecordStream) {
        let (bytes, isBroken) = stream.writer.withLock { ($0.indexBytes, $0.needsReopening) }
        state.withLock { state in
            if isBroken { state.entries[stream.id] = nil } else { state.entries[stream.id]?.indexBytes = bytes }
        }
    }

    var isTrimDue: Bool {
        state.withLock { state in
            state.entries.count > 2 * RecordLimits.openStreamsMax
                || state.trimmedAt + RecordLimits.trimInterval < SystemClock.instant
        }
    }

    /// Closes the streams that are too many and drops the indexes that were unused for a while.
    ///
    /// - Parameters:
    ///   - now: the present moment.
    ///   - alone: runs work as the only writer of a stream, or not at all.
    func trim(
        at now: MonotonicInstant = SystemClock.instant, alone: (StreamID, @escaping @Sendable () -> Void) -> Void
    ) {
        let (surplus, idle) = state.withLock { state -> ([StreamID], [StreamID]) in
            state.trimmedAt = now
            let byUse = state.entries.sorted { $0.value.usedAt < $1.value.usedAt }
            let surplus = byUse.prefix(max(0, byUse.count - RecordLimits.openStreamsMax)).map(\.key)
            let idle = byUse.filter { $0.value.indexBytes > 0 && $0.value.usedAt + RecordLimits.indexIdleTime < now }
            return (surplus, idle.map(\.key))
        }
        for stream in surplus { alone(stream) { self.close(stream) } }
        for stream in idle where !surplus.contains(stream) { alone(stream) { self.dropIndexes(of: stream) } }
    }

    func closeAll() {
        for stream in state.withLock({ Array($0.entries.keys) }) { close(stream) }
    }

    private func dropIndexes(of stream: StreamID) {
        guard let open = state.withLock({ $0.entries[stream]?.stream }) else { return }
        open.writer.withLock { $0.dropIndexes() }
        state.withLock { $0.entries[stream]?.indexBytes = 0 }
    }

    private func close(_ stream: StreamID) {
        guard let open = state.withLock({ $0.entries.removeValue(forKey: stream)?.stream }) else { return }
        // Only a note for the next start; without it a damaged end would be taken for a torn one.
        try? open.writer.withLock { writer throws(StoreError) in try writer.settle() }
    }
}
