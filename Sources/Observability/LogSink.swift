// Carries log lines from their writers to a descriptor: a bounded queue, and one thread that writes. A slow or missing
// reader never stops the host: lines that find no room are dropped and counted. Knows no event.

import CLinux
package import Dispatch
import Glibc
package import Primitives
import Synchronization

/// Whole lines on their way to a descriptor.
package final class LogSink: Sendable {
    /// Counts log lines that found no room or no reader.
    package static let linesDropped = Counter()

    /// The log of the process.
    package static let standardError = LogSink(STDERR_FILENO, dropped: linesDropped, isFlushedAtExit: true)

    /// Bytes that wait for the descriptor at most.
    package static let bufferBytesMax = 4 << 20
    /// Bytes after which a batch is written at once.
    private static let batchBytes = 64 << 10
    /// How long lines that are not urgent are collected, so that a line costs a copy of some bytes and no system call.
    private static let gathering = DispatchTimeInterval.milliseconds(100)
    /// How long to wait for the last lines at the end of the process.
    package static let grace = DispatchTimeInterval.seconds(1)

    private struct State {
        var buffer = LogBuffer()
        var isStarted = false
        var isWriting = false
        var isUrgent = false
        /// Lines dropped since the last report of dropped lines.
        var dropped = 0
        var waiting: [DispatchSemaphore] = []
    }

    private let descriptor: Int32
    private let bytesMax: Int
    private let dropped: Counter
    private let isFlushedAtExit: Bool
    private let time: TimeSource
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// The journal behind the descriptor; nil for any other descriptor.
    private let journal: JournalSocket?

    /// A sink that writes to `descriptor` and counts in `dropped` what it could not write.
    package init(
        _ descriptor: Int32, bytesMax: Int = LogSink.bufferBytesMax, dropped: Counter, isFlushedAtExit: Bool = false,
        time: TimeSource = .system
    ) {
        self.descriptor = descriptor
        self.bytesMax = bytesMax
        self.dropped = dropped
        self.isFlushedAtExit = isFlushedAtExit
        self.time = time
        let stream = unsafe getenv("JOURNAL_STREAM").map { unsafe String(cString: $0) }
        journal = JournalSocket(behind: descriptor, stream: stream)
    }

    /// Appends the line that `write` writes, with its end; never waits for the descriptor.
    ///
    /// - Parameter isUrgent: whether the line is written at once, and not within a tenth of a second.
    package func append(isUrgent: Bool, _ write: (inout LogBuffer) -> Void) {
        let (wakes, starts) = state.withLock { state in
            guard state.buffer.bytes.count < bytesMax else {
                state.dropped += 1
                dropped.add()
                return (false, false)
            }
            let before = state.buffer.bytes.count
            write(&state.buffer)
            let isFull = before < Self.batchBytes && state.buffer.bytes.count >= Self.batchBytes
            let becomesUrgent = isUrgent && !state.isUrgent
            if isUrgent { state.isUrgent = true }
            let isFirst = !state.isStarted
            state.isStarted = true
            return (before == 0 || isFull || becomesUrgent, isFirst)
        }
        if starts { start() }
        if wakes { wake.signal() }
    }

    /// Waits until all lines are written, but not longer than `limit`.
    package func flush(within limit: DispatchTimeInterval = LogSink.grace) {
        let written = DispatchSemaphore(value: 0)
        let isIdle = state.withLock { state in
            if state.buffer.bytes.isEmpty && !state.isWriting { return true }
            state.isUrgent = true
            state.waiting.append(written)
            return false
        }
        if isIdle { return }
        wake.signal()
        _ = written.wait(timeout: .now() + limit)
    }

    private func start() {
        if isFlushedAtExit { atexit { LogSink.standardError.flush() } }
        let sink = unsafe Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // Signals are for the thread that waits for them.
                var signals = sigset_t()
                unsafe sigfillset(&signals)
                unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
                _ = unsafe cl_set_thread_name("log")
                unsafe Unmanaged<LogSink>.fromOpaque(argument).takeRetainedValue().run()
            }, sink)
        guard code == 0 else {
            // Without a thread nothing is written and the queue fills: lines are counted and nothing else suffers.
            unsafe Unmanaged<LogSink>.fromOpaque(sink).release()
            return
        }
        pthread_detach(thread)
    }

    private func run() -> Never {
        var batch = LogBuffer()
        while true {
            wake.wait()
            if !state.withLock({ $0.isUrgent }) { _ = wake.wait(timeout: .now() + Self.gathering) }
            writeWaiting(&batch)
        }
    }

    // Inlined into the endless loop, this keeps the optimizer of Swift 6.3 busy for ever.
    @inline(never)
    private func writeWaiting(_ batch: inout LogBuffer) {
        // Lines that come meanwhile signal again and are collected in turn.
        take(&batch)
        // The one place that every line passes, and no caller waits for it.
        let lines = VisibleText.escaping(batch.bytes)
        if let journal { send(lines, to: journal) } else { write(lines) }
        finish()
    }

    /// Exchanges what waits for an empty buffer.
    private func take(_ batch: inout LogBuffer) {
        batch.bytes.removeAll(keepingCapacity: batch.bytes.count <= 4 * Self.batchBytes)
        state.withLock { state in
            if state.dropped > 0 {
                Log.appendLine(
                    to: &state.buffer, at: time, .warning, "Log lines were dropped.", ["count": .integer(state.dropped)]
                )
                state.dropped = 0
            }
            state.isUrgent = false
            state.isWriting = true
            swap(&state.buffer.bytes, &batch.bytes)
        }
    }

    /// Wakes those who wait for all lines, when none are left.
    private func finish() {
        state.withLock { state in
            state.isWriting = false
            guard state.buffer.bytes.isEmpty else { return }
            for waiter in state.waiting { waiter.signal() }
            state.waiting = []
        }
    }

    /// Sends each line to the journal; what it does not take goes to the descriptor.
    private func send(_ lines: [UInt8], to journal: JournalSocket) {
        for line in lines.split(separator: UInt8(ascii: "\n")) where !journal.send(line) {
            write(Array(line) + [UInt8(ascii: "\n")])
        }
    }

    /// Writes whole batches; this is the only place that waits for the descriptor.
    private func write(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start)
            }
            if written > 0 {
                start += written
            } else if written < 0, errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe poll(&ready, 1, -1)
            } else if written < 0, errno != EINTR {
                // The reader is gone for good, or the disk is full.
                dropped.add(bytes[start...].count { $0 == UInt8(ascii: "\n") })
                return
            }
        }
    }
}
