// An action that applications can run at a provider, as data. The host keeps what happened; no code of the plugin runs for it.

/// An action that applications can run for a connection.
///
/// What features of the host do by themselves is a ``ProviderAction``.
public struct ActionSpec: Sendable {
    /// Its name in routes, in camel case: `sendMessage`.
    public let name: String
    /// Its name for people: “Send a message”.
    public let title: String
    /// What it does, in one sentence.
    public var description: String = ""
    /// What a run takes.
    public var inputs: [ActionInput] = []
    /// The provider's scopes that it needs.
    public var scopes: [String] = []
    /// The request.
    public var request: ActionRequest
    /// What a run gives.
    public var outputs: [ActionOutput] = []
    /// How the provider takes the same request twice; nil when it carries it out twice.
    public var idempotency: ActionIdempotency?
    /// How a run whose answer was lost is looked up; nil when it cannot be.
    public var lookUp: ActionLookUp?
    /// The statuses of answers that leave open whether the request was carried out.
    ///
    /// So do an answer that never comes, one that breaks off, and a good one that cannot be read.
    public var uncertainStatuses: [ClosedRange<Int>] = [408...408, 500...599]

    /// The action `name`, done by `request`.
    public init(
        _ name: String, _ title: String, _ request: ActionRequest, _ configure: (inout ActionSpec) -> Void = { _ in }
    ) {
        self.name = name
        self.title = title
        self.request = request
        configure(&self)
    }

    /// Whether it only reads, so that it can be sent again without harm.
    public var isRead: Bool { request.method == .get }

    /// Whether a secret of the operator authorises it, not the connection.
    public var usesOperatorCredential: Bool {
        if case .setting = request.authorization { return true }
        return false
    }

    /// How long after a run was first sent it can be sent again without being carried out twice; nil for not at all.
    public var repeatWindow: Duration? { isRead ? .seconds(3600) : idempotency?.window }
}

/// The outcome of a request of a run.
public enum ActionOutcome: Sendable {
    /// It was carried out, with this output.
    case done(JSONValue)
    /// It was not carried out, and why.
    case refused(ProviderError)
    /// It may have been carried out.
    case unknown(ProviderError)
    /// No byte of it was sent.
    case notSent(ProviderError)
}

extension ActionSpec {
    /// Sends the request of a run.
    ///
    /// - Parameter isRepeat: whether it was sent before, which makes refusals say less.
    public func perform(_ run: ActionRun, isRepeat: Bool, in context: ProviderContext) async -> ActionOutcome {
        let request: ProviderRequest
        do throws(ProviderError) { request = try keyed(run, in: context) } catch {
            return isRepeat ? .unknown(error) : .notSent(error)
        }
        do throws(ProviderError) {
            let response = try await context.http.send(request)
            guard !response.body.isEmpty else { return .done(ActionOutput.output(outputs, of: .null)) }
            do throws(ProviderError) { return .done(ActionOutput.output(outputs, of: try response.json())) } catch {
                return .unknown(error)
            }
        } catch {
            return outcome(of: error, isRepeat: isRepeat)
        }
    }

    /// Looks whether a run was carried out; nil when the look-up does not tell.
    public func find(_ run: ActionRun, in context: ProviderContext) async throws(ProviderError) -> JSONValue? {
        guard let lookUp else { return nil }
        var template = lookUp.request
        if let since = lookUp.since {
            let from = run.startedAt.advanced(by: .zero - lookUp.margin).seconds
            template.query.append(ActionMember(since, .constant(.number(JSONNumber(from)))))
        }
        let answer = try await context.json(try template.request(run, in: context))
        let objects =
            lookUp.objects.isPlural
            ? lookUp.objects.all(in: answer) : lookUp.objects.first(in: answer).map { [$0] } ?? []
        let found = objects.first { lookUp.key.first(in: $0)?.string?.utf8.elementsEqual(run.key.utf8) == true }
        return found.map { ActionOutput.output(outputs, of: $0) }
    }

    /// The request of a run, with its key where the provider takes one.
    private func keyed(_ run: ActionRun, in context: ProviderContext) throws(ProviderError) -> ProviderRequest {
        var template = request
        switch idempotency?.means {
        case .header(let name): template.headers.append(NamedValue(name, run.key))
        case .query(let name): template.query.append(ActionMember(name, .key))
        case .body, .repeatable, nil: break
        }
        return try template.request(run, in: context)
    }

    private func outcome(of error: ProviderError, isRepeat: Bool) -> ActionOutcome {
        guard let status = error.status else {
            if error.isUnsent && !isRepeat { return .notSent(error) }
            return .unknown(error)
        }
        if isRepeat, let code = error.code, idempotency?.doneCodes.contains(code) == true {
            return .done(ActionOutput.output(outputs, of: .null))
        }
        let isUncertain = uncertainStatuses.contains { $0 ~= status } || 200...299 ~= status && error.kind == .transient
        if isUncertain { return .unknown(error) }
        guard isRepeat else { return .refused(error) }
        // Of a request that is sent again, a refusal before it was looked at says nothing about the first one.
        if error.isAboutGrant || error.code.map({ idempotency?.mismatchCodes.contains($0) ?? false }) ?? false {
            return .unknown(error)
        }
        if case .rateLimited = error.kind { return .unknown(error) }
        // Only what is known again has the answer of the first one.
        return isRead || idempotency.map { $0.means != .repeatable } ?? false ? .refused(error) : .unknown(error)
    }
}
