// A command's end of the control socket, and the way without it: when no host runs, the command holds the data directory itself.

import DocumentStore
import Glibc

/// Why a command was not carried out.
struct ControlError: Error, CustomStringConvertible {
    let description: String
}

/// Gets commands carried out by whoever holds a data directory.
enum ControlClient {
    /// Carries out a command on `directory`: through the host that has it, or directly where none has.
    ///
    /// Blocks the calling thread; meant for the main thread of a command.
    ///
    /// - Returns: the lines to print.
    static func perform(_ command: ControlCommand, directory: String) throws -> [String] {
        var attempts = 0
        while true {
            attempts += 1
            if let answer = try asked(command, directory) { return try lines(answer) }
            let data: DataDirectory
            do throws(StoreError) { data = try DataDirectory(path: directory) } catch {
                // A host that starts or stops holds the directory without answering; another command will be done soon.
                guard case .locked = error, attempts < ControlLimits.attemptsMax else { throw error }
                usleep(UInt32(ControlLimits.attemptPause.wholeNanoseconds / 1000))
                continue
            }
            defer { data.close() }
            let commands = ControlCommands(apiKeys: APIKeys(data.documents, log: Log(level: .warning)))
            return try lines(Blocking.run { await commands.run(command) })
        }
    }

    /// The answer of the host; nil when none listens.
    private static func asked(_ command: ControlCommand, _ directory: String) throws -> ControlAnswer? {
        let socket: ControlSocket
        do throws(ControlSocketError) { socket = try ControlSocket.connected(in: directory) } catch {
            guard error.isNobodyThere else { throw error }
            return nil
        }
        defer { socket.close() }
        guard socket.isPeerTrusted else {
            throw ControlError(description: "the data directory is held by another user's process.")
        }
        socket.limitSilence(to: ControlLimits.silenceMax)
        try socket.writeAll(command.encoded)
        let bytes = try socket.readAll(bytesMax: ControlLimits.answerBytesMax)
        guard let answer = ControlAnswer(decoding: bytes) else {
            throw ControlError(
                description: "the host stopped before it answered; look whether it was done and try again.")
        }
        return answer
    }

    private static func lines(_ answer: ControlAnswer) throws(ControlError) -> [String] {
        switch answer {
        case .done(let lines): return lines
        case .failed(let reason): throw ControlError(description: reason)
        }
    }
}
