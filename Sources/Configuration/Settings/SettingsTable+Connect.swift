// The connect pages' part of the table of settings, and its part of the configuration.

import ProviderSDK

/// The pages on which users connect accounts.
package struct ConnectConfiguration: Sendable, Equatable {
    /// How the pages show the application.
    package struct Branding: Sendable, Equatable {
        /// The application's name.
        package var name = "this application"
        /// The file of its logo: PNG, JPEG or SVG; nil for a tile with the first letter of its name.
        package var logoFile: String?
        /// The colour of its buttons and links, as `#rrggbb`; nil for the built-in one.
        package var color: String?
    }

    /// The URLs to which the pages return, compared byte for byte.
    package var returnTo: [String] = []
    /// The origins whose pages may show the connect pages in a frame.
    package var frameAncestors: [String] = []
    package var branding = Branding()
}

extension SettingsTable {
    static let connect = [
        Setting(
            "connect", "returnTo", kind: .texts(separator: ",", .init(\.connect.returnTo)),
            "the pages of the application to which a connect session may return: full URLs without query, compared byte for byte"
        ),
        Setting(
            "connect", "frameAncestors", kind: .texts(separator: ",", .init(\.connect.frameAncestors)),
            "origins whose pages may show the connect pages in a frame, such as `https://app.example.com`; the host must be on the same site, or "
                + "browsers send it no cookie"),
        Setting(
            "connect", "branding", "name", kind: .text(.init(\.connect.branding.name)),
            "the name of the application on the connect pages"),
        Setting(
            "connect", "branding", "logoFile", kind: .path(.init(\.connect.branding.logoFile)),
            "its logo: a PNG, JPEG or SVG file of at most \(ConfigurationLimits.logoBytesMax >> 10) KiB, shown in a square"
        ) { $0.defaultText = "a tile with the first letter of the name" },
        Setting(
            "connect", "branding", "color", kind: .text(.init(\.connect.branding.color)),
            "the colour of its buttons and links, as `#rrggbb`; used where it has enough contrast"
        ) { $0.defaultText = "the built-in one" },
    ]
}

extension Configuration {
    /// Checks the settings of the connect pages.
    func checkConnect() throws(ConfigurationError) {
        for (index, url) in connect.returnTo.enumerated()
        where WebOrigin(of: url) == nil || Self.hasQueryOrFragment(url) {
            throw error(
                ["connect", "returnTo", String(index)],
                "an entry of “returnTo” must be an absolute http or https URL without query and fragment")
        }
        for (index, origin) in connect.frameAncestors.enumerated()
        where WebOrigin(of: origin) == nil || origin.utf8.count(where: { $0 == UInt8(ascii: "/") }) != 2
            || Self.hasQueryOrFragment(origin) || origin.contains(where: { ";,'".contains($0) })
        {
            throw error(
                ["connect", "frameAncestors", String(index)],
                "an entry of “frameAncestors” must be an http or https origin, such as https://app.example.com")
        }
        let branding = connect.branding
        guard branding.name.utf8.count <= ConfigurationLimits.brandingNameBytesMax,
            branding.name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else {
            throw error(
                ["connect", "branding", "name"],
                "“name” must have at most \(ConfigurationLimits.brandingNameBytesMax) bytes and no control characters")
        }
        guard let color = branding.color else { return }
        let digits = color.utf8.dropFirst()
        guard color.utf8.first == UInt8(ascii: "#"), digits.count == 6,
            digits.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 | 0x20 })
        else { throw error(["connect", "branding", "color"], "“color” must have the form #rrggbb") }
    }
}
