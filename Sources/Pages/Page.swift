// The frame of every connect page: sheet and foot. Knows no page.

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
    private let document: HTMLDocument

    /// - Parameter ancestors: the origins whose pages may show these pages in a frame.
    init(branding: Branding, ancestors: [String], host: @escaping @Sendable () -> String) {
        self.branding = branding
        self.host = host
        document = HTMLDocument(
            style: Stylesheet.text(branding.colors), script: Scripts.page, ancestors: ancestors)
    }

    func reply(_ page: Page) -> Reply {
        let leaving: HTML = page.leavesTo.map { #"<meta http-equiv="refresh" content="0;url=\#($0)">"# } ?? .none
        let data = page.data.map { #" data-\#($0.name)="\#($0.value)""# as HTML }
        return document.reply(
            status: page.status, title: Words.title(page.heading, branding.name, isProblem: page.isProblem),
            head: "\(HTMLDocument.unlisted)\(leaving)",
            body: """
                <main class="sheet" id="main"\(data)>
                \(page.sheet)
                </main>
                <footer class="foot">\(branding.name) · \(host())</footer>
                """, headers: [("Referrer-Policy", page.referrer), ("Vary", "Accept, Cookie")] + page.headers)
    }

    /// An answer that leads the browser elsewhere.
    static func redirect(to address: String, headers: [(name: String, value: String)] = []) -> Reply {
        Reply(status: 303, headers: [("Location", address), ("Referrer-Policy", "same-origin")] + headers, body: [])
    }
}
