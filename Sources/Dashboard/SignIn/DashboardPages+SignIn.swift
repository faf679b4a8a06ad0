// Signing in and out, and the live events of the pages. The key itself is kept nowhere.

import Audit
import ConnectionModel
import Cryptography
import Events
import HTTPServer
import Pages
import ProviderSDK
import Requests
import Sessions
import Users

extension DashboardPages {
    @Sendable func showSignIn(_ context: RouteContext) async throws(ServiceError) -> Reply {
        if reader(context) != nil { return DashboardFrame.redirect(to: "/") }
        let isLost = try context[DashboardDeclarations.lost] != nil
        return frame.sheet(signInPage(isLost ? DashboardWords.keyLost : nil, status: 200))
    }

    @Sendable func signIn(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let body = context.request.body
        let fields = try? QueryParameters(body.span)
        let key = String((fields?["key"] ?? "").trimmed.prefix(DashboardLimits.keyBytesMax))
        guard let principal = await services.keys.principal(of: key, at: now),
            let keyID = principal.applicationKeyID
        else { return frame.sheet(signInPage(DashboardWords.keyUnknown, status: 401)) }
        let actor = AuditActor(.application, keyID: keyID)
        guard principal.isSuperuser else {
            try await record(.signIn, .failed, actor, keyID)
            return frame.sheet(signInPage(DashboardWords.keyWeak, status: 403))
        }
        try await record(.signIn, .done, actor, keyID)
        let secret: String
        do throws(CryptographyError) { secret = try sessions.signIn(keyID: keyID) } catch {
            throw .internalFault("\(error)")
        }
        // Each sign-in has a separate cookie.
        sessions.signOut(cookies: context.request.dashboardCookies)
        return DashboardFrame.redirect(to: "/", headers: [cookie(secret)])
    }

    private func record(
        _ action: AuditAction, _ result: AuditResult, _ actor: AuditActor, _ keyID: String
    ) async throws(ServiceError) {
        let audit = services.audit
        let outcome: Result<Void, ServiceError> = await AuditActor.$current.withValue(actor) {
            do throws(ServiceError) {
                try await audit.record(action, AuditTarget(keyID: keyID), result)
                return .success(())
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    @Sendable func signOut(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return DashboardFrame.redirect(to: "/dashboard/sign-in") }
        guard fields(context, reader) != nil else { throw .forbidden(DashboardWords.formOld) }
        sessions.signOut(cookies: context.request.dashboardCookies)
        return DashboardFrame.redirect(to: "/dashboard/sign-in", headers: [cookie(nil)])
    }

    private func signInPage(_ problem: String?, status: Int) -> DashboardPage {
        let summary: HTML =
            problem.map {
                """
                <div class="summary" role="alert" tabindex="-1" data-focus><h2>\(DashboardWords.problem)</h2>\
                <a href="#key">\($0)</a></div>
                """
            } ?? .none
        let error: HTML = problem.map { #"<p class="err" id="key-error">\#(DashboardWords.error) \#($0)</p>"# } ?? .none
        let described = problem == nil ? "key-help" : "key-help key-error"
        return DashboardPage(
            status: status, heading: DashboardWords.signIn, isProblem: problem != nil, isLive: false,
            content: """
                \(summary)<h1>\(DashboardWords.signIn)</h1><p class="lead">\(DashboardWords.signInLead)</p>
                <form method="post" action="/dashboard/sign-in"><div class="field \(problem == nil ? "" : "wrong")">\
                <label for="key">\(DashboardWords.key)</label><p class="help" id="key-help">\(DashboardWords.keyHelp)</p>\
                \(error)<input class="input mono" id="key" name="key" type="password" autocomplete="current-password" \
                spellcheck="false" required aria-describedby="\(described)"\
                \(problem == nil ? .none : #" aria-invalid="true""# as HTML)></div>\
                <button class="btn btn-main">\(DashboardWords.signIn)</button></form>
                <details><summary>\(DashboardWords.noKey)</summary><p class="soft">\(DashboardWords.noKeyLead)</p>\
                <pre tabindex="0">\(DashboardWords.makeKey)</pre><p class="soft">\(DashboardWords.noKeyEnd)</p></details>
                """)
    }

    // MARK: Live events

    @Sendable func events(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { throw .unauthenticated }
        guard services.events.refusal(of: reader.principal.userID) == nil else {
            throw .rateLimited(retryAfterSeconds: 30)
        }
        var reply = Reply(
            status: 200,
            headers: [
                ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
            ], body: [])
        let lastID = context.request.headerText("last-event-id")
        reply.stream = services.events.stream(.all, caller: reader.principal.userID, after: lastID)
        return reply
    }
}

extension String {
    /// The text without spaces, as people paste keys.
    fileprivate var trimmed: String { filter { !$0.isWhitespace } }
}
