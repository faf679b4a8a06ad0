// Checks settings regardless of where they were given, once the file, the environment and the flags are merged.

import Glibc
package import HTTPServer
import ProviderSDK

extension Configuration {
    /// A mistake in `setting`, with the place where it was given.
    package func error(_ setting: [String], _ problem: String) -> ConfigurationError {
        ConfigurationError(place: places.place(of: setting), problem: problem)
    }

    /// Runs `work`, whose errors name a setting, and reports a failure with the place where the setting was given.
    package func placing<Value>(_ work: () throws(ConfigurationError) -> Value) throws(ConfigurationError) -> Value {
        do throws(ConfigurationError) { return try work() } catch {
            throw self.error(error.place.split(separator: ".").map(String.init), error.problem)
        }
    }

    /// Checks what every command relies on.
    package func check() throws(ConfigurationError) {
        _ = try listenAddress
        _ = try trustedProxyRanges
        try checkConnect()
        guard WebOrigin(of: publicURL) != nil, !Self.hasQueryOrFragment(publicURL) else {
            throw error(["publicURL"], "“publicURL” must be an absolute http or https URL without query and fragment")
        }
        for (index, origin) in allowedOrigins.enumerated()
        where WebOrigin(of: origin) == nil || origin.utf8.count(where: { $0 == UInt8(ascii: "/") }) != 2
            || Self.hasQueryOrFragment(origin)
        {
            throw error(
                ["allowedOrigins", String(index)],
                "an entry of “allowedOrigins” must be an origin such as https://app.example.com, without a path")
        }
        for (index, uri) in redirectURIs.enumerated()
        where WebOrigin(of: uri) == nil || uri.utf8.contains(UInt8(ascii: "#")) {
            throw error(
                ["redirectURIs", String(index)],
                "an entry of “redirectURIs” must be an absolute http or https URL without a fragment")
        }
    }

    /// The ranges of `trustedProxies`.
    package var trustedProxyRanges: [AddressRange] {
        get throws(ConfigurationError) {
            var ranges: [AddressRange] = []
            for (index, text) in trustedProxies.enumerated() {
                guard let range = AddressRange(text) else {
                    throw error(
                        ["trustedProxies", String(index)],
                        "an entry of “trustedProxies” must be an address or a network such as 10.0.0.0/8 or fd00::/8")
                }
                ranges.append(range)
            }
            return ranges
        }
    }

    /// Checks what a host needs besides before it listens.
    package func checkListening() throws(ConfigurationError) {
        let host = try listenAddress.host
        guard isPublicURLGiven || (host != "0.0.0.0" && host != "::") else {
            throw error(
                ["listen"],
                "a host that listens on all addresses needs “publicURL”: the URL under which browsers and providers reach it"
            )
        }
    }

    /// Checks that the folder of the backups can be written to.
    package func checkBackupDirectory() throws(ConfigurationError) {
        guard let directory = backup.directory else { return }
        guard unsafe access(directory, W_OK | X_OK) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw error(
                ["backup", "directory"],
                "the folder of “backup.directory” cannot be written to: \(reason) (\(directory))")
        }
    }

    /// The address to listen on.
    private var listenAddress: SocketAddress {
        get throws(ConfigurationError) {
            do throws(ServerError) { return try SocketAddress(listen) } catch {
                throw self.error(
                    ["listen"], "“listen” must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080")
            }
        }
    }

    package static func hasQueryOrFragment(_ url: String) -> Bool {
        url.utf8.contains { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
    }
}
