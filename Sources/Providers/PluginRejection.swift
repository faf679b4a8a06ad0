// Why a plugin file, or a whole plugin folder, is not used. One sentence each: the file, the problem, the remedy.

/// A refused plugin, or a refused plugin folder.
package struct PluginRejection: Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case unreadable(String)
        case symbolicLink
        case foreignOwner(user: UInt32, own: UInt32)
        case writableByOthers(mode: UInt32)
        case tooManyFiles(max: Int)
        case notALibrary(String)
        case missingEntryPoint(String)
        case incompatible(builtFor: String, needs: String)
        case noProvider
        case invalidManifest([String])
        case duplicateID(String, other: String)
    }

    package let path: String
    /// Whether the whole folder at ``path`` is unused.
    package var isFolder = false
    /// The id of the file's provider, when it could be determined.
    package var providerID: String?
    package let reason: Reason

    package init(path: String, isFolder: Bool = false, providerID: String? = nil, reason: Reason) {
        self.path = path
        self.isFolder = isFolder
        self.providerID = providerID
        self.reason = reason
    }

    package var description: String {
        let what = isFolder ? "The plugin folder \(path)" : path
        return switch reason {
        case .unreadable(let problem): "\(what) cannot be read (\(problem)): check it and its permissions."
        case .symbolicLink: "\(what) is a symbolic link: copy the library itself into the folder."
        case .foreignOwner(let user, let own):
            "\(what) belongs to another user (\(user)): give it to root or to the user of this process (\(own))."
        case .writableByOthers(let mode):
            "\(what) can be changed by other users (mode \(String(mode, radix: 8))): remove group and world write permission (chmod go-w)."
        case .tooManyFiles(let max):
            "\(what) holds more than \(max) libraries and is not used: keep only plugins in it."
        case .notALibrary(let problem): "\(what) is not a plugin library (\(problem)): rebuild it, or remove it."
        case .missingEntryPoint(let symbol):
            "\(what) does not export \(symbol): add the plugin's entry points, or remove the file."
        case .incompatible(let builtFor, let needs):
            "\(what) was built for ProviderSDK \(builtFor) and this host needs \(needs): build the plugin again with this SDK."
        case .noProvider: "\(what) returned no provider: its entry point must return PluginEntry.export of one."
        case .invalidManifest(let problems):
            "\(what) has an invalid manifest: \(problems.joined(separator: "; ")): correct the plugin."
        case .duplicateID(let id, let other):
            "\(what) provides “\(id)”, which \(other) provides already: remove one of the two files."
        }
    }
}
