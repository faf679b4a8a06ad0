// The claims of a token whose signature was checked (RFC 7519 section 4.1): typed reading, and the checks of time. Each
// scheme interprets the other claims.

import ProviderSDK

/// The claims of a token whose signature was checked.
struct SessionClaims: Sendable {
    private let claims: JSONValue

    /// The claims in `payload`; nil unless it is a JSON object.
    init?(_ payload: [UInt8]) {
        guard let claims = try? JSONValue.parse(payload, limits: .request), claims.kind == .object else { return nil }
        self.claims = claims
    }

    /// The claim `name` as a text; nil when it is absent, null or something else.
    func text(_ name: String) -> String? { claims[name]?.string }

    /// The texts in the claim `name`; none when it is no array.
    func texts(_ name: String) -> [String] { claims[name]?.array?.compactMap(\.string) ?? [] }

    /// The roles in the claims `roles` and `role`: a list of names, an object whose true members are names, or one name.
    var roles: [String] {
        let members = claims["roles"]?.members ?? []
        return texts("roles") + members.filter { $0.value.boolean == true }.map(\.key)
            + [text("role")].compactMap(\.self)
    }

    /// The claim `name` as the id of a user.
    func userID(_ name: String) -> String? {
        guard let id = text(name), UserID.isValid(id) else { return nil }
        return id
    }

    /// Whether the claim `name` is the text `expected`, byte for byte.
    func has(_ name: String, _ expected: String) -> Bool {
        text(name).map { $0.utf8.elementsEqual(expected.utf8) } ?? false
    }

    /// Returns the first moment at which the token is no longer valid, `tolerance` included.
    ///
    /// Nil when that is past or missing, when the token is not valid yet, or when a time is not a number.
    func expiry(at now: Timestamp, tolerance: Duration = .zero, checksIssueTime: Bool = false) -> Timestamp? {
        guard case .at(let expires) = time("exp") else { return nil }
        let end = expires.advanced(by: tolerance)
        guard now < end, hasBegun("nbf", now.advanced(by: tolerance)) else { return nil }
        if checksIssueTime, !hasBegun("iat", now.advanced(by: tolerance)) { return nil }
        return end
    }

    /// The moment at which the token ends; nil when it names none.
    var end: Timestamp? {
        guard case .at(let end) = time("exp") else { return nil }
        return end
    }

    private func hasBegun(_ name: String, _ now: Timestamp) -> Bool {
        switch time(name) {
        case .absent: true
        case .invalid: false
        case .at(let time): time <= now
        }
    }

    private enum Time {
        case absent, invalid
        case at(Timestamp)
    }

    /// A NumericDate (RFC 7519 section 2): seconds since 1970, perhaps with a fraction, which is dropped.
    private func time(_ name: String) -> Time {
        guard let value = claims[name] else { return .absent }
        guard let number = value.number,
            let seconds = number.integer ?? Int64(exactly: number.double.rounded(.down)),
            let time = Timestamp(seconds: seconds)
        else { return .invalid }
        return .at(time)
    }
}

/// What the authorizations of a session are bound to.
enum SessionBinding {
    /// Returns the session that the token names in `sid`; else the user, because nothing else stays the same when an
    /// application renews its token.
    static func of(_ claims: SessionClaims, user: String, scheme: String) -> String {
        if let id = claims.text("sid"), !id.isEmpty { return "\(scheme):\(id)" }
        return "\(scheme)-user:\(user)"
    }
}
