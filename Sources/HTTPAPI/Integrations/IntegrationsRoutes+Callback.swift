// The callback: where a provider sends the browser back. The caller is a session of the host, or the browser of a connect session.

import ConnectionModel
import Connections
import HTTPServer
import OAuth
import ProviderSDK
import Requests
import Users

extension IntegrationsRoutes {
    /// Finds the connect session in which the authorization of a callback was begun.
    @Sendable func connectSession(_ request: HTTPRequestSnapshot, _ parameters: [String: String]) async -> OwnCaller {
        // A request with an Authorization field is judged by that alone.
        guard request.headers("authorization").isEmpty, let service = parameters["service"],
            let query = try? request.queryParameters()
        else { return .none }
        let cookies = request.headers("cookie").map { String(decoding: $0, as: UTF8.self) }
        do throws(ServiceError) {
            guard
                let session = try await connect.session(
                    ofCallback: query.pairs, service: service, cookies: cookies)
            else { return .none }
            guard session.acceptsCallback(at: connect.sessions.time.now) else {
                return .refused(
                    .invalid(field: "session", message: "The connect session has ended"), .sessionExpired)
            }
            return .caller(session.principal)
        } catch {
            return .refused(error, FailureReason(error))
        }
    }

    @Sendable func callback(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let service = try context.parameter("service")
        let completion: OAuthService.Completion
        do throws(CallbackFailure) {
            completion = try await connect.complete(service: service, query: context.query.pairs, for: principal)
        } catch {
            // A good state was counted when the flow began.
            if error.refusesState, let refusal = context.countRefused(against: .oauth) {
                return .failed(refusal, .tooMany)
            }
            let failed = Reply.failed(error.error, error.reason)
            await note(error, nil, service, status: status(of: error), context)
            return failed
        }
        await note(nil, completion.connectionID, service, status: 200, context)
        return .json { writer in
            writer.member("success", true)
            writer.member("connectionId", completion.connectionID)
            writer.member("message", "Integration connected successfully")
            if let state = completion.callerState { writer.member("state", state) }
        }.connected(completion.connectionID)
    }

    private func status(of failure: CallbackFailure) -> Int {
        IntegrationsErrors.document.status(of: .step(failure.error, failure.reason))
    }

    /// Records the outcome with the connect session, where the caller is one.
    private func note(
        _ failure: CallbackFailure?, _ connectionID: String?, _ service: String, status: Int, _ context: RouteContext
    ) async {
        guard let principal = context.principal, principal.kind == .connect else { return }
        await connect.sessions.ended(
            .init(
                service: service, reason: failure?.reason, connectionID: connectionID, status: status,
                note: failure?.note,
                reference: context.exchange.correlationID, at: connect.sessions.time.now), for: principal)
    }
}

extension CallbackFailure {
    /// What a person reads about the failure besides its reason: which account it was, or the provider's own code.
    fileprivate var note: String? {
        switch (reason, error) {
        case (.wrongAccount, .conflict(let message)): message
        case (.refused, .provider(let error)): error.code
        default: nil
        }
    }
}

extension QueryParameters {
    /// All parameters, in order.
    fileprivate var pairs: [NamedValue] {
        (0..<count).map { index in
            let (name, value) = parameter(at: index)
            return NamedValue(name, value)
        }
    }
}
