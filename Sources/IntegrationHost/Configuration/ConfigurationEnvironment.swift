// Reads the configuration from environment variables: INTEGRATION_HOST_ and the key, words separated by underscores or not.

/// Applies environment variables to a ``Configuration``.
struct ConfigurationEnvironment {
    static let prefix = "INTEGRATION_HOST_"

    private let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// Sets what the variables say; an empty one counts as not set.
    ///
    /// - Returns: the names of variables with the prefix that mean nothing.
    func apply(to configuration: inout Configuration) throws(ConfigurationError) -> [String] {
        var unknown: [String] = []
        for (name, value) in variables.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(Self.prefix) && !value.isEmpty {
            let key = String(name.dropFirst(Self.prefix.count))
            if try !apply(key, value, name: name, to: &configuration) { unknown.append(name) }
        }
        return unknown
    }

    private func apply(
        _ key: String, _ value: String, name: String, to configuration: inout Configuration
    ) throws(ConfigurationError) -> Bool {
        switch key.replacing("_", with: "").uppercased() {
        case "CONFIG": return true
        case "LISTEN":
            configuration.listen = value
            configuration.places.set(["listen"], name)
        case "PUBLICURL":
            configuration.publicURL = value
            configuration.isPublicURLGiven = true
            configuration.places.set(["publicURL"], name)
        case "DATADIRECTORY", "DATA": configuration.dataDirectory = value
        case "KEYSDIRECTORY": configuration.keysDirectory = value
        case "PLUGINS":
            configuration.pluginDirectories += Self.list(value, separator: ":")
            configuration.places.set(["plugins"], name)
        case "REDIRECTURIS":
            configuration.redirectURIs = Self.list(value, separator: ",")
            configuration.places.set(["redirectURIs"], name)
        case "ALLOWEDORIGINS":
            configuration.allowedOrigins = Self.list(value, separator: ",")
            configuration.places.set(["allowedOrigins"], name)
        case "ALLOWPRIVATEADDRESSES":
            guard let boolean = Bool(value) else {
                throw ConfigurationError(place: name, problem: "the value must be true or false")
            }
            configuration.allowPrivateAddresses = boolean
        case "LOGLEVEL":
            guard let level = LogLevel(rawValue: value) else {
                throw ConfigurationError(place: name, problem: "the value must be one of \(LogLevel.names)")
            }
            configuration.logLevel = level
        case "SWEEPSECONDS": configuration.sweepPause = .seconds(try Self.integer(value, name, 1...3600))
        case "SYNCRETRYSECONDS": configuration.syncRetryTime = .seconds(try Self.integer(value, name, 0...86_400))
        case "WEBHOOKQUIETSECONDS": configuration.webhookQuietTime = .seconds(try Self.integer(value, name, 0...3600))
        case "WEBHOOKRETRYSECONDS":
            let texts = Self.list(value, separator: ",")
            guard 1...ConfigurationLimits.deliveryPausesMax ~= texts.count else {
                throw ConfigurationError(
                    place: name, problem: "the value must be 1 to \(ConfigurationLimits.deliveryPausesMax) integers")
            }
            var pauses: [Duration] = []
            for text in texts { pauses.append(.seconds(try Self.integer(text, name, 1...604_800))) }
            configuration.webhookPauses = pauses
        case "RATELIMITSCONNECTIONCREATION":
            configuration.rateLimits.connectionCreation = try Self.perMinute(value, name)
        case "RATELIMITSSYNC": configuration.rateLimits.sync = try Self.perMinute(value, name)
        case "RATELIMITSOAUTH": configuration.rateLimits.oauth = try Self.perMinute(value, name)
        case "RATELIMITSSTATUS": configuration.rateLimits.status = try Self.perMinute(value, name)
        default: return applyProvider(key, value, name: name, to: &configuration)
        }
        return true
    }

    /// Sets `PROVIDERS_<ID>_<KEY>`; keys that the plugin's manifest names are matched once the plugins are loaded.
    private func applyProvider(
        _ key: String, _ value: String, name: String, to configuration: inout Configuration
    ) -> Bool {
        let words = key.split(separator: "_").map { $0.lowercased() }
        guard words.count >= 3, words[0] == "providers" else { return false }
        let id = words[1]
        if configuration.providers[id] == nil { configuration.places.set(["providers", id], name) }
        var provider = configuration.providers[id] ?? ProviderConfiguration()
        switch words[2...].joined() {
        case "clientid": provider.clientID = value
        case "clientsecret": provider.clientSecret = Secret(value)
        case let other where other.hasPrefix("endpoints") && other.utf8.count > 9:
            let endpoint = String(other.dropFirst(9))
            // Variables do not tell capitals: what the file calls the same is meant.
            let known = provider.endpoints.keys.first { $0.lowercased() == endpoint } ?? endpoint
            provider.endpoints[known] = value
            configuration.places.set(["providers", id, "endpoints", known], name)
        case let other:
            let known = provider.settings.keys.first { $0.lowercased() == other } ?? other
            provider.settings[known] = .init(value: Secret(value))
            configuration.places.set(["providers", id, known], name)
        }
        configuration.providers[id] = provider
        return true
    }

    private static func list(_ value: String, separator: Character) -> [String] {
        value.split(separator: separator).map { String($0.trimmingPrefix(while: { $0 == " " })) }
    }

    private static func perMinute(_ value: String, _ name: String) throws(ConfigurationError) -> Int {
        try integer(value, name, 0...1_000_000)
    }

    private static func integer(
        _ value: String, _ name: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        guard !value.isEmpty, value.utf8.count <= 7, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let number = Int(value), range ~= number
        else {
            throw ConfigurationError(
                place: name, problem: "the value must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
