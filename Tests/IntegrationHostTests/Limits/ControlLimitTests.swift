// The limits of the control socket and of a command's wait for the data directory, from both sides.

import Glibc
import ProviderSDK
import Storage
import StoreFiles
import Synchronization
import TestSupport
import Testing

@testable import Configuration
@testable import HostControl
@testable import Observability

@Suite("Limits of commands", .timeLimit(.minutes(2)))
struct ControlLimitTests {
    /// A host's end of the control socket over a data directory.
    private struct Host {
        let directory: TemporaryDirectory
        let configuration: Configuration
        let data: DataDirectory
        let server: ControlServer

        init(
            silenceMax: Duration = ControlLimits.silenceMax, stopWaitMax: Duration = ControlLimits.stopWaitMax
        ) throws {
            directory = try TemporaryDirectory()
            var configuration = Configuration()
            configuration.dataDirectory = directory.path + "/data"
            self.configuration = configuration
            data = try DataDirectory(path: configuration.dataDirectory)
            server = try ControlServer(
                directory: configuration.dataDirectory, commands: ControlCommands(alone: data, configuration),
                silenceMax: silenceMax, stopWaitMax: stopWaitMax, log: Log(level: .error))
        }

        func connected() throws -> ControlSocket {
            let socket = try ControlSocket.connected(in: configuration.dataDirectory)
            socket.limitSilence(to: .seconds(20))
            return socket
        }

        func stop() async {
            await server.stop()
            data.close()
        }
    }

    @Test("A request is read up to its size, and a larger one is not answered", arguments: [0, 1])
    func requestSize(excess: Int) async throws {
        let host = try Host()
        let socket = try host.connected()
        let answer = try await onOwnThread {
            // What the host does not read ends the connection with an error.
            try? socket.writeAll([UInt8](repeating: 0x20, count: ControlLimits.requestBytesMax + excess))
            return (try? socket.readAll(bytesMax: 4096)) ?? []
        }
        socket.close()
        #expect((ControlAnswer(decoding: answer) != nil) == (excess == 0))
        await host.stop()
    }

    @Test("An answer is read up to its size, and a larger one fails the command", arguments: [0, 1])
    func answerSize(excess: Int) async throws {
        let directory = try TemporaryDirectory()
        let listener = try ControlSocket.listening(in: directory.path)
        let host = Task {
            try await onOwnThread {
                let peer = try listener.accepted()
                _ = try peer.readAll(bytesMax: ControlLimits.requestBytesMax)
                let piece = [UInt8](repeating: 0x78, count: 1 << 20)
                for _ in 0..<(ControlLimits.answerBytesMax >> 20) { try? peer.write(piece) }
                try? peer.writeAll([UInt8](repeating: 0x78, count: excess))
                peer.close()
            }
        }
        var configuration = Configuration()
        configuration.dataDirectory = directory.path
        let error = try await onOwnThread { [configuration] in
            do {
                _ = try ControlClient.perform(.listAPIKeys, configuration)
                return ""
            } catch { return "\(type(of: error))" }
        }
        // The whole answer is read, and is none.
        #expect(error == (excess == 0 ? "ControlError" : "ControlSocketError"))
        try await host.value
        listener.close()
    }

    @Test("A client may be silent for its time, and one that is silent for longer loses its connection")
    func silence() async throws {
        // What a busy machine takes for a pause must be less than the limit.
        try await withGrowingLimit(.milliseconds(200)) { limit in
            let host = try Host(silenceMax: limit)
            let silent = try host.connected()
            let begun = ContinuousClock.now
            let answer = try await onOwnThread { (try? silent.readAll(bytesMax: 4096)) ?? [] }
            #expect(answer.isEmpty && ContinuousClock.now - begun >= limit - .milliseconds(20))
            silent.close()
            let slow = try host.connected()
            let late = try await onOwnThread {
                // Pauses that are short enough, and together longer than one may be.
                for _ in 0..<5 {
                    try? slow.write([0x20])
                    usleep(UInt32(limit / .microseconds(4)))
                }
                try? slow.writeAll([0x20])
                return (try? slow.readAll(bytesMax: 4096)) ?? []
            }
            slow.close()
            await host.stop()
            return !late.isEmpty
        }
    }

    @Test("As many commands as may be carried out are, and one more waits for the end of another")
    func commands() async throws {
        let host = try Host()
        // Each holds a place until it has said everything.
        var silent = try (1..<ControlLimits.commandsMax).map { _ in try host.connected() }
        func answers(within limit: Duration) async throws -> Bool {
            let socket = try host.connected()
            defer { socket.close() }
            socket.limitSilence(to: limit)
            return try await onOwnThread {
                try socket.writeAll([0x20])
                return (try? socket.readAll(bytesMax: 4096))?.isEmpty == false
            }
        }
        #expect(try await answers(within: .seconds(20)), "the last place")
        silent.append(try host.connected())
        #expect(try await !answers(within: .milliseconds(200)), "no place is left")
        silent[0].close()
        #expect(try await answers(within: .seconds(20)), "a place is free again")
        for socket in silent.dropFirst() { socket.close() }
        await host.stop()
    }

    @Test("A host that stops waits for a command for its time, and not for its end", arguments: [true, false])
    func stopWait(endsInTime: Bool) async throws {
        let host = try Host(stopWaitMax: endsInTime ? .seconds(60) : .milliseconds(100))
        let socket = try host.connected()
        try socket.write([0x20])
        // The server has taken the connection once it has taken a later one.
        let later = try host.connected()
        try await onOwnThread {
            try later.writeAll([0x20])
            _ = try later.readAll(bytesMax: 4096)
        }
        later.close()
        let clock = ContinuousClock()
        let begun = clock.now
        let stop = Task {
            await host.server.stop()
            return clock.now - begun
        }
        if endsInTime {
            try await Task.sleep(for: .milliseconds(150))
            socket.close()
            let time = await stop.value
            #expect(time >= .milliseconds(150) && time < .seconds(60))
        } else {
            let time = await stop.value
            #expect(time >= .milliseconds(100) && time < ControlLimits.silenceMax)
            socket.close()
        }
        host.data.close()
    }

    @Test("A command tries to open a locked directory as often as it may, and fails then", arguments: [0, 1])
    func attempts(excess: Int) async throws {
        let directory = try TemporaryDirectory()
        var configuration = Configuration()
        configuration.dataDirectory = directory.path + "/data"
        let holder = try DataDirectory(path: configuration.dataDirectory)
        let pauses = Atomic<Int>(0)
        let lines = try await onOwnThread { [configuration] () -> [String]? in
            do throws(any Error) {
                return try ControlClient.perform(.listAPIKeys, configuration) {
                    // The directory is free for the attempt after this pause.
                    let count = pauses.add(1, ordering: .relaxed).newValue
                    if count == ControlLimits.attemptsMax - 1 + excess { holder.close() }
                }.lines
            } catch { return nil }
        }
        #expect(lines == (excess == 0 ? [] : nil))
        #expect(pauses.load(ordering: .relaxed) == ControlLimits.attemptsMax - 1)
        holder.close()
    }
}
