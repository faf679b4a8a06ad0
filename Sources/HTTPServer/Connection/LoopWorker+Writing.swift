// What leaves a connection: sending, keeping what the peer does not take, watching for more, and the end. Every method runs
// on the loop's thread.

import CLinux
import Glibc
import Synchronization

extension LoopWorker {
    /// Sends what was answered, then closes, waits or watches as the connection's state says.
    func settle(_ connection: ClientConnection) {
        if !output.isEmpty {
            let isOpen = send(connection)
            output.removeAll(keepingAtMost: 1024 * 1024)
            guard isOpen else { return }
        }
        // Between requests there is nothing to count, unless more of them wait for their turn.
        var holdsMemory = true
        if connection.unsent == nil {
            switch connection.state.phase {
            case .closing: return finishClosing(connection)
            case .responding: break
            case .idle:
                if connection.peerEnded && !connection.waitsForTurn { return end(connection) }
                holdsMemory = false
            case .head, .deciding, .body, .chunkedBody, .discarding:
                if connection.peerEnded && !connection.waitsForTurn { return end(connection) }
            case .draining:
                if connection.peerEnded { return end(connection) }
            }
        }
        if holdsMemory || connection.chargedCount != 0, !charge(connection) { return }
        watch(connection)
        arm(connection)
    }

    /// Takes from the memory budget what the connection has come to hold, or gives back what it holds no more.
    ///
    /// False when there is no room: then the connection has been answered 503, or ended where its answer had begun.
    @inline(never)
    private func charge(_ connection: ClientConnection) -> Bool {
        let count = connection.memoryCount
        let moreHeld = connection.heldCount - connection.chargedHeldCount
        if count == connection.chargedCount && moreHeld == 0 { return true }
        // What a handler holds is there already, and its work has begun.
        if moreHeld > 0 { shared.memory.takeAlways(moreHeld) } else { shared.memory.giveBack(-moreHeld) }
        connection.chargedHeldCount = connection.heldCount
        connection.chargedCount += moreHeld
        // Output and further requests are refused also while a handler holds a request.
        let more = count - connection.chargedCount
        if more <= 0 {
            shared.memory.giveBack(-more)
        } else if !shared.memory.take(more) {
            refuseForMemory(connection)
            return false
        }
        connection.chargedCount = count
        return true
    }

    private func refuseForMemory(_ connection: ClientConnection) {
        switch connection.state.phase {
        case .head where connection.unsent == nil, .body where connection.unsent == nil,
            .chunkedBody where connection.unsent == nil:
            let rejected = rejected(.memoryExhausted, connection)
            connection.input = nil
            connection.state.refuse(.memoryExhausted)
            writeRefusal(rejected, connection)
            settle(connection)
        default:
            counters.count(.memoryExhausted)
            end(connection, .memory)
        }
    }

    /// Sends the output; keeps what the peer does not take.
    ///
    /// False when the connection has been ended.
    private func send(_ connection: ClientConnection) -> Bool {
        if connection.unsent != nil {
            connection.unsent?.bytes.append(output)
            return true
        }
        var sent = 0
        while sent < output.count {
            let count = unsafe Glibc.send(
                connection.descriptor, output.base + sent, output.count - sent, CL_MSG_NOSIGNAL)
            if count > 0 {
                sent += count
                counters.bytesSent.add(count)
                continue
            }
            if errno == EINTR { continue }
            guard errno == EAGAIN else {
                end(connection)
                return false
            }
            keepUnsent(from: sent, connection)
            connection.state.outputWaits(delivered: delivered(connection) ?? 0, now: loop.now, limits)
            return true
        }
        return true
    }

    /// Keeps the output from `sent` on; a large one is handed over as it is, a small rest is copied.
    private func keepUnsent(from sent: Int, _ connection: ClientConnection) {
        if output.count - sent < 64 * 1024 {
            var rest = ByteBuffer(capacity: output.count - sent)
            rest.append(output.view[sent..<output.count])
            connection.unsent = UnsentOutput(bytes: rest)
        } else {
            var whole = ByteBuffer(capacity: 64 * 1024)
            swap(&output, &whole)
            connection.unsent = UnsentOutput(bytes: whole, offset: sent)
        }
    }

    /// Sends what waited, now that the peer takes more.
    func sendUnsent(_ connection: ClientConnection) {
        guard var unsent = connection.unsent.take() else { return }
        while unsent.count > 0 {
            let count = unsafe Glibc.send(
                connection.descriptor, unsent.bytes.base + unsent.offset, unsent.count, CL_MSG_NOSIGNAL)
            if count > 0 {
                unsent.offset += count
                unsent.sentCount += count
                counters.bytesSent.add(count)
                continue
            }
            if errno == EINTR { continue }
            if errno != EAGAIN { return end(connection) }
            connection.unsent = consume unsent
            return settle(connection)
        }
        connection.state.outputSent(now: loop.now, limits)
        resume(connection)
    }

    /// The last answer is out: ends at once where nothing is left unread, else lets the peer read the answer first.
    private func finishClosing(_ connection: ClientConnection) {
        if connection.peerEnded || !connection.state.leavesInputUnread { return end(connection) }
        shutdown(connection.descriptor, Int32(SHUT_WR))
        connection.input = nil
        connection.state.beginDraining(now: loop.now, limits)
        _ = charge(connection)
        watch(connection)
        arm(connection)
    }

    func watch(_ connection: ClientConnection) {
        var wanted: UInt32 = 0
        if connection.unsent != nil {
            wanted = CL_EPOLLOUT
        } else if connection.wantsInput(waitingBytesMax: limits.limits.waitingBytesMax) {
            wanted = CL_EPOLLIN
        }
        if wanted == connection.interest { return }
        connection.interest = wanted
        loop.watch(connection.descriptor, EPOLL_CTL_MOD, wanted, connection.token.packed)
    }

    /// Makes sure that a timer comes up no later than the connection's deadline.
    ///
    /// Later deadlines need no new timer: the one that is set finds out.
    func arm(_ connection: ClientConnection) {
        guard connection.state.deadline < connection.armedAt else { return }
        if connection.armedAt != .max { loop.noteStaleTimer() }
        connection.armedAt = connection.state.deadline
        loop.arm(connection.token, at: connection.armedAt)
    }

    /// Closes the socket, for a reason that is counted, and forgets the connection.
    func end(_ connection: ClientConnection, _ reason: ConnectionEnd) {
        counters.ends[reason.index].add()
        end(connection)
    }

    /// Closes the socket and forgets the connection.
    func end(_ connection: ClientConnection) {
        abandonHandler(connection, .connectionClosed)
        if connection.chargedCount > 0 { shared.memory.giveBack(connection.chargedCount) }
        connection.chargedCount = 0
        if connection.isCounted { shared.clients.remove(connection.remoteAddress) }
        connections[Int(connection.descriptor)] = nil
        close(connection.descriptor)
        counters.connectionsClosed.add()
        openCount -= 1
        shared.openConnections.wrappingSubtract(1, ordering: .relaxed)
        if connection.armedAt != .max { loop.noteStaleTimer() }
        if openCount == 0, let whenEmpty = whenEmpty.take() { whenEmpty() }
    }
}
