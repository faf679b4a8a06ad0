// Looks at who may read and change the files of an installation: configuration, key ring, data, plugins.

package import Configuration
import Credentials
import Glibc
import PluginLoading

/// The checks of owners and modes.
package enum AccessCheck {
    /// Returns what is found about the files that `configuration` names.
    ///
    /// - Parameter file: the path of the configuration file; nil without one.
    package static func run(_ configuration: Configuration, file: String?) -> [Finding] {
        var findings: [Finding] = []
        if let file, holdsSecret(configuration), let mode = mode(of: file), mode & 0o044 != 0 {
            findings.append(
                .warning(
                    "configuration-access", "\(file) holds secrets, and other users of this machine can read it",
                    means: "A program that reads it can act as your application at the providers.",
                    do: "chmod 600 \(file), or put each secret into a separate file (clientSecretFile)."))
        }
        let ring = KeyRings.path(configuration)
        if let mode = mode(of: ring), mode & 0o007 != 0 {
            findings.append(
                .problem(
                    "keys-access", "\(ring) is open to other users of this machine",
                    means: "A program that reads it and the data can use every stored credential; the host refuses it.",
                    do: "chmod 600 \(ring)"))
        }
        let folders = PluginFolders.paths(configuration).filter { unsafe access($0, F_OK) == 0 }
        for folder in folders where mode(of: folder).map({ $0 & 0o002 != 0 }) == true {
            findings.append(
                .problem(
                    "plugins-access", "every user of this machine can write to \(folder)",
                    means: "A plugin runs with all rights of the host; such a folder is not loaded.",
                    do: "chmod o-w \(folder)"))
        }
        return findings.isEmpty ? [.good("access", "Only their owner can change the files")] : findings
    }

    private static func holdsSecret(_ configuration: Configuration) -> Bool {
        configuration.sessions.nextAuth?.secrets.isEmpty == false
            || configuration.providers.values.contains { provider in
                provider.clientSecret != nil || !provider.settings.isEmpty
                    || provider.variants.values.contains { $0.clientSecret != nil }
            }
    }

    private static func mode(of path: String) -> UInt32? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode
    }
}
