// The pages of one provider before its own: which variant, what is asked for, and the way there. They begin nothing.

import ConnectionModel
import Connections
import ProviderSDK
import Providers

/// The page that asks which variant of a provider to connect.
struct VariantView {
    let context: PageContext
    let provider: ConfiguredProvider
    var isMissing = false
    let connections: [Connection]

    var page: Page {
        let (manifest, name) = (provider.manifest, provider.manifest.name)
        let heading = Words.variantHeading(name, noun: manifest.variantNoun)
        let error: HTML =
            isMissing
            ? #"<p class="err" id="variant-e">\#(Parts.Icon.wrong.html)<span>\#(Words.variantMissing)</span></p>"#
            : .none
        return Page(
            status: isMissing ? 422 : 200, heading: heading, isProblem: isMissing, data: context.data(),
            sheet: """
                \(context.hasList ? Parts.back(context.path) : .none)
                \(Parts.pair(context.branding, .idle, (name, provider.id)))
                <h1 id="variant-h">\(heading)</h1>
                <p class="lead" id="variant-l">\(Words.variantLead(noun: manifest.variantNoun))</p>
                <form action="\(context.path(to: provider.id))">
                <fieldset class="options" aria-labelledby="variant-h" aria-describedby="variant-l">
                \(error)\(provider.availableVariants.map(option))
                </fieldset>
                <div class="acts"><button class="btn btn-main">\(Words.proceed)</button>\
                \(Parts.cancel(context.cancel))</div>
                </form>
                """)
    }

    private func option(_ variant: Variant) -> HTML {
        let manifest = provider.manifest
        let isChosen = variant.id == (manifest.defaultVariant ?? provider.availableVariants.first?.id)
        let connected = connections.last { connection in
            connection.service == provider.id && connection.isConnected
                && (connection.variant ?? manifest.defaultVariant) == variant.id
        }
        let state = connected.map { $0.accountName.map(Words.connectedAs) ?? Words.connected }
        let lines = [variant.description, state ?? ""].filter { !$0.isEmpty }.joined(separator: " · ")
        return """
            <label class="option"><input type="radio" name="variant" value="\(variant.id)"\(isChosen ? " checked" : .none as HTML)>\
            <span><b>\(variant.name)</b><small>\(lines)</small></span></label>

            """
    }
}

/// The page that says what an application asks for.
struct PermissionsView {
    /// The scopes that are not asked for and shown, at most.
    private static let refusedMax = 3

    let context: PageContext
    let provider: ConfiguredProvider
    let variant: String?
    /// What the session asks for; empty for the standard permissions.
    let permissions: [String]
    let formToken: String
    /// Which account is connected; nil for the one that the session is about, or any.
    var account: PageContext.Account?

    var page: Page {
        let (app, name) = (context.app, provider.manifest.name)
        let table = provider.scopes(provider.stored(variant))
        let requested = provider.manifest.requestedScopes(
            for: permissions, variant: provider.stored(variant), settings: provider.publicSettings)
        var asked = table.asked(permissions)
        asked += needed(requested.filter { name in !asked.contains { $0.grants.contains(name) || $0.name == name } })
        let heading = Words.permissionsHeading(app, name, writes: asked.contains { $0.meaning?.writes ?? false })
        let refused = table.documented.filter { scope in
            scope.meaning != nil && !asked.contains { $0.name == scope.name }
        }.prefix(Self.refusedMax)
        return Page(
            heading: heading, data: context.data(),
            sheet: """
                \(context.back(from: provider))
                \(Parts.pair(context.branding, .idle, (name, provider.id)))
                <h1>\(heading)</h1>
                <p class="lead">\(Words.permissionsLead(app, name))</p>
                \(Self.list(Words.willBeAble(app), asked))
                \(Self.refused(Words.willNotBeAble(app), refused.compactMap(\.meaning?.phrase)))
                \(technical(asked.map(\.name), requested))
                <form method="post" action="\(context.path(to: provider.id))">
                <input type="hidden" name="form" value="\(formToken)">\(variantField)
                <div class="acts"><button class="btn btn-main">\(Words.proceed(to: name))</button>\
                \(Parts.cancel(context.cancel))</div>
                </form>
                <p class="note">\(Words.endAtAnyTime(app, name))</p>
                """)
    }

    private var variantField: HTML {
        let variant: HTML = variant.map { #"<input type="hidden" name="variant" value="\#($0)">"# } ?? .none
        let account: HTML = account.map { #"<input type="hidden" name="account" value="\#($0.rawValue)">"# } ?? .none
        return "\(variant)\(account)"
    }

    /// The scopes that data types need besides, named after these types; what allows no more data is left to the technical names.
    private func needed(_ scopes: [String]) -> [Scope] {
        scopes.compactMap { scope in
            let types = provider.dataTypes(variant).filter { $0.scopes.contains(scope) }.map(\.name)
            return types.isEmpty ? nil : Scope(scope).meaning(Words.see(types))
        }
    }

    private static func list(_ heading: String, _ scopes: [Scope]) -> HTML {
        guard !scopes.isEmpty else { return .none }
        let rows = scopes.map { scope -> HTML in
            let meaning = scope.meaning
            let phrase: HTML = meaning.map { "<b>\($0.phrase)</b>" } ?? "<b><code>\(scope.name)</code></b>"
            let covers: HTML = meaning.map { $0.covers.isEmpty ? .none : "<small>\($0.covers)</small>" } ?? .none
            return "<li>\(Parts.Icon.tick.html)<span>\(phrase)\(covers)</span></li>"
        }
        return #"<h2>\#(heading)</h2><ul class="grants yes">\#(rows)</ul>"#
    }

    private static func refused(_ heading: String, _ phrases: [String]) -> HTML {
        guard !phrases.isEmpty else { return .none }
        let rows = phrases.map { "<li>\(Parts.Icon.cross.html)<span>\($0)</span></li>" as HTML }
        return #"<h2>\#(heading)</h2><ul class="grants no">\#(rows)</ul>"#
    }

    private func technical(_ names: [String], _ requested: [String]) -> HTML {
        let all = names + requested.filter { !names.contains($0) }
        guard !all.isEmpty else { return .none }
        let codes = all.map { "<code>\($0)</code> " as HTML }
        return #"<details><summary>\#(Words.technicalNames)</summary><p class="small">\#(codes)</p></details>"#
    }
}

extension ScopeTable {
    /// The documented scopes that `permissions` ask for; others are shown by their names.
    fileprivate func asked(_ permissions: [String]) -> [Scope] {
        let wanted = permissions.isEmpty ? standard ?? documented.map(\.name) : permissions
        return wanted.map { name in documented.first { $0.name == name } ?? Scope(name) }
    }
}

/// The page on the way to the provider.
struct GoingView {
    let context: PageContext
    let provider: ConfiguredProvider
    /// The address at the provider.
    let address: String
    /// Whether the page is in a frame.
    ///
    /// Providers refuse to be in one, so the person's button leaves the frame.
    var isFramed = false

    var page: Page {
        let name = provider.manifest.name
        return Page(
            heading: Words.goingHeading(name), leavesTo: isFramed ? nil : address,
            sheet: """
                \(Parts.pair(context.branding, .go, (name, provider.id)))
                <h1>\(Words.goingHeading(name))</h1>
                <p class="lead">\(isFramed ? Words.goingFromFrame(name) : Words.goingLead(name))</p>
                <div class="acts">\(Parts.button(address, Words.openNow(name), isMain: true, leavesFrame: isFramed))</div>
                \(isFramed ? .none : #"<p class="note">\#(Words.ifNothingHappens)</p>"# as HTML)
                """)
    }
}
