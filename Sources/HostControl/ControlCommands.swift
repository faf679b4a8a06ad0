// Carries out operators' commands for the process that holds the data directory: the running host, or the command itself.
// Reports the outcome in lines for a terminal.

package import Audit
package import Configuration
import ConnectionModel
package import Connections
package import Credentials
import Cryptography
import HTTPAPI
import Observability
import PluginLoading
package import Primitives
import ProviderSDK
import Providers
package import Sessions
package import Storage
import StoreFiles
package import Sync
package import Users

/// Carries out commands.
package struct ControlCommands: Sendable {
    package let data: DataDirectory
    let users: UserStore
    let time: TimeSource
    package let apiKeys: APIKeys
    package let applicationKeys: ApplicationKeys
    private let audit: AuditTrail
    /// The keys; opened by the commands that need them.
    package let rotation: @Sendable () throws -> KeyRotation
    /// The service that explains connections; opened by the commands that need it.
    package let diagnoses: @Sendable () throws -> DiagnosisService
    /// The service that lists and replays dead letters; opened by the commands that need it.
    package let deadLetters: @Sendable () throws -> DeadLetterService
    /// The erasure of users; nil when no host runs.
    private let erasure: UserErasure?
    /// Resumes the background work; returns false when it was not paused.
    package let resume: @Sendable () throws -> Bool
    /// Reads the configuration again and returns the outcome; nil when no host runs.
    package var reload: (@Sendable () throws -> [String])?
    /// Why the background work is paused; nil when it is not.
    let pauseReason: @Sendable () -> String?

    package init(
        data: DataDirectory, apiKeys: APIKeys, applicationKeys: ApplicationKeys, audit: AuditTrail, time: TimeSource,
        rotation: @escaping @Sendable () throws -> KeyRotation,
        diagnoses: @escaping @Sendable () throws -> DiagnosisService,
        deadLetters: @escaping @Sendable () throws -> DeadLetterService, users: UserStore, erasure: UserErasure?,
        pauseReason: @escaping @Sendable () -> String?, resume: @escaping @Sendable () throws -> Bool
    ) {
        self.users = users
        self.erasure = erasure
        self.data = data
        self.apiKeys = apiKeys
        self.applicationKeys = applicationKeys
        self.audit = audit
        self.time = time
        self.rotation = rotation
        self.diagnoses = diagnoses
        self.deadLetters = deadLetters
        self.resume = resume
        self.pauseReason = pauseReason
    }

    /// Carries out one command, as an act of the operator.
    ///
    /// - Parameter descriptor: what the command writes to; the caller closes it.
    package func run(_ command: ControlCommand, descriptor: Int32? = nil) async -> ControlAnswer {
        await AuditActor.$current.withValue(.operatorCommand) { await carryOut(command, descriptor) }
    }

    private func carryOut(_ command: ControlCommand, _ descriptor: Int32?) async -> ControlAnswer {
        do {
            switch command {
            case .createAPIKey(let userID): return .done([try await apiKeys.create(userID: userID).text])
            case .listAPIKeys:
                return .done(try await apiKeys.list().map { "\($0.id)  \($0.createdAt)  \($0.userID)" })
            case .revokeAPIKey(let id):
                guard try await apiKeys.revoke(id) else {
                    return .failed("there is no such API key; “api-key list” shows the ids.")
                }
                return .done(["revoked \(id)"])
            case .applicationKeys(let command):
                return try await applicationKeys.carryOut(command, at: time.now)
            case .users(let order):
                let directory = UserDirectory(users: users, diagnoses: try diagnoses(), time: time)
                return try await UserReport(directory: directory, erasure: erasure).carryOut(order)
            case .audit(let order): return try await AuditListing(trail: audit).carryOut(order)
            case .listConnections(let userID, let asJSON): return .done(try await connections(userID, asJSON: asJSON))
            case .deadLetters(let userID, let connection, let replays):
                return .done(
                    try await DeadLetterReport(service: try deadLetters()).run(
                        user: userID, connection: connection, replays: replays))
            case .check(let repairs): return try await check(repairs: repairs)
            case .backup(let directory): return try await backup(to: directory)
            case .backupArchive(let name, let recipient):
                guard let descriptor else { return .failed("the command came without the file to write to.") }
                return try await backup(to: descriptor, name: name, recipient: recipient)
            case .listKeys:
                return .done(
                    try await rotation().states().map { key in
                        "\(key.id)  \(key.isPrimary ? "primary" : "retired")  \(key.secrets) secrets"
                    })
            case .rotateKeys: return try await rotate()
            case .pruneKeys: return try await prune()
            case .reload:
                guard let reload else {
                    return .failed("no host runs; the next start reads the configuration and the plugins.")
                }
                return .done(try reload())
            case .survey: return .done([String(decoding: try await survey().encoded, as: UTF8.self)])
            case .resume:
                return .done([try resume() ? "The background work is resumed." : "The background work was not paused."])
            }
        } catch let error as ServiceError {
            return .failed(Self.reason(error))
        } catch {
            return .failed("\(error)")
        }
    }

    private func connections(_ userID: String, asJSON: Bool) async throws -> [String] {
        let diagnoses = try diagnoses()
        let found = try await diagnoses.explainAll(of: userID)
        guard asJSON else { return ExplanationRendering.table(found) }
        return [ExplanationRendering.json(found, named: diagnoses.name)]
    }

    private func check(repairs: Bool) async throws -> ControlAnswer {
        let report = try await data.check(repairs: repairs)
        var lines: [String] = []
        for problem in report.problems {
            lines.append((problem.isRepaired ? "repaired: " : "damaged: ") + problem.message)
            lines += problem.lines(await ids(in: problem))
        }
        if let last = report.audit.lastHash {
            lines.append("audit log: \(report.audit.lines) lines, the last with the hash \(last)")
        }
        lines.append(
            "\(report.documents) documents, \(report.streams) record streams with \(report.changes) changes: "
                + (report.isSound ? "sound" : "damaged; run with --repair to set damaged files aside"))
        return report.isSound ? .done(lines) : .incomplete(lines, "the data directory is damaged.")
    }

    /// The users and connections of what was set aside.
    private func ids(in problem: CheckReport.Problem) async -> SetAsideIDs {
        let lost = (problem.lost?.documents ?? []).filter { $0.collection == UserStore.collection }
        return SetAsideIDs(
            in: await data.setAside(problem), users: lost.map { String(decoding: $0.id, as: UTF8.self) }.sorted())
    }

    private func backup(to directory: String) async throws -> ControlAnswer {
        try await Self.report(data.backup(to: directory), directory)
    }

    private func backup(to descriptor: Int32, name: String, recipient: String?) async throws -> ControlAnswer {
        let recipient = try recipient.map { pem throws(CryptographyError) in try SealingRecipient(pem: pem) }
        let output = ArchiveOutput(descriptor: descriptor, name: name, recipient: recipient)
        return Self.report(try await data.backup(to: output), name)
    }

    private static func report(_ outcome: BackupOutcome, _ target: String) -> ControlAnswer {
        let lines = [
            outcome.summary("copied to \(target)"),
            "The key ring is not in it: keep a copy of it apart, without it no credential can be opened.",
        ]
        guard !outcome.skipped.isEmpty else { return .done(lines) }
        return .incomplete(lines, "damaged files were left out: \(outcome.skipped.joined(separator: ", ")).")
    }

    private func rotate() async throws -> ControlAnswer {
        let (key, outcome) = try await rotation().rotate()
        var lines = ["The primary key is \(key); \(outcome.resealed) secrets were sealed again with it."]
        if !outcome.unreadable.isEmpty {
            let ids = Set(outcome.unreadable).sorted()
            lines.append("Left as they are, because they cannot be opened: \(ids.joined(separator: ", "))")
        }
        guard outcome.failures > 0 else { return .done(lines) }
        return .incomplete(
            lines,
            "the documents of \(outcome.failures) users could not be read or written: run check, then rotate again.")
    }

    private func prune() async throws -> ControlAnswer {
        let removal = try await rotation().prune()
        var lines =
            removal.removed.isEmpty ? ["No key was removed."] : ["Removed \(removal.removed.joined(separator: ", "))."]
        lines += removal.kept.map { "\($0.id) is still needed by \($0.secrets) secrets." }
        return .done(lines)
    }

    private static func reason(_ error: ServiceError) -> String {
        switch error {
        case .invalid(_, let message), .unavailable(let message, _), .internalFault(let message): "\(message)."
        case .notFound: "the user has no such connection."
        default: "it failed: \(error)."
        }
    }
}

