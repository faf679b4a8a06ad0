// The parts that pages are made of: tiles, the wire between them, icons, buttons. Knows no page.

import Cryptography

/// The parts of pages.
package enum Parts {
    // MARK: Tiles and the wire

    /// How far application and provider are connected.
    enum Wire: String { case idle, go, ok, warn, bad }

    /// A tile with the first letter of a name on a colour that depends only on the id.
    package static func tile(_ name: String, id: String, size: String = "") -> HTML {
        let letter = name.unicodeScalars.first { $0.properties.isAlphabetic }.map { String($0).uppercased() } ?? "?"
        let digest = SHA256.digest(id).bytes
        let hue = (Int(digest[0]) << 8 | Int(digest[1])) % 360
        return """
            <svg class="tile \(size)" viewBox="0 0 64 64" aria-hidden="true"><rect width="64" height="64" rx="14" \
            fill="hsl(\(hue),55%,38%)"/><text x="32" y="44">\(letter)</text></svg>
            """
    }

    /// The application's tile: its logo, or a letter.
    package static func tile(_ branding: Branding, size: String = "") -> HTML {
        guard branding.logo != nil else { return tile(branding.name, id: branding.name, size: size) }
        return #"<img class="tile \#(size)" src="/connect/logo" alt="">"#
    }

    /// Application and provider with the wire between them.
    static func pair(_ branding: Branding, _ wire: Wire, _ provider: (name: String, id: String)?) -> HTML {
        let other = provider.map { tile($0.name, id: $0.id, size: "tile-l") } ?? .none
        return """
            <div class="pair">\(tile(branding, size: "tile-l"))<svg class="wire \(wire.rawValue)" viewBox="0 0 72 28" \
            aria-hidden="true">\(drawing(wire))</svg>\(other)</div>
            """
    }

    private static func drawing(_ wire: Wire) -> HTML {
        let broken: HTML =
            #"<line x1="2" y1="14" x2="14" y2="14"/><line x1="58" y1="14" x2="70" y2="14"/><circle cx="36" cy="14" r="12"/>"#
        return switch wire {
        case .idle, .go: #"<line class="dots" x1="4" y1="14" x2="68" y2="14"/>"#
        case .ok:
            #"<line x1="2" y1="14" x2="70" y2="14"/><circle cx="36" cy="14" r="12"/><path d="m30.5 14.5 3.8 3.8 7.2-8.2"/>"#
        case .warn: #"\#(broken)<path d="M36 7.5v8M36 20v.2"/>"#
        case .bad: #"\#(broken)<path d="m31.5 9.5 9 9m0-9-9 9"/>"#
        }
    }

    // MARK: Icons

    package enum Icon: String {
        case left = "M10 3.5 5.5 8l4.5 4.5"
        case right = "m6 3.5 4.5 4.5L6 12.5"
        case tick = "m3 8.6 3.2 3.2L13 4.6"
        case cross = "m4.2 4.2 7.6 7.6m0-7.6-7.6 7.6"
        case done = "M14.25 8a6.25 6.25 0 1 1-12.5 0 6.25 6.25 0 0 1 12.5 0zM5.4 8.2l1.8 1.8 3.4-3.8"
        case warning = "M8 2.2 14.3 13H1.7zM8 6.4v3M8 11.2v.1"
        case clock = "M14.25 8a6.25 6.25 0 1 1-12.5 0 6.25 6.25 0 0 1 12.5 0zM8 4.6V8l2.3 1.5"
        case dashed =
            "M14.2 8.9a6.25 6.25 0 0 1-1.4 3.1M10.9 13.5a6.25 6.25 0 0 1-3.4.7M4.8 13.4a6.25 6.25 0 0 1-2.4-2.5M1.8 8.4a6.25 6.25 0 0 1 1-3.8M4.9 2.6a6.25 6.25 0 0 1 3.4-.9M11.3 2.7a6.25 6.25 0 0 1 2.3 2.5"
        case arrows = "M13.6 6.4A6 6 0 0 0 2.9 5M2.4 9.6A6 6 0 0 0 13.1 11M2.6 2.2V5h2.8M13.4 13.8V11h-2.8"
        case wrong = "M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4zm.6 4.25 4 4m0-4-4 4"

        package var html: HTML {
            #"<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d="\#(rawValue)"/></svg>"#
        }
    }

    // MARK: Links

    static func back(_ address: String) -> HTML {
        #"<a class="back" href="\#(address)">\#(Icon.left.html)\#(Words.back)</a>"#
    }

    static func button(
        _ address: String, _ text: String, isMain: Bool = false, id: String = "", leavesFrame: Bool = false
    ) -> HTML {
        let name: HTML = id.isEmpty ? .none : #" id="\#(id)""#
        let target: HTML = leavesFrame ? #" target="_top""# : .none
        return #"<a class="btn \#(isMain ? "btn-main" : "")"\#(name)\#(target) href="\#(address)">\#(text)</a>"#
    }

    static func cancel(_ address: String, _ text: String = Words.cancel) -> HTML {
        #"<a class="btn btn-text" data-cancel href="\#(address)">\#(text)</a>"#
    }
}
