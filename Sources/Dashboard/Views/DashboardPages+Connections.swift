// The list of the connections of all users, with its filter, and the list of providers. Filters are addresses, so that they can be kept.

import ConnectionModel
import Connections
import HTTPServer
import Pages
import Primitives
import ProviderSDK
import Providers
import Requests

extension DashboardPages {
    private typealias Declared = DashboardDeclarations

    /// What the filter asks for.
    private struct Filter {
        let query: String
        let service: String?
        let kind: DiagnosisClass?

        var isEmpty: Bool { query.isEmpty && service == nil && kind == nil }

        func address(cursor: String) -> String {
            let parts: [(String, String?)] = [
                ("service", service), ("class", kind?.rawValue), ("cursor", cursor),
            ]
            let query = parts.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
            return "/dashboard/connections?" + query.joined(separator: "&")
        }
    }

    @Sendable func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let service = try context[Declared.service].flatMap { $0.isEmpty ? nil : $0 }
        let filter = Filter(
            query: try context[Declared.query] ?? "", service: service, kind: try context[Declared.kind])
        let cursor = try context[Declared.cursor].flatMap { UserDirectory.ConnectionPlace($0) }
        let (found, next) = try await connections(filter, after: cursor)
        let isFirst = cursor == nil
        let body: HTML
        if found.isEmpty {
            if next != nil {
                body = DashboardParts.empty(DashboardWords.searchGoesOn, "")
            } else if filter.isEmpty, isFirst {
                body = DashboardParts.empty(DashboardWords.noConnections, DashboardWords.noConnectionsLead)
            } else {
                body = DashboardParts.empty(
                    DashboardWords.nothingFits, DashboardWords.nothingFitsLead,
                    ("/dashboard/connections", DashboardWords.clearFilter))
            }
        } else {
            body = table(found)
        }
        let footer: HTML = """
            <div class="line apart"><span>\(found.isEmpty ? "" : DashboardWords.shown(found.count))</span>\
            \(next.map { DashboardParts.link(filter.address(cursor: $0.text), DashboardWords.next) } ?? .none)</div>
            """
        let foot: HTML = found.isEmpty && next == nil ? .none : "<footer>\(footer)</footer>"
        let page = DashboardPage(
            heading: DashboardWords.connections, place: .connections,
            content: """
                <div class="head"><div><h1>\(DashboardWords.connections)</h1></div></div>
                <section class="card" aria-label="\(DashboardWords.connections)">\(form(filter))\(body)\
                \(foot)</section>
                """)
        return frame.reply(page, formToken: reader.formToken)
    }

    /// A page of connections; an id finds its user or its connection alone.
    private func connections(
        _ filter: Filter, after cursor: UserDirectory.ConnectionPlace?
    ) async throws(ServiceError) -> (found: [UserDirectory.ListedConnection], next: UserDirectory.ConnectionPlace?) {
        guard filter.query.isEmpty else {
            let found = try await services.directory.connections(named: filter.query)
            return (
                found.filter { entry in
                    (filter.service.map { $0 == entry.connection.service } ?? true)
                        && (filter.kind.map { $0 == entry.kind } ?? true)
                }, nil
            )
        }
        return try await services.directory.connections(
            ConnectionFilter(kind: filter.kind, service: filter.service), after: cursor,
            limit: DashboardLimits.connectionPageMax)
    }

    private func form(_ filter: Filter) -> HTML {
        func option(_ value: String, _ text: String, _ isChosen: Bool) -> HTML {
            #"<option value="\#(value)"\#(isChosen ? " selected" : HTML.none)>\#(text)</option>"#
        }
        let services = self.services.registry.providers.map {
            option($0.id, $0.manifest.name, $0.id == filter.service)
        }
        let kinds = DiagnosisClass.allCases.map { kind in
            option(
                kind.rawValue, DashboardWords.kind(kind, DashboardWords.provider.lowercased()), kind == filter.kind)
        }
        return """
            <form class="filter" action="/dashboard/connections" role="search"><label class="wide">\(DashboardWords.search)\
            <input class="input" type="search" name="q" value="\(filter.query)" autocomplete="off"></label>\
            <label>\(DashboardWords.provider)<select name="service">\(option("", DashboardWords.all, false))\(services)</select></label>\
            <label>\(DashboardWords.state)<select name="class">\(option("", DashboardWords.all, false))\(kinds)</select></label>\
            <button class="btn">\(DashboardWords.filter)</button></form>
            """
    }

    private func table(_ found: [UserDirectory.ListedConnection]) -> HTML {
        let now = now
        let rows = found.map { entry -> HTML in
            let connection = entry.connection
            let name = connection.accountName ?? connection.accountID ?? DashboardWords.notKnownYet
            let variant = connection.variant.map { " \($0)" } ?? ""
            let end: HTML =
                connection.grant.deadline.map { DashboardParts.time($0.at, now: now) }
                ?? HTML(text: DashboardWords.noEnd)
            return """
                <tr><td><div class="ic">\(Parts.tile(entry.serviceName, id: connection.service, size: "tile-s"))<div>\
                <a href="\(DashboardParts.address(connection.id, of: entry.userID))">\(name)</a>\
                <small>\(entry.serviceName)\(variant)</small></div></div></td>\
                <td class="m mono">\(entry.userID)</td>\
                <td>\(DashboardParts.status(Look(entry.kind), DashboardWords.kind(entry.kind, entry.serviceName)))</td>\
                <td class="s">\(DashboardParts.time(connection.lastSyncAt, now: now))</td><td class="m">\(end)</td></tr>
                """
        }
        return DashboardParts.table(
            DashboardWords.tableCaption,
            [
                (DashboardWords.account, ""), (DashboardWords.user, "m"), (DashboardWords.state, ""),
                (DashboardWords.lastSync, "s"), (DashboardWords.accessEnds, "m"),
            ], rows)
    }

    // MARK: Providers

    @Sendable func showProviders(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let providers = services.registry.providers
        let (ready, others) = (providers.filter(\.isAvailable), providers.filter { !$0.isAvailable })
        let refused = services.registry.rejections.map { rejection -> HTML in
            #"<li><div><b>\#(DashboardWords.refusedPlugin)</b><p class="mono">\#("\(rejection)")</p></div></li>"#
        }
        let needs = others.map(row) + refused
        let needCard: HTML =
            needs.isEmpty
            ? .none
            : DashboardParts.card(DashboardWords.needsYou, id: "needs", #"<ul class="rows">\#(needs)</ul>"#)
        let readyCard = DashboardParts.card(
            DashboardWords.ready, id: "ready",
            ready.isEmpty
                ? DashboardParts.empty(DashboardWords.noProviders, "") : #"<ul class="rows">\#(ready.map(row))</ul>"#)
        let page = DashboardPage(
            heading: DashboardWords.providers, place: .providers, isLive: false,
            content: """
                <div class="head"><div><h1>\(DashboardWords.providers)</h1></div></div>\(needCard)\(readyCard)
                """)
        return frame.reply(page, formToken: reader.formToken)
    }

    private func row(_ provider: ConfiguredProvider) -> HTML {
        let manifest = provider.manifest
        let types = manifest.dataTypes.map { #"<span class="tag">\#($0.name)</span> "# as HTML }
        let missing = provider.missingSettings
        let needs: HTML =
            missing.isEmpty
            ? .none
            : #"<p>\#(DashboardWords.notConfigured): \#(missing.map { #"<code>providers.\#(provider.id).\#($0)</code> "# as HTML })</p>"#
        let facts: HTML =
            manifest.facts.map { "<p>\(DashboardWords.verified): \($0.date)</p>" as HTML } ?? .none
        return """
            <li><div class="ic">\(Parts.tile(manifest.name, id: provider.id))<div><b>\(manifest.name)</b> \
            <span class="small soft">\(DashboardWords.version) \("\(manifest.version)")</span>\(needs)\(facts)<p>\(types)</p></div></div>\
            \(DashboardParts.link("/dashboard/connections?service=\(provider.id)", DashboardWords.seeConnections))</li>
            """
    }
}
