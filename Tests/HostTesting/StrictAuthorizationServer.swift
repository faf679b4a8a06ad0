// An authorization server that forgives nothing: PKCE with S256 is demanded, a code or refresh token that comes twice ends everything
// that was issued from the same authorization, redirect URIs are compared byte for byte. It speaks enough of Xero to be put in its place.
// It shares no code with the host.

import Cryptography
import Foundation
package import ProviderSDK
import Synchronization

/// Issues tokens, and remembers every secret that it gave or was shown.
package final class StrictAuthorizationServer: Sendable {
    /// What goes wrong with a request.
    package enum Fault: Sendable {
        /// This answer, and nothing is done.
        case instead(@Sendable (SocketServer.Request) -> SocketServer.Reply)
        /// What is asked for is done, and this is the answer.
        case afterwards(@Sendable (SocketServer.Request) -> SocketServer.Reply)
    }

    private struct Token {
        let family: Int
        let expires: Date
        /// Whether it was presented.
        var isUsed = false
        /// For refresh tokens: the tokens that came for it.
        var successors: [String] = []
    }

    private struct Code {
        let family: Int
        let redirectURI: String
        let challenge: String
        var isUsed = false
    }

    private struct State {
        var codes: [String: Code] = [:]
        var access: [String: Token] = [:]
        var refresh: [String: Token] = [:]
        var dead: Set<Int> = []
        var families = 0
        var counts = Counts()
        var secrets: Set<String> = []
        var fault: (@Sendable (SocketServer.Request) -> Fault?)?
        var lifeSeconds: Double
        var problems: [String] = []
    }

    /// What happened so far.
    package struct Counts: Sendable {
        package var authorizations = 0
        package var exchanges = 0
        package var refreshes = 0
        package var revocations = 0
        package var pages = 0
        /// Codes that came again.
        package var codesReused = 0
        /// Refresh tokens that came again after what replaced them had been used: nothing excuses that.
        package var refreshesReusedNeedlessly = 0
        /// Refresh tokens that came again before what replaced them was ever seen: its answer was lost.
        package var refreshesReusedAfterLoss = 0
    }

    package static let clientID = "strict-client"
    package let clientSecret: String
    private let state: Mutex<State>
    private let server = Mutex<SocketServer?>(nil)
    package let url: String

    /// - Parameters:
    ///   - clientSecret: the secret of the only client.
    ///   - lifeSeconds: how long access tokens live.
    package init(clientSecret: String, lifeSeconds: Double = 1800) {
        self.clientSecret = clientSecret
        state = Mutex(State(secrets: [clientSecret], lifeSeconds: lifeSeconds))
        let box = AnswerBox()
        let listening = SocketServer { box.answer($0) }
        url = listening.url
        server.withLock { $0 = listening }
        box.set { [weak self] request in self?.answer(request) ?? .cut }
    }

    deinit { server.withLock { $0 }?.stop() }

    /// The settings of the provider whose place it takes.
    package var configuration: JSONValue {
        [
            "clientId": .string(Self.clientID), "clientSecret": .string(clientSecret),
            "endpoints": [
                "authorize": .string(url + "/authorize"), "token": .string(url + "/token"),
                "revoke": .string(url + "/revoke"), "api": .string(url),
            ],
        ]
    }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Every code, token, verifier and credential that went over the wire.
    package var secrets: Set<String> { state.withLock { $0.secrets } }

    /// What a client did that none should.
    package var problems: [String] { state.withLock { $0.problems } }

    /// Families of tokens that are alive.
    package var liveFamilies: Int { state.withLock { $0.families - $0.dead.count } }

    /// What goes wrong from now on; nil for nothing.
    package func strike(_ fault: (@Sendable (SocketServer.Request) -> Fault?)?) {
        state.withLock { $0.fault = fault }
    }

    /// How long access tokens that are issued from now on live.
    package func setLife(seconds: Double) { state.withLock { $0.lifeSeconds = seconds } }

    // MARK: Answers

    private func answer(_ request: SocketServer.Request) -> SocketServer.Reply {
        remember(request)
        switch state.withLock({ $0.fault })?(request) {
        case .instead(let reply): return reply(request)
        case .afterwards(let reply):
            _ = good(request)
            return reply(request)
        case nil: return good(request)
        }
    }

    private func remember(_ request: SocketServer.Request) {
        var seen: [String] = []
        if let field = request.header("Authorization") {
            seen.append(field.split(separator: " ").last.map(String.init) ?? "")
        }
        for name in ["code", "code_verifier", "refresh_token", "client_secret", "token"] {
            if let value = request.form[name] { seen.append(value) }
        }
        let found = seen.filter { $0.utf8.count >= 8 }
        state.withLock { $0.secrets.formUnion(found) }
    }

    private func good(_ request: SocketServer.Request) -> SocketServer.Reply {
        switch (request.method, request.path) {
        case ("GET", "/authorize"): return authorize(request)
        case ("POST", "/token"): return token(request)
        case ("POST", "/revoke"): return revoke(request)
        default: return api(request)
        }
    }

    private func refuse(_ code: String, _ status: Int = 400) -> SocketServer.Reply {
        .json(status, ["error": .string(code)])
    }

    private func authorize(_ request: SocketServer.Request) -> SocketServer.Reply {
        let query = request.query
        guard query["client_id"] == Self.clientID, query["response_type"] == "code",
            let redirectURI = query["redirect_uri"], let given = query["state"],
            query["code_challenge_method"] == "S256", let challenge = query["code_challenge"],
            challenge.utf8.count == 43
        else {
            note("an authorization request without PKCE, state or a redirect URI: \(query.map(\.name))")
            return refuse("invalid_request")
        }
        let code = "code" + UUID().uuidString
        state.withLock { state in
            state.counts.authorizations += 1
            state.families += 1
            state.codes[code] = Code(family: state.families, redirectURI: redirectURI, challenge: challenge)
            state.secrets.insert(code)
        }
        func encoded(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
        }
        let location = "\(redirectURI)?code=\(encoded(code))&state=\(encoded(given))&iss=\(encoded(url))"
        return .status(302, [NamedValue("Location", location)], "")
    }

    private func note(_ problem: String) { state.withLock { $0.problems.append(problem) } }

    private func isClient(_ request: SocketServer.Request) -> Bool {
        let expected = "Basic " + Data("\(Self.clientID):\(clientSecret)".utf8).base64EncodedString()
        guard request.header("Authorization") == expected else {
            note("a client that is not the one there is")
            return false
        }
        return true
    }

    private func token(_ request: SocketServer.Request) -> SocketServer.Reply {
        guard isClient(request) else { return refuse("invalid_client", 401) }
        switch request.form["grant_type"] {
        case "authorization_code": return exchange(request.form)
        case "refresh_token": return refresh(request.form)
        default: return refuse("unsupported_grant_type")
        }
    }

    private func exchange(_ form: [NamedValue]) -> SocketServer.Reply {
        state.withLock { state in
            state.counts.exchanges += 1
            guard let text = form["code"], let code = state.codes[text] else { return refuse("invalid_grant") }
            if code.isUsed {
                state.counts.codesReused += 1
                state.dead.insert(code.family)
                return refuse("invalid_grant")
            }
            state.codes[text]?.isUsed = true
            guard form["redirect_uri"] == code.redirectURI, let verifier = form["code_verifier"],
                verifier.utf8.count >= 43, SHA256.digest(verifier).base64URL == code.challenge
            else {
                state.problems.append("a code with another redirect URI or verifier")
                return refuse("invalid_grant")
            }
            return Self.issue(&state, family: code.family).reply
        }
    }

    private func refresh(_ form: [NamedValue]) -> SocketServer.Reply {
        state.withLock { state in
            state.counts.refreshes += 1
            guard let text = form["refresh_token"], let token = state.refresh[text], !state.dead.contains(token.family)
            else { return refuse("invalid_grant") }
            if !token.successors.isEmpty {
                let wasSeen = token.successors.contains {
                    state.access[$0]?.isUsed == true || state.refresh[$0]?.isUsed == true
                }
                if wasSeen {
                    state.counts.refreshesReusedNeedlessly += 1
                } else {
                    state.counts.refreshesReusedAfterLoss += 1
                }
                state.dead.insert(token.family)
                return refuse("invalid_grant")
            }
            state.refresh[text]?.isUsed = true
            let issued = Self.issue(&state, family: token.family)
            state.refresh[text]?.successors = issued.tokens
            return issued.reply
        }
    }

    private static func issue(
        _ state: inout State, family: Int
    ) -> (tokens: [String], reply: SocketServer.Reply) {
        let access = "access" + UUID().uuidString.replacingOccurrences(of: "-", with: "x")
        let refresh = "refresh" + UUID().uuidString.replacingOccurrences(of: "-", with: "x")
        let life = state.lifeSeconds
        state.access[access] = Token(family: family, expires: Date(timeIntervalSinceNow: life))
        state.refresh[refresh] = Token(family: family, expires: .distantFuture)
        state.secrets.formUnion([access, refresh])
        return (
            [access, refresh],
            .json(
                200,
                [
                    "access_token": .string(access), "refresh_token": .string(refresh), "token_type": "Bearer",
                    "expires_in": .number(JSONNumber(Int(life))),
                    "scope": "offline_access accounting.contacts.read accounting.invoices.read",
                ])
        )
    }

    private func revoke(_ request: SocketServer.Request) -> SocketServer.Reply {
        guard isClient(request) else { return refuse("invalid_client", 401) }
        state.withLock { state in
            state.counts.revocations += 1
            guard let token = request.form["token"] else { return }
            if let family = state.refresh[token]?.family ?? state.access[token]?.family { state.dead.insert(family) }
        }
        return .status(200, [], "")
    }

    private func api(_ request: SocketServer.Request) -> SocketServer.Reply {
        let bearer = request.header("Authorization").flatMap { field in
            field.hasPrefix("Bearer ") ? String(field.dropFirst(7)) : nil
        }
        let family: Int? = state.withLock { state in
            guard let bearer, let token = state.access[bearer], !state.dead.contains(token.family) else { return nil }
            state.access[bearer]?.isUsed = true
            guard token.expires > Date() else { return nil }
            state.counts.pages += 1
            return token.family
        }
        guard let family else {
            return .json(401, ["Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: token expired"])
        }
        if request.path == "/connections" {
            return .json(
                200,
                [
                    [
                        "id": .string("00000000-0000-0000-0000-00000000000\(family % 10)"),
                        "tenantId": .string("tenant-\(family)"), "tenantType": "ORGANISATION",
                        "tenantName": .string("Organisation \(family)"),
                    ]
                ])
        }
        let name = request.path.split(separator: "/").last.map(String.init) ?? "Contacts"
        let page = request.query["page"].flatMap { Int($0) } ?? 1
        let rows: [JSONValue] =
            name == "Contacts" && page <= 5
            ? (0..<3).map { row in
                [
                    "ContactID": .string("contact-\(page)-\(row)"), "Name": .string("Contact \(page) \(row)"),
                    "UpdatedDateUTC": "/Date(1700000000000+0000)/",
                ]
            } : []
        return .json(
            200,
            .object([
                (name, .array(rows)),
                (
                    "pagination",
                    [
                        "page": .number(JSONNumber(page)), "pageCount": name == "Contacts" ? 5 : 1,
                        "itemCount": name == "Contacts" ? 15 : 0, "pageSize": 250,
                    ]
                ),
            ]))
    }
}

/// The answers of a server that is made before whoever gives them.
private final class AnswerBox: Sendable {
    private let answers = Mutex<(@Sendable (SocketServer.Request) -> SocketServer.Reply)?>(nil)

    func set(_ answer: @escaping @Sendable (SocketServer.Request) -> SocketServer.Reply) {
        answers.withLock { $0 = answer }
    }

    func answer(_ request: SocketServer.Request) -> SocketServer.Reply {
        answers.withLock { $0 }?(request) ?? .cut
    }
}
