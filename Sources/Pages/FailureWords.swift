// The words of the pages that say why connecting failed: one row for each reason. Part of the words of the connect pages.

import Users

/// What the page of a failure says.
struct FailureWords: Sendable {
    /// The colour of the wire.
    enum Wire: String, Sendable { case bad, warn }

    /// A button of the page, in the order of the page; the first one is filled.
    enum Button: Sendable { case tryAgain, signInAgain, connectOther, goBack, goToApp, chooseAnother, thisAddress }

    let heading: String
    let text: String
    var wire = Wire.warn
    let buttons: [Button]

    /// The facts that the words name.
    struct Facts: Sendable {
        let app: String
        /// The provider's name; a general word where none is known.
        let name: String
        /// The minutes for which a connect link works.
        var linkMinutes = 30
        /// A text of the provider, bounded and cleaned; nil without one.
        var note: String?
        /// The seconds after which trying again makes sense; nil when none are known.
        var seconds: Int?
        /// Until when the link works; nil without a link.
        var until: String?
    }

    init(_ reason: FailureReason, _ facts: Facts) {
        self = Self.beforeProvider(reason, facts) ?? Self.atProvider(reason, facts)
    }

    private init(_ heading: String, _ text: String, wire: Wire = .warn, _ buttons: Button...) {
        (self.heading, self.text, self.wire, self.buttons) = (heading, text, wire, buttons)
    }

    /// The failures of links, states and sessions.
    private static func beforeProvider(_ reason: FailureReason, _ facts: Facts) -> FailureWords? {
        let (app, name) = (facts.app, facts.name)
        return switch reason {
        case .sessionExpired:
            FailureWords(
                "This link has expired",
                "Connect links work for \(facts.linkMinutes) minutes, so that no one else can use yours. Go back to \(app) "
                    + "and begin again there.", .goBack)
        case .stateExpired:
            FailureWords(
                "That took too long",
                "Signing in at \(name) has to be finished within 10 minutes. Nothing was shared.", .tryAgain, .goBack)
        case .alreadyUsed:
            FailureWords(
                "This step is already done",
                "You have been at \(name) with this link. It does not work twice. To connect another account, begin again in "
                    + "\(app).", .goBack)
        case .otherBrowser:
            FailureWords(
                "This link is open elsewhere",
                "It belongs to the browser that opened it first. Go back to \(app) in this browser and begin again.",
                .goBack)
        case .otherSession:
            FailureWords(
                "You changed users on the way",
                "You began as one user of \(app) and came back as another. Nothing was shared.", .goBack)
        case .signInNeeded:
            FailureWords(
                "Sign in to \(app) first",
                "This page cannot tell who you are. Sign in to \(app) in this browser, and start connecting from there.",
                .thisAddress, .goToApp)
        case .stateInvalid:
            FailureWords(
                "This address is not complete",
                "Part of it is missing or was changed. Nothing was shared. Begin again in \(app).", .goBack)
        case .notAvailable:
            FailureWords(
                "\(name) cannot be connected here", "\(app) has not set it up, or this link is not for it.", wire: .bad,
                .chooseAnother, .goBack)
        case .tooMany:
            FailureWords(
                "Too many attempts", "Try again in \(facts.seconds ?? 60) seconds.", .tryAgain, .goBack)
        case .storeUnavailable:
            FailureWords(
                "This cannot be saved now",
                "\(name)’s permission was not kept. It is a problem on our side; try again in a few minutes.",
                .tryAgain,
                .goBack)
        default: nil
        }
    }

    /// The failures at the provider.
    private static func atProvider(_ reason: FailureReason, _ facts: Facts) -> FailureWords {
        let (app, name) = (facts.app, facts.name)
        let until = facts.until.map { " Your link works until \($0), so you can try again in a few minutes." } ?? ""
        return switch reason {
        case .denied:
            FailureWords(
                "You did not allow access",
                "Nothing was shared, and nothing was changed in \(name). If that was not what you meant, try again and allow "
                    + "access at \(name).", wire: .bad, .tryAgain, .goBack)
        case .approvalNeeded:
            FailureWords(
                "Someone else has to allow this",
                "\(name) wants an administrator of your account to allow \(app). Ask them, then try again.", .goBack,
                .tryAgain)
        case .codeRefused:
            FailureWords(
                "\(name) took its permission back",
                "\(name) did not accept its own answer, mostly because it was used before. Nothing was shared.",
                .tryAgain,
                .goBack)
        case .permissionMissing:
            FailureWords(
                "Something needed was left out",
                "\(app) cannot work without everything that it asked for. Try again and leave all of it ticked.",
                .tryAgain, .goBack)
        case .wrongAccount:
            FailureWords(
                "That is another \(name) account",
                "You signed in with a different account than the one you are reconnecting. \(app) did not keep access to it.",
                .signInAgain, .connectOther, .goBack)
        case .providerUnavailable:
            FailureWords(
                "\(name) is not answering", "This is on \(name)’s side. Nothing was shared." + until, .tryAgain, .goBack
            )
        case .providerLimited:
            FailureWords(
                "\(name) asks us to wait",
                "Too many people are connecting at once. Try again after \(facts.seconds ?? 60) seconds.", .tryAgain,
                .goBack)
        case .accountPending:
            FailureWords(
                "Almost done",
                "\(name) allowed access but has not said which account it is. \(app) asks again by itself; you do not have to "
                    + "stay.", .goBack)
        case .misconfigured:
            FailureWords(
                "\(app) has to fix something first",
                "You did nothing wrong, and trying again will not help. \(name) does not accept the way \(app) is set up. "
                    + "\(app)’s team can see this problem.", wire: .bad, .goBack)
        default:
            FailureWords(
                "\(name) refused",
                (facts.note.map { "\(name) says: “\($0)”. " } ?? "") + "Nothing was shared.", wire: .bad, .goBack,
                .tryAgain)
        }
    }
}
