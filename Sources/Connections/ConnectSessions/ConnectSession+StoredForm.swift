// The stored form of connect sessions: one document for each user. It holds hashes of secrets, and no secret.

import ConnectionModel
import Primitives
import ProviderSDK
import Users

/// The connect sessions of one user.
struct ConnectSessionList: Sendable {
    let userID: String
    var sessions: [ConnectSession] = []

    func session(_ id: String) -> ConnectSession? { sessions.first { $0.id.utf8.elementsEqual(id.utf8) } }

    /// Changes a session.
    ///
    /// - Throws: ``ServiceError/notFound`` when it does not exist.
    mutating func update<Result>(_ id: String, _ change: (inout ConnectSession) -> Result) throws(ServiceError)
        -> Result
    {
        guard let index = sessions.firstIndex(where: { $0.id.utf8.elementsEqual(id.utf8) }) else { throw .notFound }
        return change(&sessions[index])
    }

    private var isFull: Bool { sessions.count >= ConnectSessionLimits.perUserMax }

    /// Adds a session; one that is no use any more, or that no browser opened, makes room.
    ///
    /// - Throws: ``ServiceError/limit(_:)`` when browsers have opened all of them.
    mutating func add(_ session: ConnectSession, at now: Timestamp) throws(ServiceError) {
        sessions.removeAll { $0.isForgotten(at: now) }
        if isFull, let index = sessions.firstIndex(where: { !$0.isLive(at: now) }) { sessions.remove(at: index) }
        if isFull, let index = sessions.firstIndex(where: { $0.browserDigest == nil }) { sessions.remove(at: index) }
        guard !isFull else {
            throw .limit("A user can have at most \(ConnectSessionLimits.perUserMax) connect sessions at a time.")
        }
        sessions.append(session)
    }
}

extension ConnectSessionList: StoredValue {
    init(document: [UInt8]) throws(ServiceError) {
        guard let json = try? JSONValue.parse(document), let userID = json["userId"]?.string,
            let sessions = json["sessions"]?.array
        else { throw .internalFault("Stored connect sessions cannot be read.") }
        self.userID = userID
        // A session that cannot be read is no session.
        self.sessions = sessions.compactMap { ConnectSession($0, userID: userID) }
    }

    var document: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.member("userId", userID)
            writer.key("sessions")
            writer.array { writer in
                for session in sessions { session.write(to: &writer) }
            }
        }
        return writer.bytes
    }
}

extension ConnectSession {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("services", services)
            writer.member("permissions", permissions)
            writer.member("variant", variant)
            writer.member("returnTo", returnTo)
            writer.member("reconnect", reconnects)
            writer.member("createdAt", createdAt.text(withMilliseconds: true))
            writer.member("expiresAt", expiresAt.text(withMilliseconds: true))
            writer.member("token", Hex.encode(tokenDigest))
            writer.member("browser", browserDigest.map { Hex.encode($0) })
            if isRevoked { writer.member("revoked", true) }
            writer.key("steps")
            writer.array { writer in
                for step in steps { step.write(to: &writer) }
            }
            guard let outcome else { return }
            writer.key("outcome")
            outcome.write(to: &writer)
        }
    }

    fileprivate init?(_ json: JSONValue, userID: String) {
        guard let id = json["id"]?.string, ConnectToken.document(ofSession: id) != nil,
            let returnTo = json["returnTo"]?.string, let createdAt = json.moment("createdAt"),
            let expiresAt = json.moment("expiresAt"), let token = json.digest("token")
        else { return nil }
        self.init(
            id: id, userID: userID, services: json.texts("services"), permissions: json.texts("permissions"),
            variant: json["variant"]?.string, returnTo: returnTo, reconnects: json["reconnect"]?.string,
            createdAt: createdAt, expiresAt: expiresAt, tokenDigest: token)
        browserDigest = json.digest("browser")
        // A browser's secret that cannot be read must not let another browser in.
        if browserDigest == nil, json["browser"]?.isNull == false { isRevoked = true }
        isRevoked = isRevoked || json["revoked"] == true
        steps = (json["steps"]?.array ?? []).compactMap(Step.init)
        outcome = json["outcome"].flatMap(Outcome.init)
    }
}

extension ConnectSession.Step {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("service", service)
            writer.member("variant", variant)
            writer.member("connectionId", connectionID)
            writer.member("at", at.text(withMilliseconds: true))
        }
    }

    fileprivate init?(_ json: JSONValue) {
        guard let service = json["service"]?.string, let id = json["connectionId"]?.string, let at = json.moment("at")
        else { return nil }
        self.init(service: service, variant: json["variant"]?.string, connectionID: id, at: at)
    }
}

extension ConnectSession.Outcome {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("service", service)
            writer.member("reason", reason?.rawValue)
            writer.member("connectionId", connectionID)
            writer.member("status", status)
            writer.member("note", note)
            writer.member("reference", reference)
            writer.member("at", at.text(withMilliseconds: true))
        }
    }

    fileprivate init?(_ json: JSONValue) {
        guard let service = json["service"]?.string, let at = json.moment("at"), let status = json["status"]?.integer
        else { return nil }
        // A reason of a later version is a refusal here.
        let reason = json["reason"]?.string.map { FailureReason(rawValue: $0) ?? .refused }
        self.init(
            service: service, reason: reason, connectionID: json["connectionId"]?.string, status: Int(status),
            note: json["note"]?.string, reference: json["reference"]?.string ?? "", at: at)
    }
}

extension JSONValue {
    fileprivate func digest(_ name: String) -> [UInt8]? {
        self[name]?.string.flatMap { Hex.decode($0) }.flatMap { $0.count == 32 ? $0 : nil }
    }
}
