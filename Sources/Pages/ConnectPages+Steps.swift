// The pages of a session, one step after the other: choose, say what is asked for, go to the provider or take what is typed.

import ConnectionModel
import Connections
import Cryptography
import HTTPServer
import ProviderSDK
import Providers
import Requests
import Users

extension ConnectPages {
    private typealias Declared = ConnectPageDeclarations

    @Sendable func choose(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let page = try await self.context(context)
        if let refusal = ended(page, context) { return refusal }
        let providers = flow.providers(of: page.session)
        if page.session.services.count == 1, let only = providers.first {
            return PageFrame.redirect(to: page.path(to: only.id))
        }
        let connections = try await flow.connections(of: page.session)
        let query = String((try context[Declared.query] ?? "").prefix(100))
        return frame.reply(
            ChooseView(
                context: page, providers: providers.filter(\.canBeConnected), connections: connections, query: query
            ).page)
    }

    /// The answer in a session in which nothing can be begun any more; nil while something can.
    private func ended(_ page: PageContext, _ context: RouteContext) -> Reply? {
        if page.session.state(at: now) == .connected { return PageFrame.redirect(to: page.result) }
        guard !page.session.isLive(at: now) else { return nil }
        return failure(.sessionExpired, page, service: page.session.services.first ?? "", status: 400, context)
    }

    private func failure(
        _ reason: FailureReason, _ page: PageContext, service: String, status: Int, note: String? = nil,
        retryAfterSeconds: Int? = nil, _ context: RouteContext
    ) -> Reply {
        let outcome = ConnectSession.Outcome(
            service: service, reason: reason, status: status, note: note, reference: context.exchange.correlationID,
            at: now)
        return frame.reply(
            failure(
                reason,
                Result(
                    provider: name(of: service), outcome: outcome, session: page, retryAfterSeconds: retryAfterSeconds)
            ))
    }

    /// A provider that the session can connect, and the variant that a request names; nil where the variant is still open.
    private func provider(
        _ context: RouteContext, _ page: PageContext, variant given: String?
    ) throws(ServiceError) -> (provider: ConfiguredProvider, variant: String?, isOpen: Bool)? {
        let service = try context.parameter("service")
        guard page.session.allows(service), let provider = flow.registry[service], provider.isAvailable,
            provider.canBeConnected
        else { return nil }
        guard !provider.manifest.variants.isEmpty else { return (provider, nil, false) }
        let only = provider.availableVariants.count == 1 ? provider.availableVariants.first?.id : nil
        let variant = page.session.variant ?? given ?? only
        guard let variant, provider.hasVariant(variant), provider.isAvailable(provider.stored(variant)) else {
            return (provider, nil, true)
        }
        return (provider, variant, false)
    }

    @Sendable func ask(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let page = try await self.context(context)
        // A person may allow more than at first.
        if !page.session.isLive(at: now), let refusal = ended(page, context) { return refusal }
        let given = try context[Declared.variant]
        guard let (provider, variant, isOpen) = try provider(context, page, variant: given) else {
            return failure(.notAvailable, page, service: try context.parameter("service"), status: 404, context)
        }
        if isOpen {
            let connections = try await flow.connections(of: page.session)
            return frame.reply(
                VariantView(context: page, provider: provider, isMissing: given != nil, connections: connections).page)
        }
        let token = formToken(page.session, context)
        if let form = ConnectForm(provider.manifest.auth) {
            return frame.reply(
                FormView(context: page, provider: provider, variant: variant, form: form, formToken: token).page)
        }
        var view = PermissionsView(
            context: page, provider: provider, variant: variant,
            permissions: ConnectFlow.permissions(of: page.session, at: provider, variant: variant), formToken: token)
        let wantsOther = try context[Declared.account]
        view.account = wantsOther && page.session.offersOther ? .other : nil
        return frame.reply(view.page)
    }

    /// A text that only a page of this session in this browser contains.
    private func formToken(_ session: ConnectSession, _ context: RouteContext) -> String {
        let secret = ConnectCookie.all(in: context.request.cookies).first { $0.id == session.id }?.secret ?? ""
        return SHA256.digest("connect-form:\(session.id):\(secret)").base64URL
    }

