// The pages that say what a step ended with: connected, or why not. They show the same at any reload.

import ConnectionModel
import Connections
import OAuth
import ProviderSDK
import Providers
import Users

/// What a page of a result shows.
struct Result {
    /// The provider; nil when none is known.
    var provider: (name: String, id: String)?
    let outcome: ConnectSession.Outcome
    /// The session; nil for a step outside of one.
    var session: PageContext?
    var retryAfterSeconds: Int?
    /// Whether the page stands at the address of a callback, which works once the person is signed in.
    var isAtCallback = false
}

/// The page of an account that was connected.
struct ConnectedView {
    let branding: Branding
    let result: Result
    /// The name of the account; nil when it has none.
    let accountName: String?
    /// The data types that can be read, in words.
    let dataTypes: [String]
    /// What the person left out, in words.
    let leftOut: [String]
    /// Where the page leads back to; nil for nowhere.
    let returnAddress: String?

    var page: Page {
        let (app, name) = (branding.name, result.provider?.name ?? result.outcome.service)
        let heading = Words.connectedHeading(accountName, name)
        var data: [(name: String, value: String)] = [
            ("status", "connected"), ("connection", result.outcome.connectionID ?? ""),
            ("service", result.outcome.service), ("closing", Words.closing), ("closed", Words.closed),
        ]
        if let session = result.session { data += session.data() }
        if returnAddress != nil { data.append(("waiting", Words.returning(app))) }
        let missing: HTML =
            leftOut.isEmpty
            ? .none
            : """
            <div class="left-out"><p>\(Words.leftOut(leftOut))</p>\(again)</div>
            """
        let acts: HTML =
            returnAddress.map {
                """
                <div class="acts">\(Parts.button($0, Words.returnTo(app), isMain: true, id: "return"))\
                <button class="btn btn-text" type="button" id="stay" hidden>\(Words.stay)</button></div>
                """
            } ?? .none
        return Page(
            heading: heading, data: data,
            sheet: """
                \(Parts.pair(branding, .ok, result.provider))
                <h1 tabindex="-1" data-focus>\(heading)</h1>
                <p class="lead">\(Words.connectedLead(app, name, dataTypes))</p>
                \(missing)
                \(acts)
                <p class="note" id="note" role="status" hidden></p>
                """)
    }

    private var again: HTML {
        guard let session = result.session, session.session.isLive(at: result.outcome.at) else { return .none }
        return #"<p><a href="\#(session.path(to: result.outcome.service))">\#(Words.allowAsWell)</a></p>"#
    }
}

/// The page of a step that failed.
struct FailedView {
    let branding: Branding
    let result: Result
    let reason: FailureReason
    /// Where the page leads back to; nil for nowhere.
    let returnAddress: String?
    let now: Timestamp

    var page: Page {
        let session = result.session?.session
        let facts = FailureWords.Facts(
            app: branding.name, name: result.provider?.name ?? Self.general,
            linkMinutes: session.map { Int($0.expiresAt.duration(since: $0.createdAt) / .seconds(60)) } ?? 30,
            note: result.outcome.note, seconds: result.retryAfterSeconds,
            until: session.flatMap { $0.isLive(at: now) ? Self.clock($0.expiresAt) : nil })
        let words = FailureWords(reason, facts)
        var data: [(name: String, value: String)] = [
            ("status", reason == .denied ? "denied" : "failed"), ("service", result.outcome.service),
        ]
        if let context = result.session { data += context.data() }
        let buttons = words.buttons.compactMap(address)
        let acts = buttons.enumerated().map { Parts.button($1.address, $1.text, isMain: $0 == 0) }
        let note: HTML =
            reason == .wrongAccount ? result.outcome.note.map { #"<p class="lead">\#($0)</p>"# } ?? .none : .none
        return Page(
            status: result.outcome.status, heading: words.heading, isProblem: true, data: data,
            sheet: """
                \(Parts.pair(branding, words.wire == .bad ? .bad : .warn, result.provider))
                <h1 tabindex="-1" data-focus>\(words.heading)</h1>
                <p class="lead">\(words.text)</p>
                \(note)
                \(acts.isEmpty ? .none : #"<div class="acts">\#(acts)</div>"# as HTML)
                \(support)
                """)
    }

    private static let general = "the provider"

    /// A button of the failure; nil where it leads nowhere.
    private func address(_ button: FailureWords.Button) -> (address: String, text: String)? {
        let name = result.provider?.name ?? Self.general
        let live = result.session.flatMap { $0.session.isLive(at: now) ? $0 : nil }
        switch button {
        case .tryAgain: return live.map { ($0.path(to: result.outcome.service), Words.tryAgain) }
        case .signInAgain: return live.map { ($0.path(to: result.outcome.service), Words.signInAgain(name)) }
        case .connectOther:
            return live.flatMap { context in
                context.session.offersOther
                    ? (context.path(to: result.outcome.service, account: .other), Words.connectOther) : nil
            }
        case .chooseAnother: return live.flatMap { $0.hasList ? ($0.path, Words.chooseAnother) : nil }
        case .goBack: return returnAddress.map { ($0, Words.returnTo(branding.name)) }
        case .goToApp: return returnAddress.map { ($0, Words.goTo(branding.name)) }
        // The empty link is this address, with what the provider put into it.
        case .thisAddress: return result.isAtCallback ? ("", Words.signInAndContinue) : nil
        }
    }

    private var support: HTML {
        """
        <details><summary>\(Words.forSupport)</summary><dl class="kv"><dt>\(Words.reason)</dt>\
        <dd><code>\(reason.rawValue)</code></dd><dt>\(Words.reference)</dt><dd><code>\(result.outcome.reference)</code></dd>\
        <dt>\(Words.time)</dt><dd><time datetime="\(result.outcome.at.description)">\(Self.moment(result.outcome.at))</time>\
        </dd></dl></details>
        """
    }

    /// A moment for people: `2026-05-14 10:42 UTC`.
    private static func moment(_ moment: Timestamp) -> String {
        let text = moment.description
        return text.prefix(10) + " " + clock(moment)
    }

    private static func clock(_ moment: Timestamp) -> String {
        moment.description.dropFirst(11).prefix(5) + " UTC"
    }
}
