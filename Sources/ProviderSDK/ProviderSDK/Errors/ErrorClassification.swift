// How a provider's error answers are classified, as data: statuses, codes in the body, where the pause is written. The host
// applies it to every answer, so a plugin's own code sees good answers only.

/// One rule: which answers it fits and what they mean.
public struct ErrorRule: Sendable {
    /// The HTTP statuses it fits.
    public var status: ClosedRange<Int>
    /// What the JSON body must show; nil fits every body, JSON or not.
    public var `where`: Condition?
    /// What a header field must show; nil fits every answer.
    public var header: HeaderCondition?
    /// What the answer means.
    ///
    /// The pause of a ``ProviderError/Kind/rateLimited(after:)`` is the one for answers that name none themselves.
    public var `is`: ProviderError.Kind

    /// A rule for answers with a status in `statuses` whose body meets `condition`.
    public init(_ statuses: ClosedRange<Int>, where condition: Condition? = nil, is kind: ProviderError.Kind) {
        status = statuses
        self.where = condition
        self.is = kind
    }

    /// A rule for answers with this one status.
    public init(_ status: Int, where condition: Condition? = nil, is kind: ProviderError.Kind) {
        self.init(status...status, where: condition, is: kind)
    }

    /// A rule for answers with a status in `statuses` and this header field.
    public init(_ statuses: ClosedRange<Int>, header: HeaderCondition, is kind: ProviderError.Kind) {
        self.init(statuses, is: kind)
        self.header = header
    }

    /// A rule for answers with this one status and this header field.
    public init(_ status: Int, header: HeaderCondition, is kind: ProviderError.Kind) {
        self.init(status...status, is: kind)
        self.header = header
    }

    func fits(_ response: ProviderResponse, body: JSONValue?, now: Timestamp) -> Bool {
        guard status ~= response.status, header?.isMet(by: response) ?? true else { return false }
        guard let condition = self.where else { return true }
        return body.map { condition.isMet(by: $0, now: now) } ?? false
    }
}

/// A condition on a header field of an answer.
public struct HeaderCondition: Sendable, Equatable {
    /// The name of the field, in any case.
    public var name: String
    /// The values that meet it, compared without regard to ASCII case; empty is met by every value.
    public var values: [String]

    /// Met by a field `name` with one of `values`.
    public init(_ name: String, isOneOf values: [String] = []) {
        self.name = name
        self.values = values
    }

    /// Whether `response` has such a field.
    public func isMet(by response: ProviderResponse) -> Bool {
        guard let found = response.header(name) else { return false }
        return values.isEmpty || values.contains { $0.utf8.elementsEqual(found.utf8) { ($0 | 0x20) == ($1 | 0x20) } }
    }
}

/// How a provider's answers are sorted into the classes of ``ProviderError``.
///
/// The first rule that fits decides. For 408, 425 and 429, no rule can call a token bad or a grant dead: these describe the moment.
/// When no rule fits, the status decides. 2xx and 304 are no error, 401 is ``ProviderError/Kind/authExpired``, and 403 is
/// ``ProviderError/Kind/scopeMissing(_:)``. 408, 425 and 5xx are ``ProviderError/Kind/transient``, and 429 is
/// ``ProviderError/Kind/rateLimited(after:)``, as is any other 4xx but 401, 404 and 410 that says when to ask again. Any other is
/// ``ProviderError/Kind/permanent``.
///
/// A body is read as JSON, as XML (the content of the root element, by the names of its elements and attributes) or as a form. A 403 or
/// 406 with a page for people comes from a firewall, not from the API. It is ``ProviderError/Kind/transient`` with the code
/// `blocked_by_firewall`, and no rule changes that. A page for people never says that a grant is dead.
public struct ErrorClassification: Sendable {
    /// The rules, most particular first.
    public var rules: [ErrorRule] = []
    /// Where the provider's code stands in an error body; the first that holds a string or number counts.
    public var code: [ValuePath] = ["error.code", "error", "code"]
    /// Where the provider's text stands in an error body.
    public var message: [ValuePath] = ["error.message", "error_description", "message"]
    /// Where the missing scopes stand in an error body, as text separated by commas or spaces.
    public var missingScopes: [ValuePath] = []
    /// Where a pause in seconds stands in an error body, besides the `Retry-After` header.
    public var retryAfter: [ValuePath] = []
    /// Header fields with a pause, besides `Retry-After`; the first that can be read counts.
    public var retryAfterFields: [RetryAfterHeader] = []
    /// The pause after a rate limit when neither the answer nor the rule names one.
    public var defaultRetryAfter: Duration = .seconds(1)
    /// The longest pause that is waited for.
    ///
    /// A daily quota asks for hours: then the sync ends as failed and says when it can resume, instead of sleeping.
    public var pauseMax: Duration = .seconds(900)

    /// Classification by status alone.
    public init() {}

    /// Classification by these rules, then by status.
    public init(_ rules: [ErrorRule]) { self.rules = rules }

    /// Classification by these rules, then by status, with what `configure` sets.
    public init(_ rules: [ErrorRule] = [], _ configure: (inout ErrorClassification) -> Void) {
        self.rules = rules
        configure(&self)
    }

    /// The same classification with the differences that `configure` sets.
    public func with(_ configure: (inout ErrorClassification) -> Void) -> ErrorClassification {
        var copy = self
        configure(&copy)
        return copy
    }

