// Reads the configuration file: strict JSON in which every key must be known and every value of the right kind. Errors name
// line and column.

import ProviderSDK

/// Reads one configuration file into a ``Configuration``.
struct ConfigurationFile {
    private let path: String
    private let bytes: [UInt8]

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Sets what the file says.
    func apply(to configuration: inout Configuration) throws(ConfigurationError) {
        var limits = JSONLimits()
        limits.bytesMax = ConfigurationLimits.fileBytesMax
        let root: JSONValue
        do {
            root = try JSONValue.parse(bytes, limits: limits)
        } catch {
            throw ConfigurationError(place: "\(path):\(error.line):\(error.column)", problem: error.problem)
        }
        configuration.places.set(file: path, bytes: bytes, root: root)
        try object(root, "the configuration") { (key, value) throws(ConfigurationError) in
            switch key {
            case "listen": configuration.listen = try text(value, key)
            case "publicURL":
                configuration.publicURL = try text(value, key)
                configuration.isPublicURLGiven = true
            case "dataDirectory": configuration.dataDirectory = try text(value, key)
            case "keysDirectory": configuration.keysDirectory = try text(value, key)
            case "redirectURIs": configuration.redirectURIs = try texts(value, key)
            case "allowedOrigins": configuration.allowedOrigins = try texts(value, key)
            case "allowPrivateAddresses": configuration.allowPrivateAddresses = try boolean(value, key)
            case "logLevel":
                guard let level = LogLevel(rawValue: try text(value, key)) else {
                    throw error(value, "“logLevel” must be one of \(LogLevel.names)")
                }
                configuration.logLevel = level
            case "sweepSeconds": configuration.sweepPause = .seconds(try integer(value, key, 1...3600))
            case "syncRetrySeconds":
                configuration.syncRetryTime = .seconds(try integer(value, key, 0...86_400))
            case "webhookQuietSeconds":
                configuration.webhookQuietTime = .seconds(try integer(value, key, 0...3600))
            case "webhookRetrySeconds": configuration.webhookPauses = try pauses(value, key)
            case "rateLimits": configuration.rateLimits = try rateLimits(value)
            case "sessions": configuration.sessions = try sessions(value)
            case "providers":
                try object(value, key) { (id, provider) throws(ConfigurationError) in
                    configuration.providers[id] = try self.provider(provider, id, isVariant: false)
                }
            default: throw unknown(key, value)
            }
        }
    }

