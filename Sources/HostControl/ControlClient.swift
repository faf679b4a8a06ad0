// A command's end of the control socket. When no host runs, the command holds the data directory itself and does the work.

package import Configuration
import Glibc
import Primitives
import Processes
import Storage
import StoreFiles

/// Why a command was not carried out.
struct ControlError: Error, CustomStringConvertible {
    let description: String
}

/// Has commands carried out by the process that holds a data directory.
package enum ControlClient {
    /// Carries out a command on the configured data directory: through the running host, or directly when there is none.
    ///
    /// Prints the outcome. Blocks the calling thread; meant for the main thread of a command.
    ///
    /// - Parameters:
    ///   - descriptor: what a command writes to; the caller closes it.
    ///   - show: shows a line of the outcome.
    package static func run(
        _ command: ControlCommand, _ configuration: Configuration, descriptor: Int32? = nil,
        show: (String) -> Void = StandardOutput.line
    ) throws {
        let (lines, failure) = try perform(command, configuration, descriptor: descriptor)
        for line in lines { show(line) }
        if let failure { throw ControlError(description: failure) }
    }

    /// Returns the state of the installation, and whether a host runs on its data directory.
    package static func survey(
        _ configuration: Configuration
    ) throws -> (survey: InstallationSurvey, hostRuns: Bool) {
        let (lines, failure) = try perform(.survey, configuration)
        guard failure == nil, let survey = lines.first.flatMap({ InstallationSurvey(decoding: Array($0.utf8)) }) else {
            throw ControlError(
                description: failure ?? "the host did not understand: it has another version; restart it.")
        }
        return (survey, hostRuns(in: configuration.dataDirectory))
    }

    /// Whether a host listens on the control socket of `directory`.
    package static func hostRuns(in directory: String) -> Bool {
        guard let socket = try? ControlSocket.connected(in: directory) else { return false }
        socket.close()
        return true
    }

    /// Carries out a command, and returns the lines to print and the reason for a failure.
    ///
    /// - Parameter pause: waits between two attempts to open the data directory.
    static func perform(
        _ command: ControlCommand, _ configuration: Configuration, descriptor: Int32? = nil,
        pause: () -> Void = { usleep(UInt32(ControlLimits.attemptPause.wholeNanoseconds / 1000)) }
    ) throws -> (lines: [String], failure: String?) {
        let directory = configuration.dataDirectory
        var attempts = 0
        while true {
            attempts += 1
            if let answer = try asked(command, directory, descriptor) { return answer.parts }
            guard !command.needsData || DataDirectory.exists(at: directory) else {
                throw ControlError(
                    description:
                        "\(directory) is no data directory of the host, and nothing was made: name one with --data.")
            }
            let data: DataDirectory
            do throws(StoreError) { data = try DataDirectory(path: directory, options: options(of: command)) } catch {
                // A host that starts or stops holds the directory without answering. Another command will finish soon.
                guard case .locked = error, attempts < ControlLimits.attemptsMax else { throw error }
                pause()
                continue
            }
            defer { data.close() }
            let commands = ControlCommands(alone: data, configuration)
            return Blocking.run { await commands.run(command, descriptor: descriptor) }.parts
        }
    }

    /// A repair keeps what can be read of a damaged journal; every other command refuses one.
    private static func options(of command: ControlCommand) -> StoreOptions {
        var options = StoreOptions()
        if case .check(repairs: true) = command { options.salvagesJournal = true }
        return options
    }

    /// The answer of the host; nil when none listens.
    private static func asked(
        _ command: ControlCommand, _ directory: String, _ descriptor: Int32?
    ) throws -> ControlAnswer? {
        let socket: ControlSocket
        do throws(ControlSocketError) { socket = try ControlSocket.connected(in: directory) } catch {
            guard error.hasNoListener else { throw error }
            return nil
        }
        defer { socket.close() }
        guard socket.isPeerTrusted(owner: ControlSocket.owner(of: directory)) else {
            throw ControlError(description: "the data directory is held by another user's process.")
        }
        socket.limitSilence(to: ControlLimits.silenceMax)
        try socket.writeAll(command.encoded, passing: descriptor)
        let bytes = try socket.readAll(bytesMax: ControlLimits.answerBytesMax)
        guard let answer = ControlAnswer(decoding: bytes) else {
            throw ControlError(
                description: "the host stopped before it answered; check whether the command was done, then try again.")
        }
        return answer
    }
}

extension ControlAnswer {
    fileprivate var parts: (lines: [String], failure: String?) {
        switch self {
        case .done(let lines): (lines, nil)
        case .failed(let reason): ([], reason)
        case .incomplete(let lines, let reason): (lines, reason)
        }
    }
}