    /// The answers of a token endpoint by RFC 6749 section 5.2, also where they come with status 200.
    ///
    /// Only `invalid_grant` means that the grant is dead; an answer that merely looks bad never ends a connection.
    public static let tokenEndpoint = ErrorClassification([
        ErrorRule(200...499, where: .equals("error", "invalid_grant"), is: .authRevoked),
        ErrorRule(
            200...499,
            where: .isOneOf(
                "error", ["invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"]),
            is: .misconfigured),
        ErrorRule(
            200...499, where: .isOneOf("error", ["temporarily_unavailable", "server_error", "slow_down"]),
            is: .transient),
        ErrorRule(401, is: .misconfigured),
        ErrorRule(403, is: .permanent),
        ErrorRule(200...299, where: .isSet("error"), is: .permanent),
    ]) { errors in
        errors.code = ["error"]
        errors.message = ["error_description"]
    }

    /// What `response` means; nil when it is a good answer.
    ///
    /// - Parameters:
    ///   - response: the answer.
    ///   - now: the time, for a `Retry-After` that is a date.
    public func error(for response: ProviderResponse, now: Timestamp) -> ProviderError? {
        let isSuccess = 200...299 ~= response.status
        let mayFit = rules.contains { $0.status ~= response.status }
        guard mayFit || !isSuccess else { return nil }
        let body = ErrorBody.facts(of: response)
        if !isSuccess, ErrorBody.isFirewall(response, facts: body) {
            var error = ProviderError(
                .transient, "A firewall in front of the provider refused the request with status \(response.status).",
                code: ErrorBody.firewallCode, status: response.status)
            error.retryAfter = response.retryAfter(now: now)
            return error
        }
        let rule = rules.first { $0.fits(response, body: body, now: now) && $0.is.canComeWith(response.status) }
        guard let kind = rule?.is ?? Self.kind(of: response, now: now) else { return nil }
        let isPage = (kind == .authRevoked || kind == .authExpired) && ErrorBody.isPage(response)
        let found = body.flatMap { body in self.code.lazy.compactMap { $0.first(in: body)?.scalarText }.first }
        let message = body.flatMap { body in self.message.lazy.compactMap { $0.first(in: body)?.string }.first }
        var error = ProviderError(
            isPage && kind == .authRevoked ? .transient : completed(kind, response: response, body: body, now: now),
            message ?? "The provider answered with status \(response.status).",
            code: isPage ? Self.pageCode : found, status: response.status)
        error.retryAfter = response.retryAfter(now: now)
        if case .rateLimited(let pause) = error.kind { error.retryAfter = pause }
        return error
    }

    /// The code of an error about a token or a grant that came as a page for people, which the API did not write.
    public static let pageCode = "page_instead_of_answer"

    /// What an answer means that no rule fits.
    private static func kind(of response: ProviderResponse, now: Timestamp) -> ProviderError.Kind? {
        let byStatus = kind(of: response.status)
        guard 400...499 ~= response.status, ![401, 404, 408, 410, 425].contains(response.status),
            let pause = response.retryAfter(now: now), pause > .zero
        else { return byStatus }
        return .rateLimited(after: pause)
    }

    /// What `response` means as an answer to `request`; nil when it is a good answer.
    ///
    /// Where a secret of the operator authorises the request, a rejected credential is the operator's: no refresh helps, and no
    /// connection ends by it.
    public func error(
        for response: ProviderResponse, to request: ProviderRequest, now: Timestamp
    ) -> ProviderError? {
        guard var error = error(for: response, now: now) else { return nil }
        if case .setting = request.authorization, error.kind == .authExpired || error.kind == .authRevoked {
            error.kind = .misconfigured
        }
        return error
    }

    private func completed(
        _ kind: ProviderError.Kind, response: ProviderResponse, body: JSONValue?, now: Timestamp
    ) -> ProviderError.Kind {
        switch kind {
        case .rateLimited(let pause):
            let written = body.flatMap { body in
                retryAfter.lazy.compactMap { $0.first(in: body)?.number?.double }.first { $0 >= 0 && $0 < 1e7 }
            }
            let inHeader = retryAfterFields.lazy.compactMap { field in
                response.header(field.header).flatMap { field.format.pause(in: $0, now: now) }
            }.first
            let inBody = written.map(ResetFormat.pause(ofSeconds:))
            return .rateLimited(
                after: response.retryAfter(now: now) ?? inHeader ?? inBody ?? pause ?? defaultRetryAfter)
        case .scopeMissing(let scopes) where scopes.isEmpty:
            guard let body else { return kind }
            let text = missingScopes.lazy.compactMap { $0.first(in: body)?.string }.first ?? ""
            return .scopeMissing(text.split { $0 == "," || $0 == " " }.map(String.init))
        default: return kind
        }
    }

    private static func kind(of status: Int) -> ProviderError.Kind? {
        switch status {
        // 304 is the good answer to a question for changes: there are none (RFC 9110 section 15.4.5).
        case 200...299, 304: nil
        case 401: .authExpired
        case 403: .scopeMissing([])
        case 408, 425, 500...599: .transient
        case 429: .rateLimited(after: nil)
        default: .permanent
        }
    }
}

extension ProviderError.Kind {
    /// Whether an answer with this status can mean this.
    fileprivate func canComeWith(_ status: Int) -> Bool {
        switch status {
        case 408, 425, 429: self != .authRevoked && self != .authExpired
        default: true
        }
    }
}
