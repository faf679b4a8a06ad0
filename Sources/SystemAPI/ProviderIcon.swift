// An icon for providers without one: the first letter of the name on a colour that depends only on the id.

import Cryptography

enum ProviderIcon {
    /// The icon as SVG.
    static func svg(id: String, name: String) -> String {
        let digest = SHA256.digest(id).bytes
        let hue = (Int(digest[0]) << 8 | Int(digest[1])) % 360
        let letter = name.unicodeScalars.first { $0.properties.isAlphabetic }.map(String.init) ?? "?"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64" role="img">\
            <rect width="64" height="64" rx="14" fill="hsl(\(hue),55%,42%)"/>\
            <text x="32" y="34" fill="#fff" font-family="system-ui,sans-serif" font-size="34" font-weight="600" \
            text-anchor="middle" dominant-baseline="central">\(letter)</text></svg>
            """
    }
}
