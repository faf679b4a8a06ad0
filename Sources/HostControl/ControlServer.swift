// Serves the control socket of a running host: a few commands at a time, each with a bound on size and silence.
// ControlCommands carries them out.

import Dispatch
import Glibc
package import Observability
import Primitives
import Processes
import ProviderSDK
import StoreFiles

/// The host's end of the control socket.
package final class ControlServer: Sendable {
    private let directory: String
    private let socket: ControlSocket
    private let commands: ControlCommands
    private let log: Log
    private let accepting = DispatchQueue(label: "control")
    private let underWay = DispatchGroup()
    private let places = DispatchSemaphore(value: ControlLimits.commandsMax)
    private let silenceMax: Duration
    private let stopWaitMax: Duration

    /// Begins to serve in `directory`, whose lock the caller holds; ``stop()`` ends it.
    package convenience init(directory: String, commands: ControlCommands, log: Log) throws(ControlSocketError) {
        try self.init(
            directory: directory, commands: commands, silenceMax: ControlLimits.silenceMax,
            stopWaitMax: ControlLimits.stopWaitMax, log: log)
    }

    init(
        directory: String, commands: ControlCommands, silenceMax: Duration, stopWaitMax: Duration, log: Log
    ) throws(ControlSocketError) {
        self.silenceMax = silenceMax
        self.stopWaitMax = stopWaitMax
        self.directory = directory
        self.commands = commands
        self.log = log
        socket = try ControlSocket.listening(in: directory)
        accepting.async { self.serve() }
    }

    /// Closes the socket and waits for the commands under way, for a limited time.
    package func stop() async {
        socket.interrupt()
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            // The queue is serial, so this runs once nothing more is accepted.
            accepting.async {
                let limit = DispatchTime.now().uptimeNanoseconds + self.stopWaitMax.wholeNanoseconds
                if self.underWay.wait(timeout: DispatchTime(uptimeNanoseconds: limit)) == .timedOut {
                    self.log.warning("A command was still under way when the host stopped.")
                }
                done.resume()
            }
        }
    }

    private func serve() {
        while true {
            do throws(ControlSocketError) {
                let peer = try socket.accepted()
                places.wait()
                underWay.enter()
                // Not a dispatch queue: its few threads wait for silent clients, and it adds one a second.
                startThread(named: "control-command") {
                    self.answer(peer)
                    peer.close()
                    self.places.signal()
                    self.underWay.leave()
                }
            } catch {
                if error.isInterrupted { break }
                log.warning("A command could not reach the host.", ["reason": .text("\(error)")])
                // Without free descriptors, accepting again at once would fail again.
                usleep(UInt32(ControlLimits.attemptPause.wholeNanoseconds / 1000))
            }
        }
        ControlSocket.remove(from: directory)
        socket.close()
    }

    private func answer(_ peer: ControlSocket) {
        guard peer.isPeerTrusted() else {
            return log.warning("Another user's process was refused on the control socket.")
        }
        peer.limitSilence(to: silenceMax)
        do throws(ControlSocketError) {
            var descriptor: Int32?
            defer { if let descriptor { Glibc.close(descriptor) } }
            let request = try peer.readAll(bytesMax: ControlLimits.requestBytesMax) { descriptor = $0 }
            guard let command = ControlCommand(decoding: request) else {
                let reason = "the host does not know this command: it is of another version."
                return try peer.writeAll(ControlAnswer.failed(reason).encoded)
            }
            let (commands, passed) = (commands, descriptor)
            // Spaces before a JSON text mean nothing; they show that the host still works.
            let answer = Blocking.run(every: ControlLimits.signOfLifePause) {
                await commands.run(command, descriptor: passed)
            } meanwhile: {
                try? peer.write([UInt8(ascii: " ")])
            }
            try peer.writeAll(answer.encoded)
        } catch {
            log.warning("A command was not answered.", ["reason": .text("\(error)")])
        }
    }
}