    @Sendable func proceed(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let page = try await self.context(context)
        if !page.session.isLive(at: now), let refusal = ended(page, context) { return refusal }
        let service = try context.parameter("service")
        let fields: QueryParameters
        let body = context.request.body
        do { fields = try QueryParameters(body.span) } catch {
            return failure(.stateInvalid, page, service: service, status: 400, context)
        }
        guard constantTimeEquals(fields.first("form") ?? "", formToken(page.session, context)) else {
            return failure(.stateInvalid, page, service: service, status: 403, context)
        }
        guard let (provider, variant, isOpen) = try provider(context, page, variant: fields.first("variant")),
            !isOpen
        else { return failure(.notAvailable, page, service: service, status: 404, context) }
        do throws(ServiceError) {
            guard let form = ConnectForm(provider.manifest.auth) else {
                let takesOther =
                    page.session.offersOther && fields.first("account") == PageContext.Account.other.rawValue
                let address = try await flow.begin(
                    provider, variant: variant, takesOther: takesOther, in: page.session)
                let isFramed = context.request.header("sec-fetch-dest").map { String(decoding: $0, as: UTF8.self) }
                return frame.reply(
                    GoingView(context: page, provider: provider, address: address, isFramed: isFramed == "iframe").page)
            }
            return try await take(form, fields, provider, variant: variant, page, context)
        } catch {
            let (reason, facts) = (FailureReason(error), RouteFailure.service(error))
            return failure(
                reason, page, service: service, status: Self.status(of: reason), note: facts.note,
                retryAfterSeconds: facts.seconds, context)
        }
    }

    /// Takes what a person typed: the same page again with what is wrong, or the result.
    private func take(
        _ form: ConnectForm, _ fields: QueryParameters, _ provider: ConfiguredProvider, variant: String?,
        _ page: PageContext, _ context: RouteContext
    ) async throws(ServiceError) -> Reply {
        let value = (fields.first(form.name) ?? "").trimmed
        var view = FormView(
            context: page, provider: provider, variant: variant, form: form,
            formToken: formToken(page.session, context))
        view.value = form.isSecret ? "" : value
        if let problem = form.problem(with: value) {
            view.problem = problem
            return frame.reply(view.page)
        }
        var new = ConnectionService.NewConnection(
            service: provider.id, variant: variant,
            permissions: ConnectFlow.permissions(of: page.session, at: provider, variant: variant))
        if form.isSecret { new.apiKey = Secret(value) } else { new.accountID = value }
        let id: String
        do throws(ServiceError) { id = try await flow.connect(new, in: page.session) } catch {
            guard case .invalid(let field, let message) = error, field == form.name else { throw error }
            view.problem = form.isSecret ? Words.keyRefused(provider.manifest.name) : message
            return frame.reply(view.page)
        }
        await sessions.ended(
            .init(
                service: provider.id, connectionID: id, status: 200, reference: context.exchange.correlationID, at: now),
            for: page.session.principal)
        return PageFrame.redirect(to: page.result)
    }

    private static func status(of reason: FailureReason) -> Int {
        switch reason {
        case .providerUnavailable, .misconfigured: 502
        case .providerLimited, .storeUnavailable: 503
        case .tooMany: 429
        case .notAvailable: 404
        case .wrongAccount: 409
        default: 400
        }
    }

    /// Ends a session because the person does not want to connect anything.
    @Sendable func cancel(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let page = try await self.context(context)
        if page.session.outcome == nil, page.session.isLive(at: now) {
            await sessions.ended(
                .init(
                    service: page.session.steps.last?.service ?? "", reason: .denied, status: 400,
                    reference: context.exchange.correlationID, at: now), for: page.session.principal)
        }
        return PageFrame.redirect(to: page.returnAddress(status: "denied"))
    }
}

extension ConfiguredProvider {
    /// Whether a page can connect it: its bot does not hand out tokens for it, and it is not always there.
    fileprivate var canBeConnected: Bool {
        switch manifest.auth {
        case .oauth2, .apiKey, .accountID: true
        default: false
        }
    }
}

extension QueryParameters {
    fileprivate func first(_ name: String) -> String? { all(name).first }
}

extension String {
    /// The text without the white space around it, which comes along when something is copied.
    fileprivate var trimmed: String {
        let kept = drop(while: \.isWhitespace)
        return kept.lastIndex { !$0.isWhitespace }.map { String(kept[...$0]) } ?? ""
    }
}
