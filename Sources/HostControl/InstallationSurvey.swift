// What the holder of a data directory knows of the state of an installation: collected for `doctor`, and sent as JSON over the control
// socket.

import Configuration
import ConnectionModel
import Connections
import ProviderSDK
import RecordStore
package import Storage
import Sync
import Users

/// The state of an installation.
package struct InstallationSurvey: Sendable, Equatable {
    /// The version of the program that holds the data.
    package var version: String
    /// Why the background work is paused; nil when it is not.
    package var pauseReason: String?
    /// Why the store accepts no writes; nil when it does.
    package var readOnlyReason: String?
    package var users = 0
    package var unreadableUsers = 0
    /// The connections by their class.
    package var connections: [String: Int] = [:]
    package var deadLetters = 0
    /// Whether all users were looked at.
    package var isComplete = true

    package init(version: String) { self.version = version }

    /// The JSON text of the survey.
    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", version)
            writer.member("pauseReason", pauseReason)
            writer.member("readOnlyReason", readOnlyReason)
            writer.member("users", users)
            writer.member("unreadableUsers", unreadableUsers)
            writer.key("connections")
            writer.object { writer in
                for (kind, count) in connections.sorted(by: { $0.key < $1.key }) { writer.member(kind, count) }
            }
            writer.member("deadLetters", deadLetters)
            writer.member("isComplete", isComplete)
        }
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote; members that an older host does not send have their defaults.
    init?(decoding bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes), let version = json["version"]?.string else { return nil }
        self.version = version
        pauseReason = json["pauseReason"]?.string
        readOnlyReason = json["readOnlyReason"]?.string
        users = json["users"]?.integer.map(Int.init) ?? 0
        unreadableUsers = json["unreadableUsers"]?.integer.map(Int.init) ?? 0
        for (kind, count) in json["connections"]?.members ?? [] { connections[kind] = count.integer.map(Int.init) }
        deadLetters = json["deadLetters"]?.integer.map(Int.init) ?? 0
        isComplete = json["isComplete"]?.boolean ?? true
    }
}

extension ControlCommands {
    /// Looks at the first `usersMax` users.
    func survey(usersMax: Int = ControlLimits.surveyedUsersMax) async throws -> InstallationSurvey {
        let diagnoses = try diagnoses()
        let directory = UserDirectory(users: users, diagnoses: diagnoses, time: time)
        var survey = InstallationSurvey(version: Version.text)
        survey.pauseReason = pauseReason()
        survey.readOnlyReason = data.readOnlyReason.map { "\($0)" }
        var place: UserPlace?
        repeat {
            let page = try await directory.users(
                after: place, limit: min(ControlLimits.listedUsersMax, usersMax - survey.users))
            for entry in page.entries {
                survey.users += 1
                guard let user = entry.user else {
                    survey.unreadableUsers += 1
                    continue
                }
                for connection in directory.listed(user) {
                    survey.connections[connection.kind.rawValue, default: 0] += 1
                    survey.deadLetters +=
                        await DeadLetterService.count(of: connection.connection.id, in: data.records) ?? 0
                }
            }
            place = page.next
            if place != nil, survey.users >= usersMax {
                survey.isComplete = false
                break
            }
        } while place != nil
        return survey
    }
}

extension Installation {
    /// Why there is no background work on this data directory, and what to do, for people; nil when there is.
    package var pauseReason: String? {
        switch origin {
        case .own: nil
        case .copied:
            "Background work is paused, because the data directory is a copy. If the original is no longer used, run "
                + "“integration-host resume”."
        case .restored:
            "Background work is paused, because the data directory was restored from a backup. If the original is no longer used, "
                + "run “integration-host resume”."
        }
    }
}
