// What the provider defines for an account that was just linked: its actions, their outcomes in log, metrics and the user's document.
// Knows no provider and no action by name.

import ConnectionModel
import Observability
import ProviderSDK
import Providers
import Users

/// The outcome of an action after linking an account.
package enum LinkActionOutcome: String, CaseIterable, Sendable {
    case done
    /// The provider says that nothing is left to be done.
    case needless
    /// A setting of the operator is missing, so there was nothing to be done.
    case leftOut
    case failed

    private static let counters: [LinkActionOutcome: Counter] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, Counter()) })

    /// The actions with this outcome, for the metrics.
    package var count: UInt64 { Self.counters[self]?.value ?? 0 }

    fileprivate func add() { Self.counters[self]?.add() }
}

extension ExternalAccountService {
    /// Performs the actions of a provider for an account that was just linked.
    ///
    /// - Returns: the name of the first action that failed; nil when none did.
    func perform(
        _ linking: AccountLinking, _ provider: ConfiguredProvider, accountID: String, of userID: String,
        linkedAt: Timestamp
    ) async throws(ServiceError) -> String? {
        var outcomes: [(name: String, outcome: LinkActionOutcome)] = []
        var failed: String?
        for name in linking.actionsOnLink where failed == nil {
            guard let action = provider.manifest.action(name) else { continue }
            let outcome = await perform(action, linking, provider, accountID: accountID)
            outcome.add()
            outcomes.append((name, outcome))
            if outcome == .failed { failed = name }
        }
        try await users.update(userID) { (user) throws(ServiceError) in
            guard var account = ExternalAccount(user.externalAccount), account.linkedAt == linkedAt,
                account.accountID == accountID
            else { return }
            account.actions = outcomes
            user.externalAccountChanged(account.encoded)
        }
        return failed
    }

    private func perform(
        _ action: ProviderAction, _ linking: AccountLinking, _ provider: ConfiguredProvider, accountID: String
    ) async -> LinkActionOutcome {
        if let setting = provider.missingSetting(of: action) {
            log.info(
                "An action after linking an account was left out, because its setting is missing.",
                ["provider": .text(provider.id), "action": .text(action.name), "setting": .text(setting)])
            return .leftOut
        }
        do throws(ProviderError) {
            let outcome = try await operatorSession(provider, accountID: accountID).perform(
                action, [linking.accountIDParameter: accountID])
            if case .tolerated = outcome { return .needless }
            return .done
        } catch {
            log.warning(
                "An action after linking an account failed.",
                [
                    "provider": .text(provider.id), "action": .text(action.name), "kind": .text(error.kind.name),
                    "error": .text("\(error.shown())"),
                ])
            return .failed
        }
    }
}

extension ConfiguredProvider {
    /// The first missing setting without which `action` has nothing to do.
    func missingSetting(of action: ProviderAction) -> String? {
        action.idleWithout.first { setting($0) == nil && publicSettings[$0] == nil }
    }

    /// What linking `account` left undone, one sentence for each action.
    func notes(on account: ExternalAccount) -> [String] {
        account.actions.compactMap { name, outcome in
            switch outcome {
            case .done, .needless: nil
            case .leftOut:
                "Linking the account did not perform “\(name)”"
                    + (manifest.action(name).flatMap(missingSetting).map { ", because “\($0)” is not configured." }
                        ?? ".")
            case .failed: "Linking the account could not perform “\(name)”: link it again, or do it by hand."
            }
        }
    }
}
