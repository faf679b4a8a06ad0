// Which folders plugins are looked for in.

/// The folders that plugins are looked for in.
enum PluginFolders {
    /// The plugins beside the executable, in the data directory, and in the configured folders.
    ///
    /// - Throws: ``ConfigurationError`` for a configured folder that does not exist.
    static func load(_ configuration: Configuration) throws(ConfigurationError) -> PluginLoader {
        var loader = PluginLoader()
        loader.load(folder: ExecutableFolder.path)
        loader.load(folder: configuration.dataDirectory + "/plugins")
        for folder in configuration.pluginDirectories where !loader.load(folder: folder) {
            throw configuration.error(
                ["plugins"], "the plugin folder \(folder) does not exist: make it, or correct the path")
        }
        return loader
    }
}
