// What the pages of one connect session have in common: the application, the session's addresses, and what the script is given.

import Connections
import ProviderSDK
import Providers

/// The session that a page belongs to.
struct PageContext: Sendable {
    let branding: Branding
    let session: ConnectSession

    var app: String { branding.name }

    /// The first page of the session.
    var path: String { "/connect/\(session.id)" }

    /// Which account a person connects.
    enum Account: String {
        /// Another one than that of the connection that is connected again.
        case other
    }

    func path(to service: String, account: Account? = nil) -> String {
        "\(path)/\(service)" + (account.map { "?account=\($0.rawValue)" } ?? "")
    }

    var cancel: String { "\(path)/cancel" }

    var result: String { "\(path)/result" }

    /// Whether there is a list of providers before the provider's pages.
    var hasList: Bool { session.services.count != 1 }

    /// Whether a person chooses among variants of `provider`.
    func asksForVariant(of provider: ConfiguredProvider) -> Bool {
        session.variant == nil && provider.availableVariants.count > 1
    }

    /// The link to the page before the one that asks for access to `provider`; nothing without one.
    func back(from provider: ConfiguredProvider) -> HTML {
        if asksForVariant(of: provider) { return Parts.back(path(to: provider.id)) }
        return hasList ? Parts.back(path) : .none
    }

    /// The attributes with which the script sends messages to the page that opened the window, and to no other.
    func data() -> [(name: String, value: String)] { [("origin", session.returnTo.origin)] }

    /// The page of the application, with what the session ended with.
    func returnAddress(status: String, connectionID: String? = nil, service: String? = nil) -> String {
        var query = "?status=\(status)"
        if let connectionID { query += "&connectionId=\(connectionID)" }
        if let service { query += "&service=\(service)" }
        return session.returnTo + query
    }
}

extension String {
    /// The origin of a URL without user information, as messages between windows name it.
    var origin: String {
        let parts = split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return "" }
        return parts[0...2].joined(separator: "/")
    }
}

extension ConfiguredProvider {
    /// The variants that can be connected here.
    var availableVariants: [Variant] { manifest.variants.filter { isAvailable(stored($0.id)) } }
}
