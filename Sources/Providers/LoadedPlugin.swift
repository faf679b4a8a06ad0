// A provider as the plugin loader returns it. Knows nothing of files and libraries.

package import ProviderSDK

/// A provider and the file it came from.
package struct LoadedPlugin: Sendable {
    package let provider: any Provider
    package let path: String
    /// The SHA-256 of the file, in hexadecimal; empty when the provider came from no file.
    package var digest = ""

    package init(provider: any Provider, path: String, digest: String = "") {
        self.provider = provider
        self.path = path
        self.digest = digest
    }
}
