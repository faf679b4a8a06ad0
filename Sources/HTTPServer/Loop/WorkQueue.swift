// What a loop's own thread has put off until the end of its turn, in order; and the two small types its waiting needs.

import Glibc
import Synchronization

/// A first-in-first-out queue that keeps its allocation.
struct WorkQueue {
    private var items: [EventLoop.Work?] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }

    mutating func append(_ work: EventLoop.Work) { items.append(work) }

    mutating func popFirst() -> EventLoop.Work? {
        guard head < items.count else { return nil }
        let work = items[head].take()
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 4096 && head > items.count / 2 {
            items.removeFirst(head)
            head = 0
        }
        return work
    }
}

/// One task asleep on a loop: woken once, by time or by cancellation, whichever is first.
final class Sleeper: Sendable {
    private enum State: Sendable {
        case new
        case asleep(CheckedContinuation<Bool, Never>, ScheduledCall)
        case over
    }

    private let state = Mutex(State.new)

    func begin(_ continuation: CheckedContinuation<Bool, Never>, _ schedule: () -> ScheduledCall) {
        let isOver = state.withLock { state in
            if case .over = state { return true }
            // Scheduling only queues: the call cannot come before this lock is released.
            state = .asleep(continuation, schedule())
            return false
        }
        if isOver { continuation.resume(returning: false) }
    }

    func end(finished: Bool) {
        let previous = state.withLock { state in
            let previous = state
            state = .over
            return previous
        }
        guard case .asleep(let continuation, let call) = previous else { return }
        if !finished { call.cancel() }
        continuation.resume(returning: finished)
    }
}

/// The loop of the present thread.
enum CurrentLoop {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key, nil)
        return key
    }()

    static func get() -> EventLoop? {
        guard let pointer = unsafe pthread_getspecific(key) else { return nil }
        return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
    }

    static func set(_ loop: EventLoop?) {
        let pointer = unsafe loop.map { unsafe UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) }
        unsafe pthread_setspecific(key, pointer)
    }
}
