// What a step of connecting an account ended with, for the page that a person sees. Another module renders the page; knows no page.

package import Users

/// What a step of connecting an account ended with.
package struct StepOutcome: Sendable {
    /// The provider's id as the path names it.
    package let service: String
    /// Why it failed; nil when it did not.
    package let reason: FailureReason?
    /// The connection that was made; nil when none was.
    package let connectionID: String?
    /// The status of the answer to a program.
    package let status: Int
    /// The failure's own message; empty without one.
    package let message: String
    package let retryAfterSeconds: Int?
    /// The id of the request.
    package let reference: String
    /// Who brought the request; nil when no one is known.
    package let principal: Principal?
}

/// Shows people what a step ended with, in place of the answer that programs get.
package protocol StepPages: Sendable {
    func reply(to outcome: StepOutcome) async -> Reply
}

extension Reply {
    /// What the reply says about a step; nil when it is about none.
    func outcome(service: String, principal: Principal?, reference: String) -> StepOutcome? {
        guard let step else { return nil }
        return StepOutcome(
            service: service, reason: step.reason, connectionID: step.connectionID, status: status,
            message: step.message, retryAfterSeconds: step.retryAfterSeconds, reference: reference,
            principal: principal)
    }

    /// The part of an outcome that a route or an error says.
    package struct Step: Sendable {
        let reason: FailureReason?
        let connectionID: String?
        let message: String
        let retryAfterSeconds: Int?

        /// A step that made a connection.
        package static func connected(_ id: String) -> Step {
            Step(reason: nil, connectionID: id, message: "", retryAfterSeconds: nil)
        }
    }

    /// The same answer to a step that made a connection.
    package func connected(_ id: String) -> Reply {
        var reply = self
        reply.step = .connected(id)
        return reply
    }
}