    private func pauses(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> [Duration] {
        guard let values = value.array, 1...ConfigurationLimits.deliveryPausesMax ~= values.count else {
            throw error(value, "“\(key)” must be an array of 1 to \(ConfigurationLimits.deliveryPausesMax) integers")
        }
        var pauses: [Duration] = []
        for value in values { pauses.append(.seconds(try integer(value, key, 1...604_800))) }
        return pauses
    }

    private func rateLimits(_ value: JSONValue) throws(ConfigurationError) -> RateLimitsConfiguration {
        var limits = RateLimitsConfiguration()
        try object(value, "rateLimits") { (key, value) throws(ConfigurationError) in
            let perMinute = try integer(value, key, 0...1_000_000)
            switch key {
            case "connectionCreation": limits.connectionCreation = perMinute
            case "sync": limits.sync = perMinute
            case "oauth": limits.oauth = perMinute
            case "status": limits.status = perMinute
            default: throw unknown(key, value)
            }
        }
        return limits
    }

    private func provider(
        _ value: JSONValue, _ id: String, isVariant: Bool
    ) throws(ConfigurationError) -> ProviderConfiguration {
        var provider = ProviderConfiguration()
        try object(value, id) { (key, value) throws(ConfigurationError) in
            switch key {
            case "clientId": provider.clientID = try text(value, key)
            case "clientSecret": provider.clientSecret = Secret(try text(value, key))
            case "clientSecretFile": provider.clientSecret = try secretFile(value, key)
            case "endpoints":
                try object(value, key) { (name, url) throws(ConfigurationError) in
                    provider.endpoints[name] = try text(url, name)
                }
            case "variants" where !isVariant:
                try object(value, key) { (variant, settings) throws(ConfigurationError) in
                    provider.variants[variant] = try self.provider(settings, variant, isVariant: true)
                }
            default:
                // The plugin's manifest knows which keys there are; it is asked once the plugins are loaded.
                if let number = value.number {
                    provider.settings[key] = .init(value: Secret(number.text), isNumber: true)
                } else {
                    guard let text = value.string, !text.isEmpty else {
                        throw error(value, "“\(key)” must be a number or a text that is not empty")
                    }
                    provider.settings[key] = .init(value: Secret(text))
                }
            }
        }
        return provider
    }

    private func sessions(_ value: JSONValue) throws(ConfigurationError) -> SessionsConfiguration {
        var sessions = SessionsConfiguration()
        try object(value, "sessions") { (key, value) throws(ConfigurationError) in
            switch key {
            case "clerk": sessions.clerk = try clerk(value)
            case "nextAuth": sessions.nextAuth = try nextAuth(value)
            case "rds":
                var rds = SessionsConfiguration.RDS()
                try object(value, key) { (key, value) throws(ConfigurationError) in
                    switch key {
                    case "environment": rds.environment = try text(value, key)
                    case "publicKeyFile": rds.publicKeyFile = try text(value, key)
                    default: throw unknown(key, value)
                    }
                }
                guard rds.publicKeyFile != nil else {
                    throw error(
                        value, "“rds” needs “publicKeyFile”: a PEM file with the key that its sessions are signed with")
                }
                sessions.rds = rds
            case "discordBot": sessions.discordBot = try service(value, key)
            case "cronJobHandler": sessions.cronJobHandler = try service(value, key)
            default: throw unknown(key, value)
            }
        }
        return sessions
    }

    private func clerk(_ value: JSONValue) throws(ConfigurationError) -> SessionsConfiguration.Clerk {
        var clerk = SessionsConfiguration.Clerk()
        try object(value, "clerk") { (key, value) throws(ConfigurationError) in
            switch key {
            case "publicKeyFile": clerk.publicKeyFile = try text(value, key)
            case "jwksURL": clerk.jwksURL = try text(value, key)
            case "issuer": clerk.issuer = try text(value, key)
            case "authorizedParties": clerk.authorizedParties = try texts(value, key)
            default: throw unknown(key, value)
            }
        }
        guard clerk.publicKeyFile != nil || clerk.jwksURL != nil else {
            throw error(value, "“clerk” needs “publicKeyFile” or “jwksURL” to verify sessions with")
        }
        return clerk
    }

    private func nextAuth(_ value: JSONValue) throws(ConfigurationError) -> SessionsConfiguration.NextAuth {
        var nextAuth = SessionsConfiguration.NextAuth()
        try object(value, "nextAuth") { (key, value) throws(ConfigurationError) in
            switch key {
            case "secrets": nextAuth.secrets = try texts(value, key).map(Secret.init)
            case "version": nextAuth.version = try integer(value, key, 4...5)
            default: throw unknown(key, value)
            }
        }
        guard !nextAuth.secrets.isEmpty else { throw error(value, "“nextAuth” needs at least one of “secrets”") }
        return nextAuth
    }

    private func service(_ value: JSONValue, _ name: String) throws(ConfigurationError) -> SessionsConfiguration.Service
    {
        var service = SessionsConfiguration.Service()
        try object(value, name) { (key, value) throws(ConfigurationError) in
            guard key == "publicKeyFile" else { throw unknown(key, value) }
            service.publicKeyFile = try text(value, key)
        }
        guard service.publicKeyFile != nil else {
            throw error(
                value, "“\(name)” needs “publicKeyFile”: a PEM file with the key that its tokens are signed with")
        }
        return service
    }

    private func secretFile(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> Secret {
        let path = try text(value, key)
        let bytes: [UInt8]
        do throws(FileError) { bytes = try FileBytes.read(path, bytesMax: HostLimits.tokenBytesMax) } catch {
            throw self.error(
                value,
                "the file that “\(key)” names cannot be read (\(error.reason)): check its path and its permissions")
        }
        let trimmed = bytes.drop { $0 <= 0x20 }
        guard let last = trimmed.lastIndex(where: { $0 > 0x20 }) else {
            throw error(value, "the file of “\(key)” is empty")
        }
        return Secret(String(decoding: trimmed[...last], as: UTF8.self))
    }
}

extension ConfigurationFile {
    private func object(
        _ value: JSONValue, _ name: String,
        _ body: (String, JSONValue) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        guard let members = value.members else { throw error(value, "“\(name)” must be an object") }
        for (key, value) in members { try body(key, value) }
    }

    private func text(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> String {
        guard let text = value.string, !text.isEmpty else {
            throw error(value, "“\(key)” must be a text that is not empty")
        }
        return text
    }

    private func texts(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> [String] {
        guard let values = value.array else { throw error(value, "“\(key)” must be an array of texts") }
        var texts: [String] = []
        for value in values { texts.append(try text(value, key)) }
        return texts
    }

    private func boolean(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> Bool {
        guard let boolean = value.boolean else { throw error(value, "“\(key)” must be true or false") }
        return boolean
    }

    private func integer(
        _ value: JSONValue, _ key: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        guard let integer = value.integer.map(Int.init), range ~= integer else {
            throw error(value, "“\(key)” must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    private func unknown(_ key: String, _ value: JSONValue) -> ConfigurationError {
        error(value, "there is no setting “\(key)” here: check its spelling, or remove it")
    }

    private func error(_ value: JSONValue, _ problem: String) -> ConfigurationError {
        ConfigurationError(place: ConfigurationPlaces.text(path, bytes, value), problem: problem)
    }
}
