// The frame of the pages of the reference: navigation and heading. No page has a script.

import Requests

/// The frame around the pages of the reference.
struct ReferenceFrame: Sendable {
    let branding: Branding
    private let document: HTMLDocument

    init(branding: Branding) {
        self.branding = branding
        document = HTMLDocument(
            style: Stylesheet.text(branding.colors) + Self.rules, script: nil, sendsForms: false)
    }

    /// - Parameter heading: the heading, as the title says it.
    func reply(_ heading: String, status: Int = 200, isIndex: Bool = false, _ content: HTML) -> Reply {
        let navigation: HTML =
            isIndex
            ? .none
            : #"<nav><a class="back" href="/docs">\#(Parts.Icon.left.html)\#(ReferenceWords.allRoutes)</a></nav>"#
        return document.reply(
            status: status, title: "\(heading) – \(branding.name)", attributes: #" class="reference""#,
            body: """
                <main id="main">
                \(navigation)<h1>\(heading)</h1>
                \(content)
                </main>
                """, headers: [("Referrer-Policy", "no-referrer")])
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
