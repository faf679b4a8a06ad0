// All words of the connect pages. Another language is another file like this one. Knows no page and no markup.

import Users

/// The words of the connect pages, in English.
///
/// `app` is the application's name, and `name` the provider's.
package enum Words {
    package static let language = "en"

    // MARK: Everywhere

    static let back = "Back"
    static let cancel = "Cancel"
    static let connect = "Connect"
    static let tryAgain = "Try again"
    static func returnTo(_ app: String) -> String { "Return to \(app)" }
    static func cancelAndReturn(_ app: String) -> String { "Cancel and return to \(app)" }
    static func title(_ heading: String, _ app: String, isProblem: Bool) -> String {
        (isProblem ? "Problem: " : "") + "\(heading) – \(app)"
    }

    // MARK: Choose

    static let chooseHeading = "Connect an account"
    static func chooseLead(_ app: String) -> String {
        "Choose where your data is. You will see what \(app) asks for before anything is shared."
    }
    static let search = "Search"
    static let noMatch = "No provider fits your search."
    static let showAll = "Show all"
    static func connectedAs(_ account: String) -> String { "Connected as \(account)" }
    static let connected = "Connected"
    static let accessEnded = "Access has ended. Connect again"
    static func notAvailable(_ app: String) -> String {
        "Not available at the moment. \(app) has not finished setting it up."
    }

    // MARK: Variant

    static func variantHeading(_ name: String, noun: String?) -> String {
        noun.map { "Which \(name) \($0)?" } ?? "Which kind of \(name) account?"
    }
    static func variantLead(noun: String?) -> String {
        "Each \(noun ?? "kind") has its own account. You can connect the others later."
    }
    static let variantMissing = "Choose one of these"
    static let proceed = "Continue"

    // MARK: Permissions

    static func permissionsHeading(_ app: String, _ name: String, writes: Bool) -> String {
        "\(app) asks to \(writes ? "read and change" : "read") your \(name) data"
    }
    static func permissionsLead(_ app: String, _ name: String) -> String {
        "You sign in at \(name) and decide there. \(app) never sees your password."
    }
    static func willBeAble(_ app: String) -> String { "\(app) will be able to" }
    static func willNotBeAble(_ app: String) -> String { "\(app) will not be able to" }
    /// What a scope allows that only its data types are known of.
    static func see(_ dataTypes: [String]) -> String { "See \(list(dataTypes.map(dataType)))" }
    /// A data type in words; the names of types are lower case with hyphens.
    static func dataType(_ name: String) -> String { String(name.map { $0 == "-" ? " " : $0 }) }
    static let technicalNames = "Technical names"
    static func proceed(to name: String) -> String { "Continue to \(name)" }
    static func endAtAnyTime(_ app: String, _ name: String) -> String {
        "You can end this at any time, in \(app) or in \(name)."
    }

    // MARK: Form

    static func formHeading(_ name: String, isAccount: Bool) -> String {
        isAccount ? "Your \(name) account" : "Connect \(name)"
    }
    static func formLead(_ app: String, _ name: String, isAccount: Bool) -> String {
        isAccount
            ? "\(app) reads from \(name) by the ID of your account. No password is needed."
            : "\(name) gives access with a key that you make there."
    }
    static let accountID = "Account ID"
    static let apiKey = "API key"
    static let whereToFind = "Where to find it"
    static let error = "Error:"
    static let problem = "There is a problem"
    static func empty(_ label: String) -> String { "Enter your \(lowered(label))" }
    static func tooLong(_ bytes: Int) -> String { "Use at most \(bytes) characters" }
    static func wrongForm(_ label: String, _ reason: String) -> String { "\(label) \(reason)" }
    static func keyRefused(_ name: String) -> String {
        "\(name) did not accept this API key. Copy it again, or make a new one."
    }
    static let keyIsSealed = "The key is stored encrypted and shown on no page again."

    /// A label inside a sentence; an abbreviation keeps its capitals.
    private static func lowered(_ label: String) -> String {
        let words = label.split(separator: " ")
        return words.enumerated().map { index, word in
            index == 0 && word.dropFirst().contains { $0.isLowercase } ? word.lowercased() : String(word)
        }.joined(separator: " ")
    }

    // MARK: Going

    static func goingHeading(_ name: String) -> String { "Going to \(name)" }
    static func goingLead(_ name: String) -> String {
        "\(name) opens in this window. Sign in there and allow access. \(name) then sends you back here."
    }
    static func goingFromFrame(_ name: String) -> String {
        "\(name) opens in place of this page. Sign in there and allow access. \(name) then sends you back."
    }
    static func openNow(_ name: String) -> String { "Open \(name) now" }
    static let ifNothingHappens = "If nothing happens, use the button."

    // MARK: Connected

    static func connectedHeading(_ account: String?, _ name: String) -> String {
        account.map { "Connected as \($0)" } ?? "Connected to \(name)"
    }
    static func connectedLead(_ app: String, _ name: String, _ dataTypes: [String]) -> String {
        dataTypes.isEmpty
            ? "\(app) can now use \(name)." : "\(app) can now read \(list(dataTypes)) from \(name)."
    }
    static let stay = "Stay on this page"
    static func returning(_ app: String) -> String { "Returning to \(app) in 5 seconds." }
    static let closing = "This window closes by itself."
    static let closed = "You can close this window."
    static func leftOut(_ phrases: [String]) -> String { "You left out: \(list(phrases)). Everything else works." }
    static let allowAsWell = "Allow it as well"

    // MARK: Failures

    static let forSupport = "For support"
    static let reason = "Reason"
    static let reference = "Reference"
    static let time = "Time"
    static let signInAndContinue = "Continue"
    static let chooseAnother = "Choose another"
    static func signInAgain(_ name: String) -> String { "Sign in again at \(name)" }
    static let connectOther = "Connect this one as well"
    static func goTo(_ app: String) -> String { "Go to \(app)" }

    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }
}
