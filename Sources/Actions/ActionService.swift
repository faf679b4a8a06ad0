// Runs actions for applications: checks the request, finds the run of its key, and has it carried out once. Does not depend on HTTP.

package import Audit
package import ConnectionModel
import Cryptography
package import DocumentStore
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
import StoreFiles
package import Users

/// The actions of connections.
package struct ActionService: Sendable {
    private let users: UserStore
    private let registry: ProviderRegistry
    private let store: ActionStore
    private let vault: CredentialVault
    private let audit: AuditTrail
    private let allowsSessions: Bool
    package let runner: ActionRunner
    private let time: TimeSource
    /// The runs that are being found or begun.
    private let turns = KeyLocks<String>()

    /// - Parameter allowsSessions: whether the sessions of end users can run actions.
    package init(
        _ documents: Documents, users: UserStore, registry: ProviderRegistry, credentials: any ConnectionCredentials,
        gateway: ProviderGateway, vault: CredentialVault, audit: AuditTrail, allowsSessions: Bool, time: TimeSource,
        log: Log
    ) {
        self.users = users
        self.registry = registry
        self.vault = vault
        self.audit = audit
        self.allowsSessions = allowsSessions
        self.time = time
        store = ActionStore(documents)
        runner = ActionRunner(
            store: store, users: users, registry: registry, credentials: credentials, gateway: gateway, vault: vault,
            audit: audit, time: time, log: log)
    }

    // MARK: Reading

    /// Returns the actions that a caller can run for a connection.
    package func actions(
        of connectionID: String, for principal: Principal
    ) async throws(ServiceError) -> (provider: ConfiguredProvider, actions: [ActionSpec]) {
        let connection = try await connection(connectionID, of: principal)
        guard let provider = registry[connection.service] else { throw .notFound }
        return (provider, provider.manifest.offeredActions.filter { mayUse($0, principal) })
    }

    /// Returns the newest runs of a connection.
    package func runs(
        of connectionID: String, limit: Int, for principal: Principal
    ) async throws(ServiceError) -> [ActionRunRecord] {
        try await store.runs(of: try await connection(connectionID, of: principal).id, limit: limit)
    }

    /// Returns one run.
    package func run(
        _ id: String, of connectionID: String, for principal: Principal
    ) async throws(ServiceError) -> ActionRunRecord {
        let connection = try await connection(connectionID, of: principal)
        guard let run = try await store.run(id, of: connection.id) else { throw .notFound }
        return run
    }

    /// Returns an action of a connection.
    package func action(
        _ name: String, of connectionID: String, for principal: Principal
    ) async throws(ServiceError) -> ActionSpec {
        let connection = try await connection(connectionID, of: principal)
        guard let action = registry[connection.service]?.manifest.offeredAction(name) else { throw .notFound }
        guard mayUse(action, principal) else {
            throw .forbidden("This action works with a credential of the operator and needs an application key")
        }
        return action
    }

    private func connection(_ id: String, of principal: Principal) async throws(ServiceError) -> Connection {
        guard allowsSessions || principal.scopes != nil else {
            throw .forbidden("Actions need an application key, unless the setting actions.forSessions allows sessions")
        }
        guard let connection = try await users.user(principal.userID).connection(id) else { throw .notFound }
        return connection
    }

    private func mayUse(_ action: ActionSpec, _ principal: Principal) -> Bool {
        !action.usesOperatorCredential || principal.scopes != nil
    }

    // MARK: Running

    /// Runs an action once for each key, and returns its outcome.
    ///
    /// It goes on when the caller goes away. A caller with the same key gets the same run.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` for a key that belongs to another request.
    package func run(
        _ name: String, inputs: JSONValue, key: String, connection connectionID: String, for principal: Principal
    ) async throws(ServiceError) -> ActionRunRecord {
        let action = try await action(name, of: connectionID, for: principal)
        do throws(ActionInputError) { try ActionInput.check(inputs, action.inputs) } catch {
            throw .invalid(field: error.place, message: "“\(error.place)” \(error.message)")
        }
        let inputs = inputs.sorted
        let bytes = try Self.bytes(of: inputs)
        let id = Self.id(key: key, connection: connectionID)
        let fingerprint = SHA256.digest(Array("\(action.name)\u{0}".utf8) + bytes).hex
        switch try await found(action, inputs, bytes, id: id, fingerprint, connection: connectionID, principal) {
        case .known(let run): return run
        case .running(let task): return await task.value
        }
    }

    /// Returns inputs as the bytes that are stored until the run has ended.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` when they are too long.
    static func bytes(of inputs: JSONValue) throws(ServiceError) -> [UInt8] {
        let bytes = inputs.serialized
        guard bytes.count <= ActionLimits.inputBytesMax else {
            throw .invalid(field: "body", message: "The inputs are longer than \(ActionLimits.inputBytesMax) bytes")
        }
        return bytes
    }

    private enum Found {
        case known(ActionRunRecord)
        case running(Task<ActionRunRecord, Never>)
    }

    /// Returns the run of a key, and begins one for a new key; one caller at a time for each key.
    private func found(
        _ action: ActionSpec, _ inputs: JSONValue, _ bytes: [UInt8], id: String, _ fingerprint: String,
        connection connectionID: String, _ principal: Principal
    ) async throws(ServiceError) -> Found {
        await turns.acquire(id)
        defer { turns.release(id) }
        guard let known = try await store.run(id, of: connectionID) else {
            return .running(
                try await begin(
                    action, inputs, bytes, id: id, fingerprint: fingerprint, connection: connectionID, principal))
        }
        guard known.fingerprint == fingerprint else {
            throw .conflict("The Idempotency-Key belongs to another request")
        }
        return runner.running(id).map { .running($0) } ?? .known(known)
    }

    private func begin(
        _ action: ActionSpec, _ inputs: JSONValue, _ bytes: [UInt8], id: String, fingerprint: String,
        connection connectionID: String, _ principal: Principal
    ) async throws(ServiceError) -> Task<ActionRunRecord, Never> {
        let connection = try await connection(connectionID, of: principal)
        guard let provider = registry[connection.service] else { throw .notFound }
        guard connection.status == .connected else {
            throw .conflict("The connection \(connection.status.obstacle)")
        }
        if !action.usesOperatorCredential {
            let missing = provider.scopes(connection.variant).missing(action.scopes, granted: connection.grantedScopes)
            guard missing.isEmpty else {
                throw .forbidden(
                    "The action needs \(missing.joined(separator: ", ")), which the user did not grant: connect again "
                        + "with that permission")
            }
        }
        let sealed = try vault.seal(
            Secret(String(decoding: bytes, as: UTF8.self)), user: principal.userID, connection: connectionID,
            field: ActionRunner.field(of: id))
        let run = ActionRunRecord(
            id: id, action: action.name, fingerprint: fingerprint, sealedInputs: sealed, at: time.now)
        try await audit.record(.runAction, runner.target(connection, principal.userID), .begun)
        return try await runner.begin(
            run, ActionRun(inputs: inputs, key: id, startedAt: run.startedAt), action, connection, principal.userID)
    }

    /// The id of the run of a key: the same for the same key, so that a host that lost its data still sends the same one.
    static func id(key: String, connection: String) -> String {
        "run_" + SHA256.digest("\(connection)\u{0}\(key)").hex.prefix(20)
    }
}

extension JSONValue {
    /// The same value with the members of objects in the order of their names, so that their order is no difference.
    fileprivate var sorted: JSONValue {
        switch kind {
        case .object:
            .object(
                (members ?? []).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                    .map { ($0.key, $0.value.sorted) })
        case .array: .array((array ?? []).map(\.sorted))
        default: self
        }
    }
}

extension ActionService: ConnectionDataErasing {
    package func erase(connection id: String) async throws(ServiceError) { try await store.erase(id) }

    /// Removes the runs whose keys are kept no longer.
    package func removeForgotten() async throws(ServiceError) -> Int {
        try await store.removeEnded(before: time.now.advanced(by: .zero - ActionLimits.keptTime))
    }
}
