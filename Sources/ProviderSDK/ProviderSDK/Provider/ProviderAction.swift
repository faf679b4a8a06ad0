// What a host feature can ask a provider to do, as data. The feature knows the action's name; the plugin says which request it is
// and which failures do not matter. No feature names a provider.

/// Something that a provider can be asked to do besides returning its records.
public struct ProviderAction: Sendable {
    /// The name by which a host feature asks for it.
    public let name: String
    /// What it does, in one line.
    public let description: String
    /// The request; besides the usual placeholders, `{input.NAME}` stands for a parameter of the action.
    public var request: ProviderRequest
    /// The provider's codes of failures that leave nothing to be done, such as those for something that is gone already.
    public var toleratedCodes: [String] = []
    /// The settings without which there is nothing to be done, such as the id of a role.
    ///
    /// Without one of them the host leaves the action out and says so.
    public var idleWithout: [String] = []
    /// Members added to the answer before it is mapped, with placeholders in their values.
    public var additions: [NamedValue] = []
    /// How the answer becomes a normalised record; nil leaves it as it is.
    public var output: FieldMapping?

    /// Longest value of a parameter, in bytes.
    public static let parameterBytesMax = 256

    /// The action `name`, done with `request`.
    public init(
        _ name: String, _ description: String, _ request: ProviderRequest,
        _ configure: (inout ProviderAction) -> Void = { _ in }
    ) {
        self.name = name
        self.description = description
        self.request = request
        configure(&self)
    }

    /// The names of its parameters, in the order they stand in the request.
    public var parameters: [String] { request.placeholders.compactMap(ProviderAction.parameter) }

    static func parameter(in placeholder: String) -> String? {
        // Plugins that were built for SDK 1.0 write `{parameter.NAME}`.
        Placeholders.suffix(of: placeholder, after: "input.")
            ?? Placeholders.suffix(of: placeholder, after: "parameter.")
    }

    /// The outcome of an action.
    public enum Outcome: Sendable, Equatable {
        /// It is done; the answer, normalised where the action says how, or null for an empty answer.
        case done(JSONValue)
        /// There was nothing to be done, for this reason.
        case tolerated(ProviderError)
    }

    /// Does the action.
    ///
    /// - Parameters:
    ///   - parameters: a value for each of ``parameters``.
    ///   - context: the way to the provider. An action that is not authorised by a connection needs no account in it.
    /// - Throws: ``ProviderError``: permanent for a parameter that is missing, too long, or holds braces or control characters.
    ///   Permanent also for an answer that cannot be mapped; otherwise what the answer means, unless its code is tolerated.
    public func perform(
        _ parameters: [String: String], in context: ProviderContext
    ) async throws(ProviderError) -> Outcome {
        for name in self.parameters {
            let bytes = parameters[name]?.utf8.prefix(ProviderAction.parameterBytesMax + 1) ?? "".utf8[...]
            // Braces would be taken for placeholders when the request is filled.
            guard 1...ProviderAction.parameterBytesMax ~= bytes.count,
                bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}") })
            else { throw ProviderError(.permanent, "The action “\(self.name)” needs a proper “\(name)”.") }
        }
        let request = try request.filled { placeholder in
            ProviderAction.parameter(in: placeholder).map { parameters[$0] } ?? context.value(of: placeholder)
        }
        let response: ProviderResponse
        do throws(ProviderError) {
            response = try await context.http.send(request)
        } catch {
            guard let code = error.code, toleratedCodes.contains(code) else { throw error }
            return .tolerated(error)
        }
        guard !response.body.isEmpty else { return .done(.null) }
        let answer = try response.json().adding(additions, in: context)
        guard let output else { return .done(answer) }
        do {
            return .done(try JSONValue.parse(try output.map(answer, now: context.now).json))
        } catch {
            throw ProviderError(.permanent, "The answer to “\(name)” cannot be mapped: \(error).")
        }
    }
}

/// How accounts of a provider are linked to users by tokens that the provider's bot hands out.
public struct AccountLinking: Sendable {
    /// The attribute of such a token that holds the account id, such as `discordId`.
    public var accountIDAttribute: String
    /// The actions done once an account is linked, in this order.
    public var actionsOnLink: [String] = []
    /// The parameter of those actions that takes the account id.
    public var accountIDParameter: String = "userId"
    /// The data type whose records are the accounts that have joined; nil when the provider does not say.
    public var memberDataType: String?
    /// Where the account id stands in a normalised record of that data type.
    public var memberAccountID: ValuePath = "accountId"
    /// Where the moment it joined stands in a normalised record of that data type.
    public var memberJoinedAt: ValuePath = "joinedAt"

    /// Linking by tokens with the account id in `accountIDAttribute`.
    public init(accountIDAttribute: String, _ configure: (inout AccountLinking) -> Void = { _ in }) {
        self.accountIDAttribute = accountIDAttribute
        configure(&self)
    }
}

extension JSONValue {
    /// An object with members added whose values are filled from `context`; what is no object stays as it is.
    func adding(_ additions: [NamedValue], in context: ProviderContext) throws(ProviderError) -> JSONValue {
        guard !additions.isEmpty, let members else { return self }
        var added: [(key: String, value: JSONValue)] = []
        for addition in additions {
            added.append((addition.name, .string(try Placeholders.fill(addition.value, context.value(of:)))))
        }
        let names = additions.map(\.name)
        return .object(members.filter { !names.contains($0.key) } + added)
    }
}
