// Judges what the holder of the data directory reports of users, connections and background work.

import Connections
package import HostControl

/// The checks of what is stored.
package enum SurveyCheck {
    /// Judges the survey of an installation.
    package static func findings(_ survey: InstallationSurvey, version: String) -> [Finding] {
        [
            hostVersion(survey, version), background(survey), storage(survey), connections(survey), letters(survey),
            notifications(survey),
        ].compactMap { $0 }
    }

    private static func hostVersion(_ survey: InstallationSurvey, _ version: String) -> Finding? {
        guard survey.version != version else { return nil }
        return .problem(
            "version", "The running host has version \(survey.version), this program \(version)",
            means: "The host was not restarted after an upgrade.", do: "Restart the host.")
    }

    private static func background(_ survey: InstallationSurvey) -> Finding {
        guard let reason = survey.pauseReason else { return .good("background", "The background work is not paused") }
        return .problem(
            "background", reason, means: "Nothing is renewed, synced or delivered by itself.",
            do: "integration-host resume, once the original is no longer used.")
    }

    private static func storage(_ survey: InstallationSurvey) -> Finding {
        if let reason = survey.readOnlyReason {
            return .problem(
                "store", reason, means: "The store accepts no writes until the host is restarted.",
                do: "Look at the disk and the kernel's log, then restart the host and run “check”.")
        }
        guard survey.unreadableUsers == 0 else {
            return .problem(
                "store", "\(survey.unreadableUsers) users cannot be read", means: "Their documents are damaged.",
                do: "integration-host check --repair")
        }
        return .good("store", "\(survey.users) users can be read")
    }

    private static func connections(_ survey: InstallationSurvey) -> Finding {
        func list(_ classes: [DiagnosisClass]) -> String {
            classes.compactMap { kind in survey.connections[kind.rawValue].map { "\($0) \(kind.rawValue)" } }
                .joined(separator: ", ")
        }
        let operators: [DiagnosisClass] = [.misconfigured, .credentialUnreadable, .pluginMissing, .refused]
        let users: [DiagnosisClass] = [.revoked, .ended, .scopeLost, .denied, .codeRefused]
        let more = survey.isComplete ? "" : " (of the first \(survey.users) users)"
        if !list(operators).isEmpty {
            return .problem(
                "connections", "Connections wait for an operator: \(list(operators))\(more)",
                means: "They are not synced or renewed.",
                do: "GET /api/connections?class=… lists them; “connections --user ID” says what to do for each.")
        }
        if !list(users).isEmpty {
            return .warning(
                "connections", "Connections wait for their users: \(list(users))\(more)",
                means: "They are not synced until their users connect again.",
                do: "Let the application ask these users; GET /api/connections?class=… lists them.")
        }
        let all = survey.connections.values.reduce(0, +)
        return .good("connections", "\(all) connections, none waits for anyone\(more)")
    }

    private static func letters(_ survey: InstallationSurvey) -> Finding? {
        guard survey.deadLetters > 0 else { return nil }
        return .warning(
            "dead-letters", "\(survey.deadLetters) records could not be mapped",
            means: "They are missing from the records, and nothing is lost: the provider's data is kept.",
            do:
                "“dead-letters --user ID” shows why; after an upgrade of the plugin, “dead-letters --user ID replay” maps them."
        )
    }

    private static func notifications(_ survey: InstallationSurvey) -> Finding? {
        guard let count = survey.connections[DiagnosisClass.notificationsFailing.rawValue] else { return nil }
        return .warning(
            "notifications", "\(count) connections have a webhook that fails",
            means: "The application is not notified of changes.",
            do: "Correct the URL or the endpoint; the log names the host and the outcome of each attempt.")
    }
}
