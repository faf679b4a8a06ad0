// The sentences for each class of explanation: one on the state, and one on the action and who takes it.
// Pure. The sentences contain no text from a provider.

import ConnectionModel
import Observability
import ProviderSDK
import Providers
import Users

/// The sentences of one diagnosis.
struct DiagnosisWords {
    let diagnosis: Diagnosis
    let kind: DiagnosisClass

    private var connection: Connection { diagnosis.connection }
    private var name: String { diagnosis.provider?.manifest.name ?? connection.service }
    private var code: String { diagnosis.currentFailure?.code?.lowercased() ?? "" }
    private var operation: ConnectionOperation? { diagnosis.currentFailure?.operation }

    /// The state of the connection.
    var state: String {
        switch kind {
        case .working: working
        case .pending: "The authorization at \(name) has started and is not completed yet."
        case .lapsed: "The authorization at \(name) was started and not completed in time."
        case .denied: "The authorization at \(name) was refused."
        case .codeRefused: "\(name) did not accept the authorization code: it had expired or was used before."
        case .revoked: "\(name) has ended the access: it was revoked there, or the account is no longer active."
        case .ended: "The access that \(name) granted has reached its end."
        case .scopeLost: "A permission is missing at \(name)\(missing)."
        case .misconfigured: "The settings for \(name) are wrong: \(misconfiguration)."
        case .rateLimited: "\(name) allows fewer requests for now."
        case .transient where isBlocked: "A firewall in front of \(name) refused the host's requests \(doing)."
        case .transient: "\(name) could not be reached or failed \(doing)."
        case .unknown:
            "The response of \(name) to a refresh was lost; both tokens are kept until the next attempt."
        case .refused: "\(name) refused the request \(doing)."
        case .credentialUnreadable: unreadable
        case .pluginMissing: "There is no plugin for “\(connection.service)” on this host."
        case .unmanaged: "This integration is only recorded here; the host does not manage it."
        case .disconnected:
            switch connection.revocation {
            case .failed: "The connection to \(name) was disconnected; the access could not be ended there."
            case .pending:
                "The connection to \(name) was disconnected; \(name) has not confirmed the end of the access yet."
            default: "The connection to \(name) was disconnected."
            }
        case .notificationsFailing:
            "The connection to \(name) works, but its notifications are not accepted: \(notifications)."
        }
    }

    /// The action that resolves the problem.
    var action: Explanation.Action {
        switch kind {
        case .working:
            guard connection.expiresSoon(diagnosis.oauth, at: diagnosis.now) else {
                return .init(by: .noOne, what: "No action is needed.")
            }
            return .init(by: .user, what: "Connect \(name) again before the access ends.")
        case .pending: return .init(by: .user, what: "Complete the authorization at \(name).")
        case .lapsed, .codeRefused: return .init(by: .user, what: "Connect \(name) again from the beginning.")
        case .denied: return .init(by: .user, what: "Connect \(name) again and allow the access.")
        case .revoked, .ended: return .init(by: .user, what: "Connect \(name) again.")
        case .scopeLost:
            return .init(by: .user, what: "Connect \(name) again and grant all permissions that are asked for.")
        case .misconfigured: return .init(by: .operator, what: remedy)
        case .rateLimited: return .init(by: .noOne, what: wait)
        case .transient where isBlocked, .unknown where isBlocked:
            return .init(
                by: .operator,
                what:
                    "Check that \(name) does not block the address or the User-Agent of this host; the host tries again by itself."
            )
        case .transient, .unknown: return .init(by: .noOne, what: wait)
        case .refused:
            return .init(by: .operator, what: "Look up the error code of \(name), and check the app's settings there.")
        case .credentialUnreadable: return restoration
        case .pluginMissing:
            return .init(
                by: .operator, what: "Install the plugin for “\(connection.service)” and restart the host.")
        case .unmanaged: return .init(by: .noOne, what: "No action is needed.")
        case .disconnected where connection.revocation == .failed:
            return .init(by: .user, what: "Remove the app in the settings of the account at \(name).")
        case .disconnected where connection.revocation == .pending:
            return .init(by: .noOne, what: "Wait: the host asks \(name) again for three days.")
        case .disconnected: return .init(by: .noOne, what: "No action is needed; it can be connected again.")
        case .notificationsFailing: return notificationRemedy
        }
    }

    /// Whether a firewall refused the last request.
    private var isBlocked: Bool { code == "blocked_by_firewall" }

