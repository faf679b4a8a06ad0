// Which folders plugins are looked for in.

package import Configuration
import Processes

/// The folders that plugins are looked for in.
package enum PluginFolders {
    /// All of them, in the order in which they are looked at.
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
