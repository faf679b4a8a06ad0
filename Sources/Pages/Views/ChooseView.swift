// The list of providers. Reads connections and manifests; begins nothing.

import ConnectionModel
import Connections
import ProviderSDK
import Providers

/// The page that asks which provider to connect.
struct ChooseView {
    /// The number of providers from which on there is a search.
    static let searchFrom = 9

    let context: PageContext
    let providers: [ConfiguredProvider]
    let connections: [Connection]
    /// What was searched for; empty for nothing.
    let query: String

    var page: Page {
        let shown = providers.filter { query.isEmpty || $0.matches(query) }
        let search: HTML =
            providers.count < Self.searchFrom
            ? .none
            : """
            <form class="search" action="\(context.path)"><label class="vh" for="q">\(Words.search)</label>\
            <input class="input" id="q" name="q" type="search" value="\(query)" placeholder="\(Words.search)" \
            autocomplete="off"></form>
            """
        let list: HTML =
            shown.isEmpty
            ? #"<p class="lead">\#(Words.noMatch) <a href="\#(context.path)">\#(Words.showAll)</a></p>"#
            : #"<ul class="choices">\#(shown.map { #"<li>\#(row($0))</li>"# as HTML })</ul>"#
        return Page(
            heading: Words.chooseHeading, data: context.data(),
            sheet: """
                <div class="app">\(Parts.tile(context.branding, size: "tile-s"))<span>\(context.app)</span></div>
                <h1>\(Words.chooseHeading)</h1>
                <p class="lead">\(Words.chooseLead(context.app))</p>
                \(search)
                \(list)
                <div class="acts">\(Parts.cancel(context.cancel, Words.cancelAndReturn(context.app)))</div>
                """)
    }

    private func row(_ provider: ConfiguredProvider) -> HTML {
        let name = provider.manifest.name
        let tile = Parts.tile(name, id: provider.id)
        guard provider.isAvailable else {
            return """
                <div class="choice">\(tile)<span><b>\(name)</b><small>\(Words.notAvailable(context.app))</small></span></div>
                """
        }
        return """
            <a class="choice" href="\(context.path(to: provider.id))">\(tile)<span><b>\(name)</b>\
            <small>\(provider.manifest.description)</small>\(state(of: provider))</span>\(Parts.Icon.right.html)</a>
            """
    }

    private func state(of provider: ConfiguredProvider) -> HTML {
        let own = connections.filter { $0.service == provider.id }
        if let connected = own.last(where: \.isConnected) {
            let text = connected.accountName.map(Words.connectedAs) ?? Words.connected
            return #"<span class="st ok">\#(Parts.Icon.done.html)\#(text)</span>"#
        }
        guard own.contains(where: { $0.status == .expired || $0.status == .revoked }) else { return .none }
        return #"<span class="st warn">\#(Parts.Icon.warning.html)\#(Words.accessEnded)</span>"#
    }
}

extension ConfiguredProvider {
    fileprivate func matches(_ query: String) -> Bool {
        let query = query.lowercased()
        return [manifest.name, manifest.description, manifest.category].contains { $0.lowercased().contains(query) }
    }
}
