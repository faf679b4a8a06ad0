// The form in which a person types an account id or pastes an API key, made from the manifest. Checks what was typed; stores nothing.

import ProviderSDK
import Providers

/// What a provider without OAuth needs from a person.
struct ConnectForm: Sendable {
    /// The name of the one field.
    let name: String
    let field: FormField
    /// Whether the value is a secret, which comes back to no page.
    let isSecret: Bool
    private let bytesMax: Int
    private let refusal: @Sendable (String) -> String?

    /// The form of a provider; nil for one that needs nothing typed.
    init?(_ auth: AuthKind) {
        switch auth {
        case .accountID(let auth):
            (name, isSecret) = ("accountId", false)
            field = auth.field ?? FormField(Words.accountID)
            bytesMax = auth.bytesMax
            refusal = { auth.refusal(of: $0) }
        case .apiKey(let auth):
            (name, isSecret) = ("apiKey", true)
            field = auth.field ?? FormField(Words.apiKey)
            bytesMax = PageLimits.valueBytesMax
            refusal = { $0.utf8.allSatisfy { 0x21...0x7E ~= $0 } ? nil : "must consist of visible ASCII characters" }
        default: return nil
        }
    }

    /// What is wrong with a value; nil when it can be sent.
    func problem(with value: String) -> String? {
        if value.isEmpty { return Words.empty(field.title) }
        if value.utf8.count > bytesMax { return Words.tooLong(bytesMax) }
        return refusal(value).map { Words.wrongForm(field.title, $0) }
    }
}

/// The page with that form.
struct FormView {
    let context: PageContext
    let provider: ConfiguredProvider
    let variant: String?
    let form: ConnectForm
    let formToken: String
    var value = ""
    /// What is wrong with the value; nil when nothing is.
    var problem: String?

    var page: Page {
        let (app, name) = (context.app, provider.manifest.name)
        let heading = Words.formHeading(name, isAccount: !form.isSecret)
        let summary: HTML =
            problem.map { problem in
                """
                <div class="summary" role="alert" tabindex="-1" data-focus><h2>\(Words.problem)</h2>\
                <ul><li><a href="#\(form.name)">\(problem)</a></li></ul></div>
                """
            } ?? .none
        return Page(
            status: problem == nil ? 200 : 422, heading: heading, isProblem: problem != nil, data: context.data(),
            sheet: """
                \(context.back(from: provider))
                \(summary)
                \(Parts.pair(context.branding, problem == nil ? .idle : .warn, (name, provider.id)))
                <h1>\(heading)</h1>
                <p class="lead">\(Words.formLead(app, name, isAccount: !form.isSecret))</p>
                <form method="post" action="\(context.path(to: provider.id))" novalidate>
                <input type="hidden" name="form" value="\(formToken)">\(variantField)
                \(field)
                <div class="acts"><button class="btn btn-main">\(Words.connect)</button>\
                \(Parts.cancel(context.cancel))</div>
                </form>
                \(form.isSecret ? #"<p class="note">\#(Words.keyIsSealed)</p>"# as HTML : .none)
                """)
    }

    private var variantField: HTML {
        variant.map { #"<input type="hidden" name="variant" value="\#($0)">"# } ?? .none
    }

    private var field: HTML {
        let (name, words) = (form.name, form.field)
        let link: HTML =
            words.link.flatMap { $0.hasPrefix("https://") ? $0 : nil }.map {
                #" <a href="\#($0)" rel="noreferrer">\#(Words.whereToFind)</a>"#
            } ?? .none
        let hasHelp = !words.description.isEmpty || !link.isEmpty
        let help: HTML = hasHelp ? #"<p class="help" id="\#(name)-h">\#(words.description)\#(link)</p>"# : .none
        let error: HTML =
            problem.map { problem in
                """
                <p class="err" id="\(name)-e">\(Parts.Icon.wrong.html)<span><span class="vh">\(Words.error) </span>\
                \(problem)</span></p>
                """
            } ?? .none
        let described = [hasHelp ? "\(name)-h" : "", problem == nil ? "" : "\(name)-e"].filter { !$0.isEmpty }
        let description: HTML =
            described.isEmpty ? .none : #" aria-describedby="\#(described.joined(separator: " "))""#
        let kind: HTML =
            form.isSecret
            ? #"type="password" autocomplete="off""#
            : #"type="text" value="\#(value)" autocomplete="off" autocapitalize="none" spellcheck="false""#
        return """
            <div class="field\(problem == nil ? .none : " wrong" as HTML)"><label for="\(name)">\(words.title)</label>\
            \(help)\(error)<input class="input" id="\(name)" name="\(name)" \(kind)\(description)\
            \(problem == nil ? .none : #" aria-invalid="true""# as HTML)></div>
            """
    }
}
