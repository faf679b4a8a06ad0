// The frame of the pages of the reference: head, navigation and the header fields that hold the browser to it. No page has a script.

import Cryptography
import Requests

/// The frame around the pages of the reference.
struct ReferenceFrame: Sendable {
    let branding: Branding
    private let style: HTML
    private let policy: String

    init(branding: Branding) {
        self.branding = branding
        let style = Stylesheet.text(branding.colors) + Self.rules
        self.style = .verbatim(style)
        let hash = Base64.encode(SHA256.digest(style).bytes)
        policy =
            "default-src 'none'; style-src 'sha256-\(hash)'; img-src 'self'; form-action 'none'; base-uri 'none'; "
            + "frame-ancestors 'none'"
    }

    /// - Parameter heading: the heading, as the title says it.
    func reply(_ heading: String, status: Int = 200, isIndex: Bool = false, _ content: HTML) -> Reply {
        let navigation: HTML =
            isIndex
            ? .none
            : #"<nav><a class="back" href="/docs">\#(Parts.Icon.left.html)\#(ReferenceWords.allRoutes)</a></nav>"#
        let html: HTML = """
            <!doctype html>
            <html lang="\(Words.language)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>\(heading) – \(branding.name)</title>
            <link rel="icon" href="/connect/icon.svg">
            <style>\(style)</style>
            </head>
            <body class="reference">
            <main id="main">
            \(navigation)<h1>\(heading)</h1>
            \(content)
            </main>
            </body>
            </html>

            """
        return Reply(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy),
                ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
            ], body: Array(html.markup.utf8))
    }

    private static let rules = """
        .reference{display:block;padding:2rem 1.25rem 4rem}
        .reference main{width:min(100%,56rem);margin:0 auto}
        .reference h2{margin-top:2.5rem;font-size:1.125rem}.reference h3{margin:1.5rem 0 .5rem;font-size:1rem;font-weight:650}
        .reference nav{margin-bottom:.5rem}
        .ops{margin-top:.5rem;border:1px solid var(--line);border-radius:.625rem;background:var(--surface);overflow:clip}
        .ops li{padding:.625rem .875rem}.ops li+li{border-top:1px solid var(--line)}
        .ops a{display:inline-block;min-height:1.5rem}
        .ops small,.rows small{display:block;font-size:.8125rem;color:var(--ink2)}
        .method{display:inline-block;min-width:4.25rem;font-size:.8125rem;font-weight:650;color:var(--ink2)}
        .rows{margin-top:.5rem;border-top:1px solid var(--line)}
        .rows div{padding:.5rem 0;border-bottom:1px solid var(--line)}
        .rows dt code{font-weight:600}.rows dt span{margin-left:.5rem;font-size:.8125rem;color:var(--ink2)}
        .rows dd{font-size:.875rem;color:var(--ink2)}
        .reference pre{margin:.5rem 0 0;padding:1rem;overflow:auto;max-height:32rem;border:1px solid var(--line);\
        border-radius:.625rem;background:var(--sunken);font-size:.8125rem;line-height:1.5;overflow-wrap:normal}
        .reference p{margin-top:.5rem}.reference details{margin-top:.5rem}

        """
}
