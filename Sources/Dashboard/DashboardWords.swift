// All words of the dashboard. Another language is another file like this one. Knows no page and no markup.

import ConnectionModel
import Connections
import Events
import Sync

/// The words of the dashboard, in English.
enum DashboardWords {
    // MARK: Frame

    static let skip = "Skip to content"
    static let main = "Main"
    static let overview = "Overview"
    static let connections = "Connections"
    static let providers = "Providers"
    static let signOut = "Sign out"
    static let live = "Live"
    static let again = "Connecting again…"
    static let notLive = "Not live. Reload to see changes"
    static let newer = "Something changed. Show it"
    static func title(_ heading: String, _ app: String, isProblem: Bool) -> String {
        (isProblem ? "Problem: " : "") + "\(heading) – \(app)"
    }

    // MARK: Sign in

    static let signIn = "Sign in"
    static let signInLead = "With an application key that has the scope admin."
    static let key = "Application key"
    static let keyHelp = "Begins with ihs_. It is kept in no cookie and no log."
    static let noKey = "No key yet?"
    static let noKeyLead = "On the machine of the host, run"
    static let noKeyEnd = "It prints the key once."
    static let makeKey = "integration-host app-key create console --scope admin"
    static let keyUnknown = "This key is not known, was revoked or has ended."
    static let keyWeak = "This key may not see everything. It needs the scope admin."
    static let keyLost = "Your key no longer allows this."
    static let signedOut = "You are signed out."
    static let problem = "There is a problem"
    static let error = "Error:"

    // MARK: Overview

    static let overviewLead = "What this host does, and what happened since it started."
    static let syncs = "Syncs, last 24 hours"
    static func ended(_ count: Int) -> String { "\(number(count)) ended well" }
    static func failed(_ count: Int) -> String { "\(number(count)) failed" }
    static func syncsSentence(_ ended: Int, _ failed: Int) -> String {
        "Syncs in the last 24 hours: \(number(ended)) ended well, \(number(failed)) failed."
    }
    static let asTable = "As a table"
    static let hour = "Hour"
    static let endedWell = "Ended well"
    static let failedColumn = "Failed"
    static let now = "now"
    static let happening = "Happening now"
    static let nothingHappened = "Nothing has happened since the host started."
    static let findThem = "Find connections that need someone"
    static let needYou = "You: settings, keys or plugins"
    static let needUser = "Their users: connect again"
    static let passes = "No one: it passes"
    static let allConnections = "All connections"

    static func event(_ kind: LiveEvent.Kind) -> String {
        switch kind {
        case .connected: "Connected"
        case .expiring: "Access ends soon"
        case .expired: "Access has ended"
        case .revoked: "Disconnected"
        case .failed: "Could not be connected"
        case .syncStarted: "Sync began"
        case .syncProgress: "Sync runs"
        case .syncCompleted: "Sync completed"
        case .syncPartial: "Sync completed in part"
        case .syncFailed: "Sync failed"
        case .recordsChanged: "Records changed"
        }
    }

    // MARK: Connections

    static let search = "User or connection ID"
    static let provider = "Provider"
    static let state = "State"
    static let all = "All"
    static let filter = "Filter"
    static let account = "Account"
    static let user = "User"
    static let lastSync = "Last sync"
    static let accessEnds = "Access ends"
    static let tableCaption = "Connections of all users"
    static let never = "Never"
    static let noEnd = "No end"
    static let notKnownYet = "Not known yet"
    static func shown(_ count: Int) -> String { count == 1 ? "1 shown" : "\(number(count)) shown" }
    static let next = "Next page"
    static let noConnections = "No one has connected anything yet"
    static let noConnectionsLead = "Connections appear here as soon as a user connects an account."
    static let nothingFits = "No connection fits"
    static let nothingFitsLead = "An exact user ID or connection ID finds it, in any state."
    static let searchGoesOn = "No connection on this page fits. The search goes on."
    static let clearFilter = "Clear the filter"

    static func kind(_ kind: DiagnosisClass, _ provider: String) -> String {
        switch kind {
        case .working: "Working"
        case .pending: "Pending"
        case .lapsed: "Not finished"
        case .denied: "Not allowed"
        case .codeRefused: "Begin again"
        case .revoked: "Revoked"
        case .ended: "Ended"
        case .scopeLost: "Permission missing"
        case .misconfigured: "Misconfigured"
        case .rateLimited: "Waiting for \(provider)"
        case .transient: "Trying again"
        case .unknown: "Not sure yet"
        case .refused: "Refused"
        case .credentialUnreadable: "Key missing"
        case .pluginMissing: "No plugin"
        case .notificationsFailing: "Not delivered"
        case .disconnected: "Disconnected"
        case .unmanaged: "Only noted"
        }
    }

    // MARK: One connection

