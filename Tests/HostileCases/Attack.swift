// A case: something that a hostile caller tries, and how to see whether it came through. The same cases run in the tests and against
// a running host.

/// Something that a hostile caller tries.
package struct Attack: Sendable, CustomStringConvertible {
    /// What the cases of a table have in common.
    package enum Kind: String, Sendable, CaseIterable {
        case smuggling, refusal, token, url, redirect, isolation, injection
    }

    /// What the caller must have.
    package enum Need: Sendable {
        case nothing, session, twoSessions, application
    }

    package enum Outcome: Sendable, Equatable {
        case refused
        case cameThrough(String)
        /// It could not be tried, for this reason.
        case skipped(String)
    }

    package let kind: Kind
    package let name: String
    package let need: Need
    private let attempt: @Sendable (Victim) async throws -> Outcome

    init(
        _ kind: Kind, _ name: String, need: Need = .nothing,
        _ attempt: @escaping @Sendable (Victim) async throws -> Outcome
    ) {
        self.kind = kind
        self.name = name
        self.need = need
        self.attempt = attempt
    }

    package var description: String { "\(kind.rawValue): \(name)" }

    /// Tries it.
    package func run(_ victim: Victim) async -> Outcome {
        switch need {
        case .nothing: break
        case .session where victim.token != nil: break
        case .twoSessions where victim.token != nil && victim.otherToken != nil: break
        case .application where victim.token != nil && victim.applicationKey != nil: break
        case .session: return .skipped("needs a session")
        case .application: return .skipped("needs a session and an application key")
        case .twoSessions: return .skipped("needs sessions of two users")
        }
        do {
            return try await attempt(victim)
        } catch VictimError.silent {
            return .cameThrough("\(VictimError.silent)")
        } catch {
            return .skipped("\(error)")
        }
    }

    /// Every case.
    package static let all =
        smuggling + refusals + tokens + applicationTokens + notificationURLs + redirects + links + isolation
        + applicationIsolation + injection
}

extension Attack.Outcome {
    /// Came through with `text` unless `isRefused`.
    static func of(_ isRefused: Bool, _ text: @autoclosure () -> String) -> Self {
        isRefused ? .refused : .cameThrough(text())
    }
}
