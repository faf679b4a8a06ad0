// The outcome of a step outside of a connect session as an address: signed, so that no one can make up a page of this host. It names no
// account and no user.

import Connections
import Cryptography
import ProviderSDK
import Users

/// Addresses of results that belong to no session.
struct OutcomeAddress: Sendable {
    static let path = "/connect/result"
    static let parameter = "outcome"

    let keys: any KeySource

    /// The address of `outcome`; nil when it cannot be signed.
    func address(of outcome: ConnectSession.Outcome, retryAfterSeconds: Int?) -> String? {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("service", outcome.service)
            writer.member("reason", outcome.reason?.rawValue)
            writer.member("connectionId", outcome.connectionID)
            writer.member("status", outcome.status)
            writer.member("note", outcome.note)
            writer.member("reference", outcome.reference)
            writer.member("at", outcome.at.text(withMilliseconds: true))
            if let retryAfterSeconds { writer.member("seconds", retryAfterSeconds) }
        }
        guard let key = try? keys.ring.key(for: .oauthState) else { return nil }
        let payload = Base64URL.encode(writer.bytes)
        let code = Base64URL.encode(HMACSHA256(key: key).code(for: Self.signed(payload)).bytes)
        return "\(Self.path)?\(Self.parameter)=\(keys.ring.primaryID).\(payload).\(code)"
    }

    /// Reads the value of an address; nil for one that this host did not make.
    func outcome(of text: String) -> (outcome: ConnectSession.Outcome, retryAfterSeconds: Int?)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let key = try? keys.ring.key(for: .oauthState, id: parts[0]),
            let code = try? Base64URL.decode(parts[2]),
            HMACSHA256(key: key).isValid(code, for: Self.signed(parts[1])),
            let payload = try? Base64URL.decode(parts[1]), let json = try? JSONValue.parse(payload),
            let service = json["service"]?.string, let status = json["status"]?.integer,
            let at = json["at"]?.string.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        let outcome = ConnectSession.Outcome(
            service: service, reason: json["reason"]?.string.map { FailureReason(rawValue: $0) ?? .refused },
            connectionID: json["connectionId"]?.string, status: Int(status), note: json["note"]?.string,
            reference: json["reference"]?.string ?? "", at: at)
        return (outcome, json["seconds"]?.integer.map(Int.init))
    }

    private static func signed(_ payload: String) -> [UInt8] { Array("connect-outcome-v1:\(payload)".utf8) }
}
