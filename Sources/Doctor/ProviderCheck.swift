// Looks at each provider: whether it is configured, can be reached, and accepts the application's credentials.

import Configuration
import HTTPClient
import OAuth
import Primitives
import ProviderSDK
package import Providers

/// The checks of providers and plugins.
package struct ProviderCheck: Sendable {
    let registry: ProviderRegistry
    let rejections: [PluginRejection]
    let network: NetworkQuestion

    /// - Parameter rejections: the plugins that were refused.
    package init(_ registry: ProviderRegistry, rejections: [PluginRejection], network: NetworkQuestion) {
        self.registry = registry
        self.rejections = rejections
        self.network = network
    }

    /// What was found, and how far this clock is ahead of those of the providers that answered.
    package struct Outcome: Sendable {
        package var findings: [Finding] = []
        package var clockLeads: [Duration] = []
    }

    package func run() async -> Outcome {
        var outcome = Outcome(findings: plugins())
        let probes = registry.providers.flatMap(Self.probes)
        for (finding, lead) in await sideBySide(probes, max: DoctorLimits.questionsMax, { await Self.ask($0, network) })
        {
            outcome.findings.append(finding)
            if let lead { outcome.clockLeads.append(lead) }
        }
        outcome.findings.sort { $0.subject < $1.subject }
        return outcome
    }

    // MARK: Plugins

    private func plugins() -> [Finding] {
        var findings = rejections.map { rejection in
            Finding.problem(
                "plugin", "\(rejection)", means: "Its provider is missing; connections to it stand still.",
                do: "Install a plugin that was built for this version, or remove the file.")
        }
        findings += registry.warnings.map { warning in
            .warning(
                "plugin", warning, means: "The settings have no effect.", do: "Install the plugin, or remove them.")
        }
        if registry.providers.isEmpty {
            findings.append(
                .problem(
                    "plugin", "no plugin was found", means: "Nothing can be connected.",
                    do:
                        "Put plugins beside the program, into “plugins” in the data directory, or name a folder with --plugins."
                ))
        }
        let available = registry.providers.filter(\.isAvailable).count
        if findings.isEmpty {
            findings = [
                .good("plugin", "\(registry.providers.count) providers are loaded, \(available) are configured")
            ]
        }
        return findings + registry.providers.compactMap(halfConfigured)
    }

    /// The finding for a provider of which something is configured and something is missing.
    private func halfConfigured(_ provider: ConfiguredProvider) -> Finding? {
        let configuration = provider.configuration
        let isBegun =
            configuration.clientID != nil || configuration.clientSecret != nil || !configuration.settings.isEmpty
            || !configuration.variants.isEmpty
        guard isBegun, !provider.isAvailable else { return nil }
        var missing: [String] = []
        if provider.usesOAuth {
            if configuration.clientID == nil { missing.append("clientId") }
            if configuration.clientSecret == nil { missing.append("clientSecret") }
        }
        for setting in provider.manifest.operatorSettings
        where setting.isRequired && provider.setting(setting.key) == nil { missing.append(setting.key) }
        return .problem(
            "provider-\(provider.id)", "\(provider.manifest.name) lacks \(missing.joined(separator: ", "))",
            means: "Users cannot connect it.", do: "Set what is missing under “providers.\(provider.id)”.")
    }

    // MARK: Credentials

    /// A question about one application of a provider.
    private struct Probe: Sendable {
        let provider: ConfiguredProvider
        let variant: String?

        var subject: String { "provider-\(provider.id)" + (variant.map { "-\($0)" } ?? "") }
    }

    private static func probes(of provider: ConfiguredProvider) -> [Probe] {
        let variants = provider.manifest.variants.isEmpty ? [nil] : provider.manifest.variants.map { Optional($0.id) }
        return variants.filter { provider.isAvailable($0) }.map { Probe(provider: provider, variant: $0) }
    }

    private static func ask(_ probe: Probe, _ network: NetworkQuestion) async -> (Finding, Duration?) {
        let name = probe.provider.manifest.name
        guard let client = ClientProbe(probe.provider, variant: probe.variant) else {
            guard let url = probe.provider.endpoint("api", variant: probe.variant) else {
                return (.good(probe.subject, "\(name) needs no request"), nil)
            }
            do {
                let answer = try await network.ask(url)
                return (.good(probe.subject, "\(name) can be reached"), answer.clockLead)
            } catch { return (unreachable(probe.subject, name, "\(error)"), nil) }
        }
        switch await client.outcome(network.client) {
        case .accepted(let response):
            return (
                .good(probe.subject, "\(name) can be reached and accepts the credentials of the application"),
                network.answer(response).clockLead
            )
        case .refused(let code, let response):
            return (
                .problem(
                    probe.subject, "\(name) does not accept the credentials of the application (\(code))",
                    means: "Nothing can be connected or renewed.",
                    do: "Compare clientId and clientSecret with the provider's page for applications."),
                network.answer(response).clockLead
            )
        case .unclear(let status, let response):
            return (
                .good(
                    probe.subject,
                    "\(name) can be reached; its answer (\(status)) does not say whether it accepts the credentials"),
                network.answer(response).clockLead
            )
        case .unreachable(let reason): return (unreachable(probe.subject, name, reason), nil)
        }
    }

    private static func unreachable(_ subject: String, _ name: String, _ reason: String) -> Finding {
        .problem(
            subject, "\(name) cannot be reached (\(reason))", means: "Its connections are not synced or renewed.",
            do: "Check DNS, the firewall and “outgoingProxy”. The provider's status page says whether it has an outage."
        )
    }
}

/// Returns the results of `work` for `elements`, in any order, of which at most `max` are worked on at the same time.
func sideBySide<Element: Sendable, Result: Sendable>(
    _ elements: [Element], max: Int, _ work: @escaping @Sendable (Element) async -> Result
) async -> [Result] {
    await withTaskGroup(of: Result.self) { group in
        var waiting = elements[...]
        var results: [Result] = []
        func start() {
            guard let element = waiting.popFirst() else { return }
            group.addTask { await work(element) }
        }
        for _ in 0..<max { start() }
        while let result = await group.next() {
            results.append(result)
            start()
        }
        return results
    }
}
