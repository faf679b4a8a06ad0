// The first page: the syncs of the last day as a chart, and what happened last. It reads no user.

import ConnectionModel
import Connections
import Events
import HTTPServer
import Pages
import ProviderSDK
import Providers
import Requests

extension DashboardPages {
    @Sendable func overview(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let (hours, hour) = services.activity.syncs
        let happening = DashboardParts.card(
            DashboardWords.happening, id: "happening",
            aside: #"<a class="small" href="/dashboard/connections">\#(DashboardWords.allConnections)</a>"#,
            self.happening)
        let page = DashboardPage(
            heading: DashboardWords.overview, place: .overview,
            content: """
                <div class="head"><div><h1>\(DashboardWords.overview)</h1>\
                <p class="soft">\(DashboardWords.overviewLead)</p></div></div>
                <div class="cols c2">\(SyncChart(hours: hours, hour: hour).html)\
                \(DashboardParts.card(DashboardWords.findThem, id: "find", finding))</div>
                <div class="cols c2">\(happening)\
                \(DashboardParts.card(DashboardWords.providers, id: "providers", providerRows))</div>
                """)
        return frame.reply(page, formToken: reader.formToken)
    }

    /// Links to the connections of each class, grouped by who has to act.
    private var finding: HTML {
        let groups: [(title: String, kinds: [DiagnosisClass])] = [
            (
                DashboardWords.needYou,
                [.misconfigured, .refused, .credentialUnreadable, .pluginMissing, .notificationsFailing]
            ),
            (DashboardWords.needUser, [.revoked, .ended, .scopeLost, .denied, .codeRefused]),
            (DashboardWords.passes, [.rateLimited, .transient, .unknown]),
        ]
        let rows = groups.map { group -> HTML in
            let links = group.kinds.map { kind -> HTML in
                let name = DashboardWords.kind(kind, DashboardWords.provider.lowercased())
                return
                    #"<a class="btn btn-s" href="/dashboard/connections?class=\#(kind.rawValue)">\#(Look(kind).icon.html)\#(name)</a> "#
            }
            return #"<li><div><b>\#(group.title)</b><p class="line">\#(links)</p></div></li>"#
        }
        return #"<ul class="rows">\#(rows)</ul>"#
    }

    private var happening: HTML {
        let events = services.activity.events
        guard !events.isEmpty else { return DashboardParts.empty(DashboardWords.nothingHappened, "") }
        let now = now
        let rows = events.compactMap { event -> HTML? in
            guard let body = try? JSONValue.parse(event.body), let id = body.at("data.connectionId")?.string,
                let service = body.at("data.provider")?.string
            else { return nil }
            let name = services.registry[service]?.manifest.name ?? service
            let at = body["timestamp"]?.string.flatMap(Timestamp.init(iso8601:))
            return """
                <li><div class="ic">\(Parts.tile(name, id: service, size: "tile-s"))<div>\
                <a href="\(DashboardParts.address(id, of: event.userID))"><b>\(DashboardWords.event(event.kind))</b></a>\
                <p>\(name) · <span class="mono">\(event.userID)</span></p></div></div>\
                <span class="small soft">\(DashboardParts.time(at, now: now))</span></li>
                """
        }
        return #"<ul class="rows" aria-live="off">\#(rows)</ul>"#
    }

    private var providerRows: HTML {
        let providers = services.registry.providers
        guard !providers.isEmpty else { return DashboardParts.empty(DashboardWords.noProviders, "") }
        let rows = providers.map { provider -> HTML in
            let state =
                provider.isAvailable
                ? DashboardParts.status(.ok, DashboardWords.ready, isPill: false)
                : DashboardParts.status(.off, DashboardWords.notConfigured, isPill: false)
            return """
                <li><div class="ic">\(Parts.tile(provider.manifest.name, id: provider.id, size: "tile-s"))\
                <a href="/dashboard/connections?service=\(provider.id)"><b>\(provider.manifest.name)</b></a></div>\(state)</li>
                """
        }
        return #"<ul class="rows">\#(rows)</ul>"#
    }
}

/// The syncs of the last hours as bars, with the same numbers as a table.
struct SyncChart {
    let hours: [SyncHour]
    /// The newest hour since 1970.
    let hour: Int

    private static let height = 76

    var html: HTML {
        let (ended, failed) = (hours.reduce(0) { $0 + $1.ended }, hours.reduce(0) { $0 + $1.failed })
        let most = max(1, hours.map { $0.ended + $0.failed }.max() ?? 1)
        let bars = hours.enumerated().map { index, hour -> HTML in
            let good = hour.ended * Self.height / most
            let bad = hour.failed == 0 ? 0 : max(2, hour.failed * Self.height / most)
            let x = index * 10 + 1
            let low: HTML =
                good == 0
                ? .none : #"<rect class="a" x="\#(x)" y="\#(Self.height - good)" width="8" height="\#(good)"/>"#
            let top = max(0, Self.height - good - bad)
            let high: HTML = bad == 0 ? .none : #"<rect class="b" x="\#(x)" y="\#(top)" width="8" height="\#(bad)"/>"#
            return "\(low)\(high)"
        }
        let axis = [0, 6, 12, 18].map { "<span>\(time($0))</span>" as HTML } + ["<span>\(DashboardWords.now)</span>"]
        let rows = hours.enumerated().filter { $0.element != SyncHour() }.map { index, hour -> HTML in
            #"<tr><td>\#(time(index))</td><td class="n">\#(hour.ended)</td><td class="n">\#(hour.failed)</td></tr>"#
        }
        let table = DashboardParts.table(
            DashboardWords.syncs,
            [(DashboardWords.hour, ""), (DashboardWords.endedWell, "n"), (DashboardWords.failedColumn, "n")], rows)
        let keys: HTML = """
            <span class="line"><span class="key">\(DashboardWords.ended(ended))</span>\
            <span class="key b">\(DashboardWords.failed(failed))</span></span>
            """
        return DashboardParts.card(
            DashboardWords.syncs, id: "syncs", aside: keys,
            """
            <figure class="chart in"><svg viewBox="0 0 240 77" preserveAspectRatio="none" role="img" \
            aria-label="\(DashboardWords.syncsSentence(ended, failed))"><path class="g" d="M0 76.5h240M0 38h240"/>\(bars)</svg>\
            <div class="axis" aria-hidden="true">\(axis)</div>\
            \(rows.isEmpty ? .none : "<details><summary>\(DashboardWords.asTable)</summary>\(table)</details>" as HTML)</figure>
            """)
    }

    /// The beginning of the hour at an index, in UTC.
    private func time(_ index: Int) -> String {
        let hour = ((self.hour - (hours.count - 1 - index)) % 24 + 24) % 24
        return (hour < 10 ? "0" : "") + "\(hour):00"
    }
}
