// How pages show the application: its name, its logo and its colours. A colour is used where it has enough contrast, for light and for
// dark apart.

package import Configuration
import Cryptography
import Glibc
package import Observability

/// The application as pages show it.
package struct Branding: Sendable {
    /// The file of a logo.
    struct Logo: Sendable {
        let mediaType: String
        let bytes: [UInt8]
    }

    package let name: String
    let logo: Logo?
    let colors: BrandColors

    /// Reads the logo.
    ///
    /// - Throws: ``ConfigurationError`` for a logo that cannot be used.
    package init(_ configuration: Configuration, log: Log) throws(ConfigurationError) {
        let branding = configuration.connect.branding
        name = branding.name
        logo = try branding.logoFile.map { (path) throws(ConfigurationError) in
            guard let logo = Logo(path) else {
                throw configuration.error(
                    ["connect", "branding", "logoFile"],
                    "“logoFile” must be a PNG, JPEG or SVG file of at most \(ConfigurationLimits.logoBytesMax) bytes")
            }
            return logo
        }
        colors = branding.color.flatMap(Color.init).map(BrandColors.init) ?? BrandColors(light: nil, dark: nil)
        if branding.color != nil, colors.light == nil || colors.dark == nil {
            log.warning(
                "The colour of connect.branding has too little contrast for some pages, which keep the built-in one.",
                ["light": .text(colors.light == nil ? "no" : "yes"), "dark": .text(colors.dark == nil ? "no" : "yes")])
        }
    }

    init(name: String, logo: Logo? = nil, colors: BrandColors = BrandColors(light: nil, dark: nil)) {
        self.name = name
        self.logo = logo
        self.colors = colors
    }
}

extension Branding.Logo {
    /// Reads a file whose first bytes are those of an image; nil for any other.
    fileprivate init?(_ path: String) {
        guard let bytes = try? FileBytes.read(path, bytesMax: ConfigurationLimits.logoBytesMax) else { return nil }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            mediaType = "image/png"
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            mediaType = "image/jpeg"
        } else if String(validating: bytes, as: UTF8.self)?.contains("<svg") == true {
            mediaType = "image/svg+xml"
        } else {
            return nil
        }
        self.bytes = bytes
    }
}

/// A colour of sRGB.
struct Color: Sendable, Equatable {
    let red: Double
    let green: Double
    let blue: Double

    /// Reads `#rrggbb`.
    init?(_ text: String) {
        guard text.utf8.count == 7, text.hasPrefix("#"), let value = UInt32(text.dropFirst(), radix: 16) else {
            return nil
        }
        red = Double(value >> 16 & 0xFF) / 255
        green = Double(value >> 8 & 0xFF) / 255
        blue = Double(value & 0xFF) / 255
    }

    private init(red: Double, green: Double, blue: Double) { (self.red, self.green, self.blue) = (red, green, blue) }

    /// The relative luminance (WCAG 2.2).
    private var luminance: Double {
        func linear(_ part: Double) -> Double { part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4) }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// The contrast ratio to another colour, from 1 to 21.
    func contrast(to other: Color) -> Double {
        let (bright, dark) = (max(luminance, other.luminance), min(luminance, other.luminance))
        return (bright + 0.05) / (dark + 0.05)
    }

    /// The colour mixed with a fifth of black.
    var darker: Color { Color(red: red * 0.8, green: green * 0.8, blue: blue * 0.8) }

    var text: String {
        func part(_ value: Double) -> String {
            let digits = String(Int((value * 255).rounded()), radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }
        return "#" + part(red) + part(green) + part(blue)
    }
}

/// The tokens of the stylesheet that the application's colour replaces.
struct BrandColors: Sendable, Equatable {
    /// Declarations for light pages; nil keeps the built-in colours.
    let light: String?
    /// Declarations for dark pages; nil keeps the built-in colours.
    let dark: String?

    init(light: String?, dark: String?) {
        self.light = light
        self.dark = dark
    }

    init(_ color: Color) {
        light = Self.tokens(color, surface: "#ffffff")
        dark = Self.tokens(color, surface: "#141c22")
    }

    /// The colour fills buttons when white or ink can be read on it and it stands out from the surface; it colours links when it can be
    /// read itself.
    private static func tokens(_ color: Color, surface: String) -> String? {
        guard let surface = Color(surface), let white = Color("#ffffff"), let ink = Color("#13202a") else { return nil }
        var tokens = ""
        let (onWhite, onInk) = (color.contrast(to: white), color.contrast(to: ink))
        if max(onWhite, onInk) >= 4.5, color.contrast(to: surface) >= 3 {
            let text = onWhite >= onInk ? white : ink
            // White stays readable on a darker ground; ink does not.
            let hover = onWhite >= onInk ? color.darker : color
            tokens += "--fill:\(color.text);--fill-hover:\(hover.text);--on-fill:\(text.text);"
        }
        if color.contrast(to: surface) >= 4.5 { tokens += "--accent:\(color.text);" }
        return tokens.isEmpty ? nil : tokens
    }
}
