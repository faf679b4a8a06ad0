// Decides which folders are searched for plugins.

package import Configuration
import Processes

/// The folders that are searched for plugins.
package enum PluginFolders {
    /// All of them, in the order of the search.
    package static func paths(_ configuration: Configuration) -> [String] {
        [ExecutableFolder.path, configuration.dataDirectory + "/plugins"] + configuration.pluginDirectories
    }

    /// The plugins beside the executable, in the data directory, and in the configured folders.
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
