// Opening a link, its state for the page that opened the window, and the files that pages use.

import ConnectionModel
import Connections
import HTTPServer
import ProviderSDK
import Requests
import Users

extension ConnectPages {
    private typealias Declared = ConnectPageDeclarations

    /// Opens a link: the first browser gets the session's cookie, and an address without the token.
    @Sendable func open(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let token = try context[Declared.session] ?? ""
        let reference = context.exchange.correlationID
        switch try await sessions.open(token, cookies: context.request.cookies) {
        case .opened(let session, let secret):
            let page = PageContext(branding: branding, session: session)
            let seconds = (session.expiresAt.duration(since: now) + PageLimits.cookieLifeAfterEnd).components.seconds
            let cookie = secret.map {
                ConnectCookie.field(session.id, secret: $0, seconds: Int(seconds), isSecure: address.isSecure)
            }
            let ended = await sessions.endedCookies(context.request.cookies, besides: session)
            let cookies = (cookie.map { [$0] } ?? []) + ended.map(ConnectCookie.removal)
            return PageFrame.redirect(to: page.path, headers: cookies.map { ("Set-Cookie", $0) })
        case .refused(let reason, let session):
            let outcome = ConnectSession.Outcome(
                service: session?.services.first ?? "", reason: reason, status: reason == .otherBrowser ? 403 : 400,
                reference: reference, at: now)
            // Another browser is shown nothing of the session but where to go back to.
            let provider = session?.services.count == 1 ? name(of: outcome.service) : nil
            let view = FailedView(
                branding: branding, result: Result(provider: provider, outcome: outcome), reason: reason,
                returnAddress: session?.returnTo ?? returnTo.first, now: now)
            return frame.reply(view.page)
        }
    }

    /// How far a session has come, for the page of the application that opened it.
    @Sendable func state(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let session = try await sessions.session(of: try context[Declared.session] ?? "") else {
            var reply = Reply.json(404) { writer in
                writer.member("success", false)
                writer.member("error", "There is no such connect session")
            }
            reply.headers = [("Access-Control-Allow-Origin", "*")]
            return reply
        }
        var reply = Reply.json { writer in
            writer.member("success", true)
            writer.member("state", session.state(at: now).rawValue)
            writer.member("connectionId", session.outcome?.connectionID)
            writer.member("service", session.outcome?.service)
            writer.member("reason", session.outcome?.reason?.rawValue)
            writer.member("expiresAt", session.expiresAt.description)
        }
        // Only the application's page may read it.
        reply.headers = [("Access-Control-Allow-Origin", session.returnTo.origin), ("Vary", "Origin")]
        return reply
    }

    // MARK: Files

    @Sendable func script(_ context: RouteContext) async throws(ServiceError) -> Reply {
        Reply(
            status: 200,
            headers: [
                ("Content-Type", "text/javascript; charset=utf-8"), ("Cache-Control", "public, max-age=300"),
                ("Cross-Origin-Resource-Policy", "cross-origin"),
            ], body: Array(Scripts.connect.utf8))
    }

    @Sendable func icon(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let tile = Parts.tile(branding.name, id: branding.name)
        let image: HTML = #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">\#(tile)</svg>"#
        return Self.image("image/svg+xml", Array(image.markup.utf8))
    }

    @Sendable func logo(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let logo = branding.logo else { throw .notFound }
        return Self.image(logo.mediaType, logo.bytes)
    }

    /// An image that runs nothing, also when it is opened by itself.
    private static func image(_ mediaType: String, _ bytes: [UInt8]) -> Reply {
        Reply(
            status: 200,
            headers: [
                ("Content-Type", mediaType), ("Cache-Control", "public, max-age=3600"),
                ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            ], body: bytes)
    }
}
