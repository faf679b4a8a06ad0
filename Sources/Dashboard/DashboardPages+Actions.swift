// What a person does on the dashboard: begin a sync, refresh the access, disconnect, store dead letters again, send a notification again.
// Each action is a form, and leads back to a page that says what was done.

import ConnectionModel
import Connections
import HTTPServer
import Notifications
import OAuth
import Pages
import ProviderSDK
import Providers
import Requests
import Sync
import Users

extension DashboardPages {
    /// The sentence above a page that follows an action; nil without one.
    func notice(_ done: String?, _ subject: ConnectionSubject) -> DashboardPage.Notice? {
        guard let done else { return nil }
        let parts = done.split(separator: ".").map(String.init)
        func count(_ index: Int) -> Int { parts.indices.contains(index) ? Int(parts[index]) ?? 0 : 0 }
        switch parts.first {
        case "sync": return .init(text: DashboardWords.syncStarted)
        case "refresh": return .init(text: DashboardWords.refreshed)
        case "disconnect":
            let outcome = parts.count > 1 ? RevocationOutcome(rawValue: parts[1]) : nil
            return .init(text: DashboardWords.disconnected(outcome ?? .notOffered, subject.provider))
        case "replay": return .init(text: DashboardWords.replayed(count(1), count(2)), isProblem: count(2) > 0)
        case "sent": return .init(text: DashboardWords.sent)
        default: return nil
        }
    }

    /// Carries out an action for the user of a connection, and leads back to a page.
    private func act(
        _ context: RouteContext, tab: String = "",
        _ action: (ConnectionSubject, Principal, QueryParameters) async throws(ServiceError) -> String
    ) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let subject = try await subject(context)
        guard let fields = fields(context, reader) else { throw .forbidden(DashboardWords.formOld) }
        do throws(ServiceError) {
            let done = try await action(subject, reader.principal.acting(for: subject.userID), fields)
            return DashboardFrame.redirect(to: subject.address(tab, "&done=\(done)"))
        } catch {
            guard let text = error.sentence else { throw error }
            // The page with the reason in place of the action.
            return page(
                subject, tab: tab, reader, notice: .init(text: text, isProblem: true),
                #"<p>\#(DashboardParts.link(subject.address(tab), DashboardWords.state))</p>"#)
        }
    }

    @Sendable func sync(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await act(context) { (subject, principal, _) throws(ServiceError) in
            _ = try await services.sync.start(
                user: principal.userID, connection: subject.connection.id, SyncRequest(type: .incremental))
            return "sync"
        }
    }

    @Sendable func refresh(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await act(context) { (subject, principal, _) throws(ServiceError) in
            guard let provider = services.registry[subject.connection.service] else { throw .notFound }
            try await services.refresher.refreshAtOnce(
                user: principal.userID, connection: subject.connection.id, provider: provider)
            return "refresh"
        }
    }

    @Sendable func replay(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await act(context, tab: "dead-letters") { (subject, principal, _) throws(ServiceError) in
            let outcome = try await services.deadLetters.replay(
                subject.connection.id, of: principal.userID, DeadLetterService.Selection())
            return "replay.\(outcome.replayed).\(outcome.failed)"
        }
    }

    @Sendable func redeliver(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await act(context, tab: "deliveries") { (subject, principal, fields) throws(ServiceError) in
            _ = try await services.notifications.redeliver(
                fields["event"] ?? "", of: subject.connection.id, user: principal.userID)
            return "sent"
        }
    }

    // MARK: Disconnecting

    @Sendable func askDisconnect(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let subject = try await subject(context)
        let heading = DashboardWords.disconnectHeading(subject.account)
        let form = DashboardParts.form(
            subject.address("disconnect"), DashboardWords.disconnect(subject.account), token: reader.formToken,
            look: "btn-bad")
        return frame.reply(
            DashboardPage(
                heading: heading, place: .connections, isLive: false,
                content: """
                    <div class="narrow"><section class="card edge-bad"><div class="in"><h1>\(heading)</h1>\
                    <p>\(DashboardWords.disconnectLead(subject.provider))</p><p>\(DashboardWords.disconnectKeeps)</p>\
                    <p>\(DashboardWords.disconnectAgain)</p><div class="line acts">\(form)\
                    \(DashboardParts.link(subject.address(), DashboardWords.keepIt, isSmall: false))</div></div></section></div>
                    """), formToken: reader.formToken)
    }

    @Sendable func disconnect(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await act(context) { (subject, principal, _) throws(ServiceError) in
            let outcome = try await services.lifecycle.end(subject.connection.id, .disconnect, of: principal.userID)
            return "disconnect.\(outcome.rawValue)"
        }
    }
}

extension ServiceError {
    /// The error as a sentence for a person who asked for an action; nil for one that is no answer to it.
    fileprivate var sentence: String? {
        switch self {
        case .invalid(_, let message), .conflict(let message), .limit(let message): message
        case .provider(let error): error.message
        case .unavailable(let message, _): message
        case .notConfigured(let setting): setting
        default: nil
        }
    }
}
