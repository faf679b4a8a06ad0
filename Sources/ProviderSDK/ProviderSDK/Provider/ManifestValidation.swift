// The checks on a manifest before a provider is used. Mistakes in a plugin's data that would fail later are found here, at load,
// with a sentence that names the place.

extension ProviderManifest {
    /// Longest id and names, in bytes.
    static let idBytesMax = 32

    /// What is wrong with the manifest, one sentence each; empty when it can be used.
    public var problems: [String] {
        var problems: [String] = []
        func check(_ isRight: Bool, _ problem: @autoclosure () -> String) { if !isRight { problems.append(problem()) } }

        check(Self.isIdentifier(id), "the id “\(id)” is not 1 to 32 of a-z, 0-9 and “-”, beginning with a letter")
        check(!name.isEmpty, "the name is empty")
        check(Set(variants.map(\.id)).count == variants.count, "two variants have the same id")
        if let defaultVariant {
            check(
                variants.contains { $0.id == defaultVariant },
                "the default variant “\(defaultVariant)” does not exist")
        }
        for key in ([scopes] + variants.compactMap(\.scopes)).compactMap(\.alwaysSetting) {
            check(
                operatorSettings.contains { $0.key == key && !$0.isSecret },
                "scopes are set by the setting “\(key)”, which does not exist or is secret")
        }
        for variant in variants {
            check(variant.oauth == nil || isOAuth, "the variant “\(variant.id)” has OAuth, which its provider lacks")
            check(Self.isIdentifier(variant.id), "the variant “\(variant.id)” is not 1 to 32 of a-z, 0-9 and “-”")
        }
        for (name, url) in endpoints.merging(variants.flatMap(\.endpoints), uniquingKeysWith: { first, _ in first }) {
            check(url.hasPrefix("https://"), "the endpoint “\(name)” is not an https URL")
        }
        check(Set(dataTypes.map(\.name)).count == dataTypes.count, "two data types have the same name")
        for dataType in dataTypes {
            for variant in dataType.variants {
                check(
                    variants.contains { $0.id == variant },
                    "the data type “\(dataType.name)” is for the variant “\(variant)”, which does not exist")
            }
            for problem in dataType.mapping.problems + dataType.listProblems {
                problems.append("data type “\(dataType.name)”: \(problem)")
            }
        }
        check(Set(settings.map(\.key)).count == settings.count, "two settings have the same key")
        let reserved: Set = ["clientId", "clientSecret", "clientSecretFile", "endpoints", "variants"]
        for setting in operatorSettings {
            check(
                !reserved.contains(setting.key),
                "the setting “\(setting.key)” has a name that every provider has already")
            if case .integer(let range) = kind(of: setting), let text = setting.defaultValue {
                let number = JSONNumber(text)?.integer.map(Int.init)
                check(
                    number.map(range.contains) ?? false,
                    "the default of the setting “\(setting.key)” is not an integer from \(range.lowerBound) to \(range.upperBound)"
                )
            }
        }
        for limit in rateLimits {
            guard let key = limit.setting else { continue }
            check(
                operatorSettings.contains { $0.key == key && !$0.isSecret },
                "a rate limit is set by the setting “\(key)”, which does not exist or is secret")
        }
        check(Set(actions.map(\.name)).count == actions.count, "two actions have the same name")
        for action in actions {
            check(!action.name.isEmpty, "an action has no name")
            for problem in action.output?.problems ?? [] { problems.append("action “\(action.name)”: \(problem)") }
        }
        if let linking {
            for name in linking.actionsOnLink {
                check(action(name) != nil, "linking does the action “\(name)”, which does not exist")
            }
            if let name = linking.memberDataType {
                check(dataType(name) != nil, "linking reads the data type “\(name)”, which does not exist")
            }
        }
        problems += offeredActionProblems(isPlaceholder)
        problems += requestProblems + webhookProblems + (facts?.problems ?? [])
        check(accountIDs.bytesMax > 0, "no account id is short enough")
        for limit in rateLimits {
            check(limit.requests > 0 && limit.interval > .zero, "a rate limit is not positive")
        }
        return problems
    }

