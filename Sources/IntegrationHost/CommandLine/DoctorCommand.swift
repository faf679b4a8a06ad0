// `integration-host doctor`: looks at the whole installation, says what is wrong, what it means and what to do.

import Commands
import Configuration
import Credentials
import Doctor
import HTTPClient
import HostControl
import Observability
import PluginLoading
import Primitives
import Processes
import Providers
import Storage

enum DoctorCommand {
    static func run(_ arguments: Arguments) throws {
        let report = Blocking.run { await DoctorReport(findings(arguments)) }
        LogSink.standardError.flush()
        StandardOutput.line(arguments.has("--json") ? report.json : report.text)
        if report.hasProblem { throw DoctorError() }
    }

    private static func findings(_ arguments: Arguments) async -> [Finding] {
        let configuration: Configuration
        let start: StartChecks
        do {
            configuration = try Configuration.load(arguments)
        } catch { return [misconfigured(error)] }
        let file =
            arguments["--config"] ?? Environment.all[ConfigurationEnvironment.prefix + ConfigurationEnvironment.file]
        var findings =
            DiskCheck.run(directory: configuration.dataDirectory) + AccessCheck.run(configuration, file: file)
        let (survey, keys) = (survey(configuration), keyRing(configuration))
        findings += [keys].compactMap { $0 } + survey.findings
        findings += BackupCheck.findings(configuration, now: TimeSource.system.millisecondsSince1970 / 1000)
        do {
            // What it logs comes as findings.
            start = try StartChecks(configuration, log: Log(level: .error))
        } catch { return [misconfigured(error)] + findings }
        findings.insert(.good("configuration", "The configuration is valid"), at: 0)
        return findings + (await network(configuration, start, hostRuns: survey.hostRuns))
    }

    private static func misconfigured(_ error: any Error) -> Finding {
        .problem(
            "configuration", "\(error)", means: "A host with this configuration does not start.",
            do: "Correct the place that is named; “config check” does the same check.")
    }

    private static func keyRing(_ configuration: Configuration) -> Finding? {
        let isUsed = DataDirectory.exists(at: configuration.dataDirectory)
        guard isUsed || KeyRings.exist(configuration) else {
            return .good("keys", "There is no key ring yet; the first start makes one")
        }
        do {
            _ = try KeyRings.keys(configuration, makes: false)
            return .good("keys", "\(KeyRings.path(configuration)) can be opened")
        } catch {
            return .problem(
                "keys", "\(error)", means: "No stored credential can be used, and the host does not start.",
                do: "Restore the key ring from its copy, or correct “keysDirectory”.")
        }
    }

    /// What is stored, and whether a host runs.
    private static func survey(_ configuration: Configuration) -> (findings: [Finding], hostRuns: Bool) {
        guard DataDirectory.exists(at: configuration.dataDirectory) else {
            return ([.good("data", "\(configuration.dataDirectory) is new; the first start fills it")], false)
        }
        do {
            let (survey, hostRuns) = try ControlClient.survey(configuration)
            let text =
                hostRuns
                ? "A host works on \(configuration.dataDirectory)" : "No host runs on \(configuration.dataDirectory)"
            return ([.good("data", text)] + SurveyCheck.findings(survey, version: Version.text), hostRuns)
        } catch {
            let problem = Finding.problem(
                "data", "\(configuration.dataDirectory): \(error)",
                means: "The users and connections in it cannot be looked at.",
                do: "Run the command as the user of the host; “check” looks at every file.")
            return ([problem], ControlClient.hostRuns(in: configuration.dataDirectory))
        }
    }

    private static func network(
        _ configuration: Configuration, _ start: StartChecks, hostRuns: Bool
    ) async -> [Finding] {
        let client: HTTPClient
        do {
            var settings = HTTPClient.Configuration()
            settings.proxies = try HostResources.proxies(configuration, Environment.all, Log(level: .error))
            settings.userAgent = "integration-host/\(Version.text)"
            if configuration.allowPrivateAddresses { settings.addressPolicy = .any }
            client = try HTTPClient(settings)
        } catch { return [misconfigured(error)] }
        // The host itself listens on an address of this machine.
        var local = HTTPClient.Configuration()
        local.addressPolicy = .any
        let own = (try? HTTPClient(local)) ?? client
        let addresses = await AddressCheck(configuration, network: NetworkQuestion(client: own), hostRuns: hostRuns)
            .run()
        let providers = await ProviderCheck(
            start.registry, rejections: start.rejections, network: NetworkQuestion(client: client)
        ).run()
        await client.shutdown()
        await own.shutdown()
        let files = ["journal", "users", "records"].map { "\(configuration.dataDirectory)/\($0)" }
        let clock = ClockCheck.finding(
            leads: providers.clockLeads, now: TimeSource.system.millisecondsSince1970 / 1000,
            newestFile: ClockCheck.newest(of: files))
        return addresses + [clock] + providers.findings
    }
}

/// Something in the installation does not work; the report says what.
private struct DoctorError: Error, CustomStringConvertible {
    let description = "something is wrong; see what is marked PROBLEM."
}