    private var working: String {
        if connection.syncs.first?.status == .running { return "The connection to \(name) works; a sync is running." }
        if connection.expiresSoon(diagnosis.oauth, at: diagnosis.now) {
            return "The connection to \(name) works, and its access ends soon."
        }
        return "The connection to \(name) works."
    }

    /// The operation that failed, as the end of a sentence.
    private var doing: String {
        switch operation {
        case .authorize, .exchange: "while it was being connected"
        case .refresh: "while its token was being refreshed"
        case .sync: "during a sync"
        case .revoke: "while it was being disconnected"
        default: "for now"
        }
    }

    private var lastNotification: EventDelivery.Attempt? {
        (connection.outbox + connection.webhook.log).compactMap(\.delivery.attempts.last).max { $0.at < $1.at }
    }

    private var notificationRemedy: Explanation.Action {
        if connection.webhook.disabledAt != nil {
            return .init(
                by: .user, what: "Set the webhook URL of the connection again once an endpoint answers there.")
        }
        if lastNotification?.outcome == .secretUnreadable {
            return .init(by: .operator, what: "Restore the key ring with its key, or have the signing secret rotated.")
        }
        return .init(by: .user, what: "Check the webhook URL of the connection and the endpoint behind it.")
    }

    /// The result of the last notification, as the end of a sentence.
    private var notifications: String {
        if connection.webhook.disabledAt != nil { return "the endpoint answered that it is gone" }
        let last = lastNotification
        switch last?.outcome.shown {
        case .timeout: return "the endpoint does not answer in time"
        case .unreachable: return "the endpoint cannot be reached"
        case .tls: return "the endpoint's certificate is invalid, or TLS fails"
        case .urlRefused: return "the webhook URL is not allowed"
        case .invalidAnswer: return "the endpoint's answer is too large or not HTTP"
        case .redirected: return "the endpoint redirects, and redirects are not followed"
        case .secretUnreadable: return "the signing secret cannot be opened"
        default: return last?.status.map { "the endpoint answers with status \($0)" } ?? "the endpoint refuses them"
        }
    }

    private var missing: String {
        let scopes = (diagnosis.currentFailure?.scopes ?? []) + diagnosis.lostScopes
        var seen: Set<String> = []
        let shown = scopes.filter { seen.insert($0).inserted }.compactMap(Redaction.code)
        // Some providers do not say more when an account was removed from the grant.
        return shown.isEmpty
            ? ", or the account was removed from the grant" : ": \(shown.prefix(8).joined(separator: ", "))"
    }

    private var misconfiguration: String {
        if diagnosis.provider?.canServe(connection.variant) == false {
            return "not everything it needs is configured"
        }
        if code.contains("redirect") { return "the redirect URI is not the one registered there" }
        switch code {
        case "invalid_client", "unauthorized_client", "bad_client_secret", "invalid_client_id":
            return "the client id or the client secret is not accepted"
        case "invalid_scope": return "a scope that is requested is not allowed for the app"
        default:
            return operation == .sync ? "the host's own credential is not accepted" : "the app is not accepted there"
        }
    }

    private var remedy: String {
        let settings = "providers.\(connection.service)"
        if diagnosis.provider?.canServe(connection.variant) == false {
            return "Configure everything that \(name) needs under \(settings)."
        }
        if code.contains("redirect") {
            return "Register the host's redirect URI with the app at \(name), exactly as it is."
        }
        switch code {
        case "invalid_client", "unauthorized_client", "bad_client_secret", "invalid_client_id":
            return "Correct clientId and clientSecret under \(settings)."
        case "invalid_scope": return "Allow the scope for the app at \(name), or ask for fewer permissions."
        default:
            return operation == .sync
                ? "Correct the secrets and endpoints under \(settings)."
                : "Compare the settings under \(settings) with the app at \(name)."
        }
    }

    private var wait: String {
        operation == .sync && diagnosis.progress == nil && connection.settings.syncFrequency == .manual
            ? "Wait, and start the sync again later." : "Wait: the host tries again by itself."
    }

    private var unreadable: String {
        if case .keyMissing(let id) = diagnosis.credential {
            return
                "The stored credential cannot be opened: the key ring lacks the key \(Redaction.code(id) ?? "it needs")."
        }
        return "The stored credential cannot be opened: it was changed or belongs elsewhere."
    }

    private var restoration: Explanation.Action {
        if case .keyMissing = diagnosis.credential {
            return .init(
                by: .operator,
                what:
                    "Restore the key ring with that key from its backup and restart the host; without it, connect again."
            )
        }
        return .init(by: .user, what: "Connect \(name) again.")
    }
}
