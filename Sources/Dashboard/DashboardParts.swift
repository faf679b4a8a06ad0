// The parts that pages of the dashboard are made of: states, times, tables, forms. Knows no page.

import ConnectionModel
import Connections
import Pages
import Primitives
import ProviderSDK

/// The looks of a state: a mark, a colour and the edge of a card.
enum Look: String {
    case ok, warn, bad, wait, off

    init(_ kind: DiagnosisClass) {
        switch kind {
        case .working: self = .ok
        case .rateLimited, .transient, .unknown: self = .wait
        case .misconfigured, .refused, .credentialUnreadable, .pluginMissing, .notificationsFailing: self = .bad
        case .revoked, .ended, .scopeLost, .denied, .codeRefused: self = .warn
        case .pending, .lapsed, .disconnected, .unmanaged: self = .off
        }
    }

    var icon: Parts.Icon {
        switch self {
        case .ok: .done
        case .warn: .warning
        case .bad: .wrong
        case .wait: .clock
        case .off: .dashed
        }
    }
}

enum DashboardParts {
    static func status(_ look: Look, _ text: String, isPill: Bool = true, icon: Parts.Icon? = nil) -> HTML {
        #"<span class="st \#(isPill ? "pill " : "")\#(look.rawValue)">\#((icon ?? look.icon).html)\#(text)</span>"#
    }

    // MARK: Times

    /// A moment of the past: within a day as a duration, else as a date, with the whole time for the reader's clock.
    static func time(_ moment: Timestamp?, now: Timestamp, absent: String = DashboardWords.never) -> HTML {
        guard let moment else { return HTML(text: absent) }
        let seconds = Int(now.duration(since: moment) / .seconds(1))
        let isRecent = 0..<86_400 ~= seconds
        let text = isRecent ? DashboardWords.ago(seconds) : date(moment)
        return """
            <time datetime="\(moment.description)" title="\(moment.description)" data-full="\(isRecent ? 0 : 1)">\(text)</time>
            """
    }

    /// A moment as date and time of day in UTC.
    static func date(_ moment: Timestamp) -> String {
        let text = moment.description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
    }

    // MARK: Parts of pages

    static func card(_ title: String, id: String, aside: HTML = .none, _ body: HTML, footer: HTML = .none) -> HTML {
        """
        <section class="card" aria-labelledby="\(id)"><header><h2 id="\(id)">\(title)</h2>\(aside)</header>\(body)\
        \(footer.isEmpty ? .none : "<footer>\(footer)</footer>" as HTML)</section>
        """
    }

    static func empty(_ heading: String, _ text: String, _ link: (address: String, text: String)? = nil) -> HTML {
        let link: HTML = link.map { #"<a class="btn" href="\#($0.address)">\#($0.text)</a>"# } ?? .none
        return
            #"<div class="empty"><h2>\#(heading)</h2>\#(text.isEmpty ? .none : "<p>\(text)</p>" as HTML)\#(link)</div>"#
    }

    /// Facts side by side; those without a value are left out.
    static func facts(_ facts: [(name: String, value: HTML?)]) -> HTML {
        let rows = facts.compactMap { fact in fact.value.map { "<dt>\(fact.name)</dt><dd>\($0)</dd>" as HTML } }
        return #"<dl class="kv">\#(rows)</dl>"#
    }

    /// A table whose headings are as wide as what stands below; `m` and `s` columns go on narrow screens.
    static func table(_ caption: String, _ heads: [(text: String, look: String)], _ rows: [HTML]) -> HTML {
        let heads = heads.map { #"<th scope="col" class="\#($0.look)">\#($0.text)</th>"# as HTML }
        return """
            <table><caption class="vh">\(caption)</caption><thead><tr>\(heads)</tr></thead><tbody>\(rows)</tbody></table>
            """
    }

    static func link(_ address: String, _ text: String, isSmall: Bool = true) -> HTML {
        #"<a class="btn \#(isSmall ? "btn-s" : "")" href="\#(address)">\#(text)</a>"#
    }

    /// A form of one button.
    static func form(_ action: String, _ text: String, token: String, look: String = "", extra: HTML = .none) -> HTML {
        """
        <form method="post" action="\(action)">\(DashboardFrame.hidden(token))\(extra)\
        <button class="btn \(look)">\(text)</button></form>
        """
    }

    /// The members of a JSON object as facts; any other text as it is.
    static func json(_ bytes: [UInt8]) -> HTML {
        let shown = Array(bytes.prefix(DashboardLimits.shownRecordBytesMax))
        guard shown.count == bytes.count, let members = (try? JSONValue.parse(bytes))?.members else {
            let cut: HTML = shown.count < bytes.count ? "<p class=\"small soft\">\(DashboardWords.cut)</p>" : .none
            return #"<pre tabindex="0">\#(String(decoding: shown, as: UTF8.self))</pre>\#(cut)"#
        }
        return facts(
            members.map { key, value in
                let text = value.isNull ? "–" : value.string ?? "\(value)"
                return (key, "<span class=\"mono\">\(text)</span>")
            })
    }

    // MARK: Addresses

    /// The address of a page about a connection.
    static func address(_ id: String, of userID: String, _ tab: String = "", _ more: String = "") -> String {
        let path = tab.isEmpty ? "" : "/" + tab
        return
            "/dashboard/connections/\(PercentEncoding.encode(id))\(path)?user=\(PercentEncoding.encode(userID))\(more)"
    }
}