    private var isOAuth: Bool {
        if case .oauth2 = auth { return true }
        return false
    }

    /// What is wrong with the placeholders and credentials of the requests.
    private var requestProblems: [String] {
        var requests: [(place: String, request: ProviderRequest)] = []
        for dataType in dataTypes {
            for list in [dataType.list, dataType.changes].compactMap(\.self) {
                var request = list.request
                request.headers += list.additions
                requests.append(("data type “\(dataType.name)”", request))
                if let one = list.changeLog?.read { requests.append(("data type “\(dataType.name)”", one)) }
            }
        }
        for action in actions {
            var request = action.request
            request.headers += action.additions
            requests.append(("action “\(action.name)”", request))
        }
        if let request = identity?.request { requests.append(("the identity", request)) }
        var common = ProviderRequest(.get, "/")
        common.headers = headers
        requests.append(("the header fields", common))
        return requests.flatMap { place, request in
            request.placeholders.compactMap { name in
                ProviderAction.parameter(in: name) != nil && place.hasPrefix("action")
                    || isPlaceholder(name) ? nil : "\(place): there is no value for “{\(name)}”"
            } + credentialProblems(request, place: place)
        }
    }

    /// What is wrong with the meaning of webhooks.
    private var webhookProblems: [String] {
        (webhooks?.events ?? []).flatMap { events in
            events.effects.flatMap { rule -> [String] in
                let names: [String] =
                    switch rule.effect {
                    case .changed(let names): names
                    case .deleted(let name, _): [name]
                    case .revoked, .mayBeRevoked, .ignored: []
                    }
                return names.filter { dataType($0) == nil }.map {
                    "a webhook is about the data type “\($0)”, which does not exist"
                }
            } + (events.namesAccount ? [] : ["a webhook event does not say where its account stands"])
        }
    }

    private func isPlaceholder(_ name: String) -> Bool {
        if let key = Placeholders.suffix(of: name, after: "setting.") {
            return operatorSettings.contains { $0.key == key && !$0.isSecret }
        }
        if let key = Placeholders.suffix(of: name, after: "callback.") {
            guard case .oauth2(let oauth) = auth else { return false }
            return oauth.callbackParameters.contains { $0.name == key }
        }
        return ["accountId", "accountName", "variant"].contains(name)
    }

    private func credentialProblems(_ request: ProviderRequest, place: String) -> [String] {
        guard case .setting(let key, _) = request.authorization,
            !settings.contains(where: { $0.key == key && $0.isSecret })
        else { return [] }
        return ["\(place): there is no secret setting “\(key)”"]
    }

    /// Whether `text` is 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
    static func isIdentifier(_ text: String) -> Bool {
        let utf8 = text.utf8
        guard let first = utf8.first, 0x61...0x7A ~= first, utf8.count <= idBytesMax else { return false }
        return utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") }
    }
}

extension DataType {
    /// What is wrong with how the data type is read, one sentence each.
    fileprivate var listProblems: [String] {
        var problems: [String] = []
        switch window {
        case .newest(let count, let field):
            if count < 1 { problems.append("the window holds no record") }
            if !mapping.fields.contains(where: { $0.name == field }) {
                problems.append("the window is by the field “\(field)”, which does not exist")
            }
        case .recent(let time, let field):
            if time <= .zero { problems.append("the window holds no time") }
            if !mapping.fields.contains(where: { $0.name == field }) {
                problems.append("the window is by the field “\(field)”, which does not exist")
            }
        case .matching, nil: break
        }
        for list in [list, changes].compactMap(\.self) {
            guard let sizes = list.pageSizes else { continue }
            if list.pageSizeParameter == nil { problems.append("pages have sizes and no parameter that asks for one") }
            if sizes.lowerBound < 2 || sizes.count < 2 { problems.append("pages of these sizes cannot overlap") }
        }
        return problems
    }
}

extension WebhookEvents {
    /// Whether there is a path to the account of every event.
    fileprivate var namesAccount: Bool {
        accounts.isEmpty ? !account.isEmpty : accounts.allSatisfy { !$0.paths.isEmpty }
    }
}