    static let syncNow = "Sync now"
    static let refreshAccess = "Refresh access"
    static let disconnectMore = "Disconnect…"
    static let records = "Records"
    static let deadLetters = "Dead letters"
    static let deliveries = "Deliveries"
    static let connected = "Connected"
    static let className = "Class"
    static let dataTypes = "Data"
    static let dataType = "Type"
    static let missingScopes = "Missing permissions"
    static let nothingMissing = "Nothing missing"
    static let lastSyncs = "Syncs"
    static let began = "Began"
    static let outcome = "Outcome"
    static let recordsRead = "Records"
    static let errors = "Errors"
    static let took = "Took"
    static let neverSynced = "Nothing has been read yet."
    static let syncsKept = "The last 20 are shown."
    static let about = "About"
    static let accountID = "Account"
    static let schedule = "Schedule"
    static let permissions = "Permissions"
    static let notifies = "Notifies"
    static let noOne = "No one"
    static let triedLast = "Tried last"
    static let providerSaid = "Code"
    static let detail = "Detail"
    static let nextTry = "Next"
    static let whoActs = "Who acts"
    static func actor(_ actor: Explanation.Actor) -> String {
        switch actor {
        case .user: "Its user"
        case .operator: "You"
        case .noOne: "No one"
        }
    }
    static func run(_ status: SyncRunStatus) -> String {
        switch status {
        case .running: "Running"
        case .completed: "Completed"
        case .partial: "Partial"
        case .failed: "Failed"
        default: "Cancelled"
        }
    }
    static func schedule(_ frequency: SyncFrequency) -> String {
        switch frequency {
        case .manual: "Only when asked for"
        case .hourly: "Hourly"
        case .daily: "Daily"
        case .weekly: "Weekly"
        }
    }

    // MARK: Records, dead letters, deliveries

    static let change = "Change"
    static let record = "Record"
    static let updated = "Changed"
    static let noRecords = "No records of this type yet."
    static let noRecordsAtAll = "No records yet."
    static let recordsUnreadable = "Some records cannot be read. Run check --repair on the machine of the host."
    static let outOfReach = "out of reach"
    static let show = "Show"
    static let recordData = "As the host keeps it"
    static let cut = "The rest is not shown."
    static let close = "Close"
    static let noLetters = "Every record was stored."
    static func letters(_ count: Int) -> String {
        count == 1 ? "1 record could not be stored" : "\(number(count)) records could not be stored"
    }
    static let replay = "Try all again"
    static let field = "Field and rule"
    static let why = "Why"
    static let source = "What the provider sent, redacted"
    static func replayed(_ taken: Int, _ failed: Int) -> String {
        "\(number(taken)) stored, \(number(failed)) failed again."
    }
    static let noURL = "The application is not notified about this connection."
    static let noDeliveries = "Nothing has been sent yet."
    static let event = "Event"
    static let attempts = "Attempts"
    static let lastAttempt = "Last attempt"
    static let sendAgain = "Send again"
    static let sent = "The event is sent again."
    static let waits = "Waits"
    static let delivered = "Delivered"
    static let given = "Given up"
    static let eventsDropped = "Events that were dropped because too many waited"
    static let endpointGone = "The address answered that it is gone. Set it again to resume."

    // MARK: Actions

    static let syncStarted = "The sync has started."
    static let refreshed = "The access was refreshed."
    static func disconnected(_ revocation: RevocationOutcome, _ provider: String) -> String {
        switch revocation {
        case .failed, .pending:
            "Disconnected here. \(provider) did not confirm it: remove the access there as well."
        default: "Disconnected."
        }
    }
    static func disconnectHeading(_ account: String) -> String { "Disconnect \(account)?" }
    static func disconnectLead(_ provider: String) -> String {
        "The access to \(provider) ends, here and where possible at \(provider). Syncs stop."
    }
    static let disconnectKeeps = "The records that were read stay, until the connection is deleted."
    static let disconnectAgain = "The user can connect the account again at any time."
    static func disconnect(_ account: String) -> String { "Disconnect \(account)" }
    static let keepIt = "Keep it"
    static let formOld = "This page was too old. Nothing was done; try again."

    // MARK: Providers

    static let ready = "Ready"
    static let needsYou = "Need you"
    static let notConfigured = "Settings are missing"
    static let noProviders = "No provider was loaded."
    static let version = "Version"
    static let verified = "Facts compared"
    static let refusedPlugin = "A plugin was refused"
    static let seeConnections = "Connections"

    // MARK: Failures

    static let gone = "This connection is not there (any more)"
    static let goneLead = "It was deleted, or the address is not complete."
    static let tooMany = "Too many attempts"
    static func tooManyLead(_ seconds: Int) -> String { "Try again in \(seconds) seconds." }
    static let notFound = "There is no such page"
    static let failure = "This cannot be shown now"
    static let failureLead = "It is a problem of the host; its log says more."
    static let refusedAction = "That did not work"
    static let reference = "Reference"

    // MARK: Numbers and times

    static func number(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [String] = []
        while digits.utf8.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits = String(digits.dropLast(3))
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// A duration of the past in words.
    static func ago(_ seconds: Int) -> String {
        switch seconds {
        case ..<10: "Just now"
        case ..<60: "\(seconds) seconds ago"
        case ..<120: "1 minute ago"
        case ..<3600: "\(seconds / 60) minutes ago"
        case ..<7200: "1 hour ago"
        default: "\(seconds / 3600) hours ago"
        }
    }

    static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<1: "under 1 s"
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        default: "\(seconds / 3600) h"
        }
    }
}
