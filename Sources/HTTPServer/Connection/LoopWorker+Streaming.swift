// Bodies and answers that go in pieces: decisions about heads, and what moves between a connection and the task of its
// handler. Every method runs on the loop's thread, except where it says that it may not.

import CLinux
import Glibc

extension LoopWorker {
    /// Has the application decide about the head that was just read.
    ///
    /// - Returns: whether the connection's bytes can be looked at further.
    func decide(_ connection: ClientConnection, _ input: inout InputBuffer) -> Bool {
        let decision = askApplication(connection, input)
        do throws(RequestRejection) {
            switch decision {
            case .buffer(let bytesMax):
                try unsafe connection.state.buffer(
                    head.pointee, bytesMax: bytesMax ?? limits.limits.bodyBytesMax, inputCount: input.count,
                    now: loop.now, limits)
                return true
            case .refuse:
                counters.headRefusals.add()
                countRequest(connection)
                unsafe connection.state.refuseBody(head.pointee, &input, now: loop.now, limits)
                finish(connection, inputIsEmpty: input.isEmpty)
                return connection.state.phase != .closing
            case .stream(let bytesMax, let handler):
                return try stream(handler, bytesMax: bytesMax, connection, &input)
            }
        } catch {
            connection.state.refuse(error)
            writeRefusal(rejected(error, connection, input), connection)
            return false
        }
    }

    /// Starts `handler`; returns whether the connection's bytes can be looked at further.
    private func stream(
        _ handler: @escaping HeadDecision.StreamHandler, bytesMax: Int, _ connection: ClientConnection,
        _ input: inout InputBuffer
    ) throws(RequestRejection) -> Bool {
        let length = connection.state.headLength
        let headBytes = input.withBytes { bytes in (0..<length).map { bytes[$0] } }
        let announcedBytes: Int? =
            if case .length(let count) = unsafe head.pointee.framing { count } else { nil }
        try unsafe connection.state.stream(head.pointee, &input, bytesMax: bytesMax, now: loop.now, limits)
        countRequest(connection)
        connection.deferredHead = headBytes
        connection.hasHandler = true
        let token = connection.token
        let reader = BodyReader(
            budget: shared.memory, bufferBytesMax: limits.limits.streamBufferBytesMax, announcedBytes: announcedBytes,
            isPaused: !connection.state.streaming.wantsBody
        ) { [weak self] in
            guard let self else { return }
            loop.execute { [weak self] in self?.bodyIsWanted(token) }
        }
        connection.reader = reader
        // What has come already is there before the handler asks: most bodies come with their heads.
        guard deliver(connection, &input) else { return false }
        guard let response = start(DeferredResponse { await handler(reader) }, connection) else { return false }
        writer.write(response)
        finish(connection, inputIsEmpty: input.isEmpty)
        return connection.state.phase != .closing
    }

    /// Gives what has come of a body to its reader; false when the connection has ended or was refused.
    func deliver(_ connection: ClientConnection, _ input: inout InputBuffer) -> Bool {
        guard let reader = connection.reader else { return false }
        var fits = true
        do throws(RequestRejection) {
            try connection.state.takeBody(&input, now: loop.now, limits) { fits = reader.append($0) }
            if !fits { throw .memoryExhausted }
        } catch {
            refuseRest(error, connection)
            return false
        }
        if connection.state.incoming == nil {
            reader.finish()
            return true
        }
        if connection.peerEnded { reader.fail(.connectionClosed) }
        if !reader.wantsMore() { _ = connection.state.bodyIsWanted(false, now: loop.now, limits) }
        return true
    }

    /// The rest of a body that is read in pieces is refused: with an answer where none has begun.
    private func refuseRest(_ reason: RequestRejection, _ connection: ClientConnection) {
        abandonHandler(connection, .rejected(reason))
        guard !connection.state.streaming.answerHasBegun else {
            counters.count(reason)
            // Later, because the connection is in the middle of its turn.
            let token = connection.token
            return loop.execute { [self] in
                guard loop.isCurrent, let connection = self.connection(token) else { return }
                reset(connection, .failedAnswer)
            }
        }
        connection.state.refuse(reason)
        writeRefusal(rejected(reason, connection), connection)
    }

