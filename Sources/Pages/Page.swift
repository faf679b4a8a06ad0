// The frame of every page: head, sheet and foot, and the header fields that hold the browser to it. Knows no page.

import Cryptography
import Requests

/// A page before it is put into its frame.
struct Page {
    var status = 200
    /// The heading, as the title says it.
    let heading: String
    var isProblem = false
    /// What the browser says to others about the address of the page.
    var referrer = "same-origin"
    /// An address to which the browser goes at once.
    var leavesTo: String?
    /// Attributes of the sheet for the script.
    var data: [(name: String, value: String)] = []
    /// What stands on the sheet.
    let sheet: HTML
    var headers: [(name: String, value: String)] = []
}

/// The frame around pages.
struct PageFrame: Sendable {
    let branding: Branding
    /// The host's own name below the sheet.
    let host: @Sendable () -> String
    private let style: HTML
    private let policy: String

    private let isFramed: Bool

    /// - Parameter ancestors: the origins whose pages may show these pages in a frame.
    init(branding: Branding, ancestors: [String], host: @escaping @Sendable () -> String) {
        isFramed = !ancestors.isEmpty
        self.branding = branding
        self.host = host
        let style = Stylesheet.text(branding.colors)
        self.style = .verbatim(style)
        // Only the style and the script of this program may run, by their hashes. A form is sent to the host only, which also governs where
        // its answer may redirect to.
        policy =
            "default-src 'none'; style-src '\(Self.hash(style))'; script-src '\(Self.hash(Scripts.page))'; img-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors "
            + (ancestors.isEmpty ? "'none'" : ancestors.joined(separator: " "))
    }

    private static func hash(_ text: String) -> String {
        "sha256-" + Base64.encode(SHA256.digest(text).bytes)
    }

    func reply(_ page: Page) -> Reply {
        let title = Words.title(page.heading, branding.name, isProblem: page.isProblem)
        let leaving: HTML = page.leavesTo.map { #"<meta http-equiv="refresh" content="0;url=\#($0)">"# } ?? .none
        let data = page.data.map { #" data-\#($0.name)="\#($0.value)""# as HTML }
        let html: HTML = """
            <!doctype html>
            <html lang="\(Words.language)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>\(title)</title>
            <meta name="robots" content="noindex">
            <link rel="icon" href="/connect/icon.svg">
            \(leaving)<style>\(style)</style>
            </head>
            <body>
            <main class="sheet" id="main"\(data)>
            \(page.sheet)
            </main>
            <footer class="foot">\(branding.name) · \(host())</footer>
            <script>\(.verbatim(Scripts.page))</script>
            </body>
            </html>

            """
        return Reply(
            status: page.status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy),
                ("Referrer-Policy", page.referrer), ("Vary", "Accept, Cookie"),
            ] + (isFramed ? [] : [("X-Frame-Options", "DENY")]) + page.headers, body: Array(html.markup.utf8))
    }

    /// An answer that leads the browser elsewhere.
    static func redirect(to address: String, headers: [(name: String, value: String)] = []) -> Reply {
        Reply(status: 303, headers: [("Location", address), ("Referrer-Policy", "same-origin")] + headers, body: [])
    }
}
