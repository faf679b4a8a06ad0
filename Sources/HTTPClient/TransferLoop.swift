// The one thread that drives libcurl. Callers leave commands in its inbox and wake it; it starts transfers in turn, lets libcurl
// work, ends those whose time is over, and hands out results. Only this thread touches libcurl.

import CCurl
import Glibc
import Primitives
import Synchronization

/// The state and loop of the worker's thread.
@safe final class TransferLoop: @unchecked Sendable {
    enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        /// Large bodies were given back, and others wait.
        case room
        case stop
    }

    private let inbox = Mutex(Inbox())
    private let counters = Mutex(HTTPClient.Counters())
    private let configuration: HTTPClient.Configuration
    /// The memory of large bodies.
    let memory: BodyMemory
    private let multi: UnsafeMutableRawPointer

    private struct Inbox {
        var commands: [Command] = []
        var isClosed = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    // Below: the worker's thread alone.
    private var queue: AdmissionQueue<Transfer>
    private var active: [ObjectIdentifier: EasyHandle] = [:]
    private var idle: [EasyHandle] = []
    private var spare: [Command] = []
    private var nextTick = MonotonicInstant(nanoseconds: 0)
    private var isStopping = false
    private var hasRun = false

    /// Makes libcurl's handle.
    ///
    /// Nil when memory is exhausted.
    init?(_ configuration: HTTPClient.Configuration) {
        guard Self.isLibraryReady, let multi = unsafe curl_multi_init() else { return nil }
        self.configuration = configuration
        memory = BodyMemory(bytesMax: configuration.largeBodiesBytesMax)
        unsafe self.multi = multi
        queue = AdmissionQueue(
            .init(
                active: configuration.transfersMax, activePerShare: configuration.transfersPerHostMax,
                waiting: configuration.waitingMax))
        unsafe cc_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, configuration.idleConnectionsMax)
        memory.onRoom { [weak self] in self?.post(.room) }
    }

    /// libcurl's own set-up, which must happen once, before any other thread uses it.
    private static let isLibraryReady = curl_global_init(CC_GLOBAL_DEFAULT) == CURLE_OK

    /// Starts the thread, which keeps the worker alive until it has stopped.
    ///
    /// False when the system gives no thread.
    func startThread() -> Bool {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { unsafe pthread_attr_destroy(&attributes) }
        let context = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        // Signals are the host's main thread's business; blocked here, they are blocked in libcurl's resolver threads too.
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let status = unsafe pthread_create(
            &thread, &attributes,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        if status != 0 { unsafe context.release() }
        return status == 0
    }

    /// Leaves a command.
    ///
    /// False when the worker takes none any more.
    @discardableResult
    func post(_ command: Command) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.isClosed else { return false }
            inbox.commands.append(command)
            // The caller that finds the inbox empty wakes the thread; later commands are read along with it. Within the lock,
            // because libcurl's handle may go as soon as the inbox is closed.
            if inbox.commands.count == 1 { unsafe curl_multi_wakeup(multi) }
            return true
        }
    }

    /// Waits until the thread has stopped.
    func stop() async {
        post(.stop)
        await withCheckedContinuation { continuation in
            let isClosed = inbox.withLock { inbox in
                if !inbox.isClosed { inbox.stopped.append(continuation) }
                return inbox.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    /// The counts so far.
    func currentCounters() -> HTTPClient.Counters {
        counters.withLock { $0 }
    }

    deinit {
        if !hasRun { unsafe curl_multi_cleanup(multi) }
    }
}

extension TransferLoop {
    private func run() {
        hasRun = true
        while true {
            readInbox()
            if isStopping { break }
            var running: Int32 = 0
            unsafe curl_multi_perform(multi, &running)
            let finished = takeResults()
            resumePaused()
            let now = SystemClock.instant
            expire(now)
            let started = startWaiting(now)
            // What was just started or ended changes what there is to wait for.
            if finished || started { continue }
            var ready: Int32 = 0
            unsafe curl_multi_poll(multi, nil, 0, Int32(clamping: waitMilliseconds(now)), &ready)
        }
        shutDown()
    }

    private func readInbox() {
        inbox.withLock { swap(&$0.commands, &spare) }
        for command in spare {
            switch command {
            case .start(let transfer): admit(transfer)
            case .cancel(let transfer): cancel(transfer)
            case .room: break
            case .stop: isStopping = true
            }
        }
        spare.removeAll(keepingCapacity: true)
    }

    private func admit(_ transfer: Transfer) {
        guard transfer.stage == .waiting else { return }
        guard transfer.mayConnect else { return end(transfer, .addressRefused) }
        switch queue.admit(transfer, share: transfer.origin) {
        case .start: start(transfer, now: transfer.created)
        case .wait: break
        case .refused: end(transfer, .queueFull)
        }
    }

    private func startWaiting(_ now: MonotonicInstant) -> Bool {
        var started = false
        while let transfer = queue.next() {
            start(transfer, now: now)
            started = true
        }
        return started
    }

    private func start(_ transfer: Transfer, now: MonotonicInstant) {
        guard let handle = idle.popLast() ?? EasyHandle(configuration), handle.lend(to: transfer),
            unsafe curl_multi_add_handle(multi, handle.pointer) == CURLM_OK
        else {
            queue.finished(share: transfer.origin)
            end(transfer, .library(code: Int(CURLE_OUT_OF_MEMORY.rawValue)))
            return
        }
        active[ObjectIdentifier(transfer)] = handle
        transfer.begin(now: now)
    }

    /// Lets those bodies grow that waited for memory and can have it.
    private func resumePaused() {
        while let transfer = memory.nextWaiting() { active[ObjectIdentifier(transfer)]?.resume() }
    }

    /// Takes libcurl's results.
    ///
    /// True when there was one.
    private func takeResults() -> Bool {
        var any = false
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let pointer = unsafe message.pointee.easy_handle else {
                continue
            }
            let result = unsafe cc_message_result(message)
            var context: UnsafeMutableRawPointer?
            unsafe cc_getinfo_ptr(pointer, CURLINFO_PRIVATE, &context)
            guard let handle = unsafe EasyHandle.of(context), let transfer = handle.transfer else { continue }
            any = true
            if let kind = failureKind(result, transfer) {
                abort(transfer, handle, kind)
            } else {
                release(transfer)
                count(transfer, failure: nil)
                transfer.succeed(now: SystemClock.instant)
            }
        }
        return any
    }

    /// Ends the transfers whose time is over.
    private func expire(_ now: MonotonicInstant) {
        for handle in active.values {
            guard let transfer = handle.transfer, transfer.deadline <= now else { continue }
            abort(transfer, handle, transfer.timeoutKind())
        }
        guard queue.waitingCount > 0, nextTick <= now else { return }
        nextTick = now + .milliseconds(HTTPClientLimits.queueTickMilliseconds)
        for transfer in queue.removeWaiting(where: { $0.deadline <= now }) { end(transfer, .timeout(.queue)) }
    }

    private func cancel(_ transfer: Transfer) {
        if let handle = active[ObjectIdentifier(transfer)] {
            abort(transfer, handle, .cancelled)
        } else {
            queue.removeWaiting(share: transfer.origin) { $0 === transfer }
            end(transfer, .cancelled)
        }
    }

    private func abort(_ transfer: Transfer, _ handle: EasyHandle, _ kind: HTTPClientError.Kind) {
        let sent = handle.sentByteCount > 0 && !transfer.isReachingProxy
        release(transfer)
        end(transfer, kind, mayHaveBeenSent: sent)
    }

    /// Takes a transfer out of libcurl; its place and its handle are free.
    private func release(_ transfer: Transfer) {
        guard let handle = active.removeValue(forKey: ObjectIdentifier(transfer)) else { return }
        memory.leave(transfer)
        unsafe curl_multi_remove_handle(multi, handle.pointer)
        handle.takeBack()
        if idle.count < HTTPClientLimits.idleHandlesMax { idle.append(handle) }
        queue.finished(share: transfer.origin)
    }

    private func end(_ transfer: Transfer, _ kind: HTTPClientError.Kind, mayHaveBeenSent: Bool = false) {
        guard transfer.stage != .done else { return }
        count(transfer, failure: kind)
        transfer.fail(kind, mayHaveBeenSent: mayHaveBeenSent)
    }

    private func count(_ transfer: Transfer, failure: HTTPClientError.Kind?) {
        counters.withLock { counters in
            counters.finished(transfer, failure: failure)
            counters.active = active.count
            counters.waiting = queue.waitingCount
            counters.idleHandles = idle.count
        }
    }

    private func waitMilliseconds(_ now: MonotonicInstant) -> Int {
        var wait = 60_000
        for handle in active.values {
            guard let transfer = handle.transfer else { continue }
            wait = min(wait, (transfer.deadline - now).roundedMilliseconds)
        }
        return queue.waitingCount > 0 ? min(wait, HTTPClientLimits.queueTickMilliseconds) : wait
    }

    /// Ends everything and closes the inbox; commands that came in the meantime are answered as well.
    private func shutDown() {
        for handle in Array(active.values) {
            guard let transfer = handle.transfer else { continue }
            abort(transfer, handle, .shutdown)
        }
        for transfer in queue.removeWaiting(where: { _ in true }) { end(transfer, .shutdown) }
        idle.removeAll()
        let (commands, stopped) = inbox.withLock { inbox in
            inbox.isClosed = true
            let rest = (inbox.commands, inbox.stopped)
            inbox.commands = []
            inbox.stopped = []
            return rest
        }
        for case .start(let transfer) in commands { end(transfer, .shutdown) }
        // Closes every connection. No caller wakes the thread through this handle any more: the inbox is closed.
        unsafe curl_multi_cleanup(multi)
        for continuation in stopped { continuation.resume() }
    }

    /// Returns the error that libcurl's result stands for; nil for a complete response.
    private func failureKind(_ result: CURLcode, _ transfer: Transfer) -> HTTPClientError.Kind? {
        if let refusal = transfer.refusal { return refusal }
        switch result {
        case CURLE_OK: return transfer.incompletion
        case CURLE_COULDNT_RESOLVE_HOST: return .resolution
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED: return .connect
        case CURLE_OPERATION_TIMEDOUT:
            return transfer.stage == .connecting ? .timeout(.connect) : transfer.timeoutKind()
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            return .tls(.certificate)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED: return .tls(.handshake)
        case CURLE_SSL_CACERT_BADFILE: return .tls(.authoritiesFile)
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2_STREAM:
            return .connectionLost
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING:
            return .protocolError
        // A header line that outgrew libcurl's buffer has this name.
        case CURLE_OUT_OF_MEMORY where transfer.isAwaitingHeader:
            return .responseTooLarge(.header, bytesMax: HTTPClientLimits.responseHeaderBytesMax)
        case CURLE_URL_MALFORMAT: return .invalidRequest(.url)
        default: return .library(code: Int(result.rawValue))
        }
    }
}
