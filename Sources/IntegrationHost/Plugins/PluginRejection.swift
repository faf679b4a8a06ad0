// Why a file in a plugin folder is not used. One sentence each: the file, what is wrong, what to do.

/// A plugin that was refused.
struct PluginRejection: Sendable, Equatable, CustomStringConvertible {
    enum Reason: Sendable, Equatable {
        case unreadable(String)
        case writableByOthers(mode: UInt32)
        case notALibrary(String)
        case missingEntryPoint(String)
        case incompatible(builtFor: String, needs: String)
        case noProvider
        case invalidManifest([String])
        case duplicateID(String, other: String)
    }

    let path: String
    let reason: Reason

    var description: String {
        switch reason {
        case .unreadable(let problem): "\(path) cannot be read (\(problem)): check the file and its permissions."
        case .writableByOthers(let mode):
            "\(path) can be changed by other users (mode \(String(mode, radix: 8))): remove group and world write permission."
        case .notALibrary(let problem): "\(path) is not a plugin library (\(problem)): build it again, or remove it."
        case .missingEntryPoint(let symbol):
            "\(path) does not export \(symbol): add the plugin's entry points, or remove the file."
        case .incompatible(let builtFor, let needs):
            "\(path) was built for ProviderSDK \(builtFor) and this host needs \(needs): build the plugin again with this SDK."
        case .noProvider: "\(path) made no provider: its entry point must return PluginEntry.export of one."
        case .invalidManifest(let problems):
            "\(path) has an invalid manifest: \(problems.joined(separator: "; ")): correct the plugin."
        case .duplicateID(let id, let other):
            "\(path) provides “\(id)”, which \(other) provides already: remove one of the two files."
        }
    }
}
