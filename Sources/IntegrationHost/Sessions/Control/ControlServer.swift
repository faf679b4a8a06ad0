// Serves the control socket of a running host: one command after the other, each with a bound on size and silence. What a command does
// is ControlCommands'.

import Dispatch
import Glibc
import ProviderSDK

/// The host's end of the control socket.
final class ControlServer: Sendable {
    private let directory: String
    private let socket: ControlSocket
    private let commands: ControlCommands
    private let log: Log
    private let queue = DispatchQueue(label: "control")

    /// Begins to serve in `directory`, whose lock the caller holds; ``stop()`` ends it.
    init(directory: String, commands: ControlCommands, log: Log) throws(ControlSocketError) {
        self.directory = directory
        self.commands = commands
        self.log = log
        socket = try ControlSocket.listening(in: directory)
        queue.async { self.serve() }
    }

    /// Finishes the command under way and takes the socket away.
    func stop() async {
        socket.interrupt()
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            // The queue is serial: this comes after the last command.
            queue.async { done.resume() }
        }
    }

    private func serve() {
        while true {
            do throws(ControlSocketError) {
                let peer = try socket.accepted()
                answer(peer)
                peer.close()
            } catch {
                if error.isInterrupted { break }
                log.warning("A command could not reach the host.", ["reason": .text("\(error)")])
                // Without descriptors to spare it would be the same again at once.
                usleep(UInt32(ControlLimits.attemptPause.wholeNanoseconds / 1000))
            }
        }
        ControlSocket.remove(from: directory)
        socket.close()
    }

    private func answer(_ peer: ControlSocket) {
        guard peer.isPeerTrusted else {
            return log.warning("Another user's process was refused on the control socket.")
        }
        peer.limitSilence(to: ControlLimits.silenceMax)
        do throws(ControlSocketError) {
            let request = try peer.readAll(bytesMax: ControlLimits.requestBytesMax)
            guard let command = ControlCommand(decoding: request) else {
                let reason = "the host does not know this command: it is of another version."
                return try peer.writeAll(ControlAnswer.failed(reason).encoded)
            }
            let commands = commands
            try peer.writeAll(Blocking.run { await commands.run(command) }.encoded)
        } catch {
            log.warning("A command was not answered.", ["reason": .text("\(error)")])
        }
    }
}
