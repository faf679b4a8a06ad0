// What a client needs to know of a stand-in, as plain data: where it is and which credentials it takes. A host writes
// its configuration from this without naming a provider.

public import ProviderSDK

/// One provider of a sandbox: its endpoints and the settings that a client of it is configured with.
///
/// `settings` and `endpoints` have the names of the host's configuration: `clientId`, `clientSecret`, `botToken`,
/// `accessToken` …; `authorize`, `token`, `revoke`, `api` …. All of them are made up and worth nothing outside the
/// sandbox.
public struct SandboxProvider: Sendable {
    /// One variant of a provider.
    public struct Variant: Sendable {
        /// The variant's id.
        public let id: String
        /// Its credentials.
        public let settings: [String: String]
        /// Its endpoints: absolute URLs.
        public let endpoints: [String: String]
    }

    /// The provider's id.
    public let id: String
    /// Its credentials; empty where only variants have some.
    public let settings: [String: String]
    /// Its endpoints: absolute URLs.
    public let endpoints: [String: String]
    /// Its variants; empty where it has none.
    public let variants: [Variant]
}

extension SandboxProvider {
    /// The providers of `standIns`, each with its variants.
    static func all(_ standIns: [any StandIn], _ origin: String) -> [SandboxProvider] {
        var ids: [String] = []
        for standIn in standIns where !ids.contains(standIn.providerID) { ids.append(standIn.providerID) }
        return ids.map { id in
            let own = standIns.filter { $0.providerID == id }
            let plain = own.first { $0.variant == nil }
            return SandboxProvider(
                id: id, settings: plain?.settings ?? [:], endpoints: plain?.core.endpoints(origin: origin) ?? [:],
                variants: own.compactMap { standIn in
                    standIn.variant.map {
                        Variant(id: $0, settings: standIn.settings, endpoints: standIn.core.endpoints(origin: origin))
                    }
                })
        }
    }

    /// A host's configuration that leads `providers` to their stand-ins: `{"providers": …}`.
    public static func configuration(of providers: [SandboxProvider]) -> JSONValue {
        [
            "providers": .object(
                providers.map { provider in
                    var members = members(provider.settings, provider.endpoints)
                    if !provider.variants.isEmpty {
                        let variants = provider.variants.map { variant in
                            (
                                key: variant.id,
                                value: JSONValue.object(Self.members(variant.settings, variant.endpoints))
                            )
                        }
                        members.append(("variants", .object(variants)))
                    }
                    return (provider.id, .object(members))
                })
        ]
    }

    private static func members(
        _ settings: [String: String], _ endpoints: [String: String]
    ) -> [(key: String, value: JSONValue)] {
        sorted(settings) + [("endpoints", .object(sorted(endpoints)))]
    }

    private static func sorted(_ texts: [String: String]) -> [(key: String, value: JSONValue)] {
        texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }
    }
}
