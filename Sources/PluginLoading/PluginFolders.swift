// Decides which folders are searched for plugins.

package import Configuration
import Processes

/// The folders that are searched for plugins.
package enum PluginFolders {
    /// All of them, in the order of the search.
    package static func paths(_ configuration: Configuration) -> [String] {
        [own(of: ExecutableFolder.path), configuration.dataDirectory + "/plugins"] + configuration.pluginDirectories
    }

    /// Returns the folder of the plugins that come with an executable in `folder`.
    ///
    /// A release has them in `plugins` beside its `bin`; a build has them beside the executable.
    static func own(of folder: String) -> String {
        guard folder.hasSuffix("/bin") else { return folder }
        return folder.dropLast("bin".utf8.count) + "plugins"
    }

    /// The plugins that come with the executable, in the data directory, and in the configured folders.
    ///
    /// - Throws: ``ConfigurationError`` for a configured folder that does not exist.
    package static func load(_ configuration: Configuration) throws(ConfigurationError) -> PluginLoader {
        var loader = PluginLoader()
        for folder in paths(configuration) where !loader.load(folder: folder) {
            guard configuration.pluginDirectories.contains(folder) else { continue }
            throw configuration.error(
                ["plugins"], "the plugin folder \(folder) does not exist: make it, or correct the path")
        }
        return loader
    }
}