    /// Cancels the handler and has its reading and writing fail.
    func abandonHandler(_ connection: ClientConnection, _ error: BodyError) {
        connection.task?.cancel()
        connection.task = nil
        if let reader = connection.reader.take() { reader.fail(error) }
        if let writer = connection.writer.take() { writer.fail(error) }
    }

    private func bodyIsWanted(_ token: ConnectionToken) {
        guard loop.isCurrent, let connection = connection(token), connection.reader != nil else { return }
        if connection.state.bodyIsWanted(true, now: loop.now, limits) { sendContinue() }
        resume(connection)
    }

    // MARK: Answers in pieces

    /// Whether the answer has a body for `stream` to make: none is sent in answer to HEAD, with 204 and with 304.
    ///
    /// Notes how the end of the body is marked, for the head of the answer.
    func hasBody(_ token: ConnectionToken, _ response: HTTPResponse, _ stream: StreamedBody) -> Bool {
        guard loop.isCurrent, let connection = connection(token) else { return false }
        let coding: AnswerCoding =
            if let length = stream.lengthBytes {
                .length(length)
            } else {
                connection.framing.saysKeepAlive ? .untilClose : .chunked
            }
        connection.framing.body = .streamed(coding)
        return !connection.framing.isHead && !response.status.forbidsBody
    }

    /// Sends the head of an answer that comes in pieces.
    ///
    /// - Returns: where its body goes; nil where the connection has ended.
    func beginStream(_ token: ConnectionToken, _ response: HTTPResponse) -> BodyWriter? {
        guard loop.isCurrent, let connection = connection(token), connection.state.phase == .responding,
            case .streamed(let coding) = connection.framing.body
        else { return nil }
        writer.write(response)
        if coding == .untilClose { connection.framing.closes = true }
        if writer.closesConnection || connection.state.isLast { connection.framing.closes = true }
        writer.finish(into: &output, connection.framing, date: date)
        connection.state.answerBegins(now: loop.now, limits)
        counters.streamedAnswers.add()
        let body = BodyWriter(
            coding, budget: shared.memory, bufferBytesMax: limits.limits.streamBufferBytesMax
        ) { [weak self] in
            guard let self else { return }
            loop.execute { [weak self] in self?.answerMoves(token) }
        }
        connection.writer = body
        if connection.state.isLast { body.serverEnds() }
        if !isStarting(token) { settle(connection) }
        return isOpen(token) ? body : nil
    }

    /// Sends what the handler has written.
    private func answerMoves(_ token: ConnectionToken) {
        guard loop.isCurrent, let connection = connection(token), connection.unsent == nil else { return }
        takeWritten(connection)
        settle(connection)
    }

    /// Moves what the handler has written to the output.
    func takeWritten(_ connection: ClientConnection) {
        guard let body = connection.writer else { return }
        body.take(into: &output)
    }

    /// The handler has written its answer, or has failed to.
    func endStream(_ token: ConnectionToken, _ body: BodyWriter, hasFailed: Bool) {
        guard loop.isCurrent else {
            // The loop has stopped, or the handler left its executor.
            return loop.execute { [self] in if loop.isCurrent { endStream(token, body, hasFailed: hasFailed) } }
        }
        if isStarting(token) {
            // The connection is in the middle of its turn.
            return loop.execute { [self] in endStream(token, body, hasFailed: hasFailed) }
        }
        guard let connection = connection(token), connection.writer === body else { return }
        connection.writer = nil
        connection.task = nil
        guard !hasFailed, body.finish(into: &output) == nil else {
            output.removeAll()
            body.fail(.connectionClosed)
            // Without a length or a last chunk, only a reset shows that the body is not complete.
            return body.endsWithConnection ? reset(connection, .failedAnswer) : end(connection, .failedAnswer)
        }
        // The head of an answer that began before the server's end did not say that the connection closes.
        if connection.state.isLast || !connection.state.canDiscardBody(limits) { connection.framing.closes = true }
        answered(connection, closes: connection.framing.closes, inputIsEmpty: connection.inputCount == 0)
        resume(connection)
    }

    /// Ends the connection so that the peer sees an error, not an end.
    private func reset(_ connection: ClientConnection, _ reason: ConnectionEnd) {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            connection.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        end(connection, reason)
    }
}
