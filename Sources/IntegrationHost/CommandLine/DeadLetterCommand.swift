// `integration-host dead-letters`: the records of a user that could not be taken in, and taking them in again.

import DocumentStore

enum DeadLetterCommand {
    static func run(_ arguments: Arguments) throws {
        guard let user = arguments["--user"] else { throw UsageError("“--user” is needed") }
        guard UserID.isValid(user) else {
            throw UsageError("a user id has 1 to \(HostLimits.userIDBytesMax) bytes and no control characters")
        }
        if let operand = arguments.operands.first, operand != "replay" {
            throw UsageError("“\(operand)” is no action: there is “replay”")
        }
        let replays = !arguments.operands.isEmpty
        let connection = arguments["--connection"]
        let configuration = try Configuration.load(arguments)
        guard KeyRings.exist(configuration) else {
            throw HostStartError(
                "there is no key ring at \(KeyRings.path(configuration)), so that no letter can be there either.")
        }
        let data = try DataDirectory(path: configuration.dataDirectory)
        defer { data.close() }
        let report = try DeadLetterReport(alone: data, configuration)
        let lines = try Blocking.run { () async throws(HostStartError) in
            do throws(ServiceError) {
                return try await report.run(user: user, connection: connection, replays: replays)
            } catch {
                if error == .notFound { throw HostStartError("the user has no such connection.") }
                throw HostStartError("it failed: \(error).")
            }
        }
        for line in lines { StandardOutput.line(line) }
    }
}

extension DeadLetterReport {
    /// The report of a process that holds a data directory without serving.
    init(alone data: DataDirectory, _ configuration: Configuration) throws {
        let loader = try PluginFolders.load(configuration)
        service = DeadLetterService(
            users: UserStore(data.documents),
            registry: try ProviderRegistry(
                loader.plugins, rejections: loader.rejections, configuration: configuration),
            records: data.records, vault: CredentialVault(try KeyRings.keys(configuration)))
    }
}
