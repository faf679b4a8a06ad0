// The frame of every page of the dashboard: bar, navigation and live dot. Knows no page.

import Events
import Pages
import Requests

/// A page before it is put into its frame.
struct DashboardPage {
    /// The pages of the navigation.
    enum Place: CaseIterable {
        case overview, connections, providers

        var address: String {
            switch self {
            case .overview: "/"
            case .connections: "/dashboard/connections"
            case .providers: "/dashboard/providers"
            }
        }

        var name: String {
            switch self {
            case .overview: DashboardWords.overview
            case .connections: DashboardWords.connections
            case .providers: DashboardWords.providers
            }
        }
    }

    /// A sentence above the content.
    struct Notice {
        let text: String
        var isProblem = false
    }

    var status = 200
    let heading: String
    var isProblem = false
    var place: Place?
    /// The connection that the page is about.
    var about: String?
    /// Whether a link offers to show the page again when something has changed.
    var isLive = true
    var notice: Notice?
    let content: HTML
    var headers: [(name: String, value: String)] = []
}

/// The frame around pages.
struct DashboardFrame: Sendable {
    let branding: Branding
    let version: String
    private let document: HTMLDocument

    init(branding: Branding, version: String) {
        self.branding = branding
        self.version = version
        document = HTMLDocument(
            style: Stylesheet.tokens(branding) + DashboardStyle.tokens + DashboardStyle.rules,
            script: DashboardScript.page, connects: true)
    }

    /// A page for a person who is signed in.
    ///
    /// - Parameter formToken: what the form of the sign-out carries.
    func reply(_ page: DashboardPage, formToken: String) -> Reply {
        let links = DashboardPage.Place.allCases.map { place -> HTML in
            #"<a href="\#(place.address)"\#(place == page.place ? #" aria-current="page""# : HTML.none)>\#(place.name)</a>"#
        }
        let kinds = LiveEvent.Kind.allCases.filter { $0 != .syncProgress }.map(\.rawValue).joined(separator: " ")
        let dot: HTML =
            page.isLive
            ? """
            <span class="live" id="live" role="status" hidden data-on="\(DashboardWords.live)" \
            data-again="\(DashboardWords.again)" data-off="\(DashboardWords.notLive)" data-kinds="\(kinds)"></span>
            """ : .none
        let newer: HTML =
            page.isLive
            ? #"<p class="callout ok" id="newer" hidden><a href="">\#(DashboardWords.newer)</a></p>"# : .none
        return reply(
            page,
            """
            <a class="skip" href="#main">\(DashboardWords.skip)</a>
            <header class="bar"><div><a class="brand" href="/">\(Parts.tile(branding, size: "tile-s"))\(branding.name)</a>\
            <nav class="nav" aria-label="\(DashboardWords.main)">\(links)</nav>\(dot)\
            <form method="post" action="/dashboard/sign-out">\(Self.hidden(formToken))\
            <button class="btn btn-text btn-s">\(DashboardWords.signOut)</button></form></div></header>
            <main class="page" id="main" tabindex="-1">
            \(Self.notice(page.notice))\(newer)\(page.content)
            </main>
            """)
    }

    /// A page for a person who is not signed in: one sheet.
    func sheet(_ page: DashboardPage) -> Reply {
        reply(
            page,
            """
            <main class="sheet" id="main"><div class="line">\(Parts.tile(branding, size: "tile-s"))\
            <span class="soft small">\(branding.name)</span></div>
            \(page.content)
            </main>
            """)
    }

    private func reply(_ page: DashboardPage, _ body: HTML) -> Reply {
        document.reply(
            status: page.status, title: DashboardWords.title(page.heading, branding.name, isProblem: page.isProblem),
            head: HTMLDocument.unlisted, attributes: #" data-about="\#(page.about ?? "")""#, body: body,
            headers: [("Referrer-Policy", "same-origin"), ("Vary", "Cookie"), ("Cache-Control", "no-store")]
                + page.headers)
    }

    private static func notice(_ notice: DashboardPage.Notice?) -> HTML {
        guard let notice else { return .none }
        let icon = notice.isProblem ? Parts.Icon.warning : .done
        return """
            <div class="callout \(notice.isProblem ? "bad" : "ok")" role="status" tabindex="-1" data-focus>\(icon.html)\
            <p>\(notice.text)</p></div>
            """
    }

    /// The field with which a form shows that it comes from a page of the person.
    static func hidden(_ formToken: String) -> HTML { #"<input type="hidden" name="form" value="\#(formToken)">"# }

    /// An answer that leads the browser elsewhere.
    static func redirect(to address: String, headers: [(name: String, value: String)] = []) -> Reply {
        Reply(status: 303, headers: [("Location", address), ("Referrer-Policy", "same-origin")] + headers, body: [])
    }
}