extension ControlCommands {
    /// Makes the commands of a process that holds a data directory without serving.
    package init(alone data: DataDirectory, _ configuration: Configuration, time: TimeSource = .system) {
        let log = Log(level: .warning)
        let users = UserStore(data.documents)
        let keys: @Sendable () throws -> HostKeys = {
            guard KeyRings.exist(configuration) else {
                throw HostStartError(
                    "there is no key ring at \(KeyRings.path(configuration)); the first start makes one.")
            }
            return try KeyRings.keys(configuration, makes: false)
        }
        self.data = data
        self.users = users
        erasure = nil
        resume = { try data.installation.adopt() }
        pauseReason = { data.installation.pauseReason }
        self.time = time
        let audit = AuditTrail(data.audit, time: time) { try? keys().ring }
        self.audit = audit
        users.audit(with: audit)
        apiKeys = APIKeys(data.documents, audit: audit, time: time, log: log)
        applicationKeys = ApplicationKeys(data.documents, audit: audit, time: time, log: log)
        rotation = {
            let keys = try keys()
            let letters = SealedLetters(records: data.records, vault: CredentialVault(keys))
            return KeyRotation(users: users, keys: keys, letters: letters, audit: audit, time: time, log: log)
        }
        deadLetters = {
            let loader = try PluginFolders.load(configuration)
            return DeadLetterService(
                users: users,
                registry: try ProviderRegistry(
                    loader.plugins, rejections: loader.rejections, configuration: configuration),
                records: data.records, vault: CredentialVault(try keys()), time: time)
        }
        diagnoses = {
            let loader = try PluginFolders.load(configuration)
            return DiagnosisService(
                users: users,
                registry: try ProviderRegistry(
                    loader.plugins, rejections: loader.rejections, configuration: configuration),
                vault: CredentialVault(try keys()), records: data.records, sync: nil, limiter: nil, time: time)
        }
    }
}

extension BackupOutcome {
    /// Returns one sentence that says what was copied and the outcome `what`.
    package func summary(_ what: String) -> String {
        "\(documents) documents and \(streams) record streams (\(bytes) bytes) \(what)."
    }
}
