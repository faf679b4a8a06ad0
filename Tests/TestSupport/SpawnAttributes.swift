// The arguments of one posix_spawn: which descriptors, directory and signals the new process has.

import CLinux
import Glibc

/// What a process is started with; to be destroyed after the start.
@unsafe
struct SpawnAttributes {
    private var actions = unsafe posix_spawn_file_actions_t()
    private var attributes = posix_spawnattr_t()
    /// The ends of pipes that are for the process alone.
    private var ends: [Int32] = []

    /// Standard input is empty, no signal is ignored or blocked.
    init() {
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }

    mutating func destroy() {
        for end in unsafe ends { close(end) }
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe posix_spawnattr_destroy(&attributes)
    }

    mutating func change(to folder: String) { unsafe posix_spawn_file_actions_addchdir_np(&actions, folder) }

    /// Makes `stream` the descriptor `number` of the process.
    ///
    /// - Returns: what reads it, when it is a pipe.
    mutating func connect(_ number: Int32, to stream: ChildProcess.Stream) throws -> PipeReader? {
        switch stream {
        case .discarded: unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
        case .file(let path):
            unsafe posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        case .descriptor(let descriptor): unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
        case .pipe:
            var pair: [Int32] = [-1, -1]
            guard unsafe pipe(&pair) == 0 else {
                throw ChildProcess.Failure(description: "no pipe: \(unsafe String(cString: strerror(errno)))")
            }
            for end in pair { _ = cl_fcntl(end, F_SETFD, FD_CLOEXEC) }
            unsafe ends.append(pair[1])
            unsafe posix_spawn_file_actions_adddup2(&actions, pair[1], number)
            return PipeReader(pair[0])
        }
        return nil
    }

    /// Starts `command`.
    ///
    /// - Returns: the process id.
    mutating func start(_ command: [String], environment: [String: String]?) throws -> Int32 {
        // Other tests open descriptors at any moment: none of them is for this process.
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            unsafe (environment ?? [:]).map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        var identifier: pid_t = 0
        let code = unsafe variables.withUnsafeMutableBufferPointer { variables in
            unsafe posix_spawnp(
                &identifier, command[0], &actions, &attributes, &arguments,
                environment == nil ? environ : variables.baseAddress)
        }
        guard code == 0 else {
            let reason = unsafe String(cString: strerror(code))
            throw ChildProcess.Failure(description: "“\(command.joined(separator: " "))” cannot be started: \(reason)")
        }
        return identifier
    }
}
