// Makes the verifiers that the configuration asks for. Key files are read and checked once, here, so that a wrong file
// stops the start instead of the first sign-in.

package import Configuration
import Cryptography
import Observability
import Primitives
import ProviderSDK

/// Makes the session schemes other than the host's own.
package enum SessionSchemes {
    /// The schemes that `sessions` configures, in the order in which they are tried.
    ///
    /// - Parameters:
    ///   - allowsPlainHTTP: whether key sets may come from an `http` URL.
    ///   - keySet: makes the key set at a URL.
    /// - Throws: ``ConfigurationError`` naming the setting that cannot be used.
    package static func make(
        _ sessions: SessionsConfiguration, allowsPlainHTTP: Bool = false, keySet: (_ url: String) -> RemoteKeySet
    ) throws(ConfigurationError) -> [SessionScheme] {
        var schemes: [SessionScheme] = []
        if let clerk = sessions.clerk {
            let verifier = try self.clerk(clerk, allowsPlainHTTP: allowsPlainHTTP, keySet: keySet)
            schemes.append(
                SessionScheme(
                    verifier: verifier,
                    cookieNames: [try cookieName(clerk.cookie, "clerk") ?? ClerkVerifier.cookieName],
                    superusers: ids(clerk.superusers)))
        }
        if let nextAuth = sessions.nextAuth { schemes += try self.nextAuth(nextAuth) }
        if let rds = sessions.rds, let path = rds.publicKeyFile {
            _ = try cookieName(rds.cookie, "rds")
            schemes.append(
                SessionScheme(
                    verifier: RDSVerifier(signatures: try signatures(path, setting: "sessions.rds.publicKeyFile")),
                    takesBearer: rds.environment != "production",
                    cookieNames: [cookieName(rds)], superusers: ids(rds.superusers)))
        }
        if let path = sessions.discordBot?.publicKeyFile {
            let signatures = try signatures(path, setting: "sessions.discordBot.publicKeyFile")
            schemes.append(SessionScheme(verifier: ServiceVerifier.discordBot(signatures)))
        }
        if let path = sessions.cronJobHandler?.publicKeyFile {
            let signatures = try signatures(path, setting: "sessions.cronJobHandler.publicKeyFile")
            schemes.append(SessionScheme(verifier: ServiceVerifier.cronJobHandler(signatures)))
        }
        return schemes
    }

    /// The name of the RDS cookie.
    package static func cookieName(_ rds: SessionsConfiguration.RDS) -> String {
        rds.cookie ?? RDSVerifier.cookieName(environment: rds.environment)
    }

    /// A configured name of a cookie, checked.
    private static func cookieName(_ name: String?, _ scheme: String) throws(ConfigurationError) -> String? {
        guard name?.utf8.allSatisfy(ASCII.token.contains) ?? true else {
            throw ConfigurationError(
                place: "sessions.\(scheme).cookie",
                problem: "“cookie” must be the name of a cookie: letters, digits and !#$%&'*+-.^_`|~")
        }
        return name
    }

    /// Ids of users, which are compared as bytes.
    private static func ids(_ users: [String]) -> Set<[UInt8]> { Set(users.map { Array($0.utf8) }) }

    /// Checks what ``make(_:allowsPlainHTTP:keySet:)`` would refuse, without fetching anything.
    package static func check(_ sessions: SessionsConfiguration, allowsPlainHTTP: Bool) throws(ConfigurationError) {
        _ = try make(sessions, allowsPlainHTTP: allowsPlainHTTP) { _ in
            RemoteKeySet(time: .system, log: Log(level: .error)) { () async throws(KeySetError) in throw .status(503) }
        }
    }

    /// A verifier with the key in the file where there is one, which needs no network; else with the key set.
    private static func clerk(
        _ clerk: SessionsConfiguration.Clerk, allowsPlainHTTP: Bool, keySet: (_ url: String) -> RemoteKeySet
    ) throws(ConfigurationError) -> any SessionVerifier {
        let claims = ClerkClaims(issuer: clerk.issuer, authorizedParties: clerk.authorizedParties)
        if let path = clerk.publicKeyFile {
            let signatures = try signatures(path, setting: "sessions.clerk.publicKeyFile")
            return ClerkVerifier(signatures: signatures, claims: claims)
        }
        guard let url = clerk.jwksURL, WebOrigin(of: url) != nil,
            allowsPlainHTTP || url.utf8.starts(with: "https://".utf8)
        else {
            throw ConfigurationError(
                place: "sessions.clerk.jwksURL", problem: "it must be an absolute https URL without user and fragment")
        }
        return ClerkKeySetVerifier(keySet: keySet(url), claims: claims)
    }

    private static func nextAuth(
        _ nextAuth: SessionsConfiguration.NextAuth
    ) throws(ConfigurationError) -> [SessionScheme] {
        guard nextAuth.secrets.count <= SessionLimits.secretsMax else {
            throw ConfigurationError(
                place: "sessions.nextAuth.secrets", problem: "at most \(SessionLimits.secretsMax) secrets can be in use"
            )
        }
        let (cookie, superusers) = (try cookieName(nextAuth.cookie, "nextAuth"), ids(nextAuth.superusers))
        do throws(CryptographyError) {
            if nextAuth.version == 4 {
                let verifier = try NextAuthVerifier(v4: nextAuth.secrets)
                return [
                    SessionScheme(
                        verifier: verifier, cookieNames: cookie.map { [$0] } ?? NextAuthVerifier.cookieNamesV4,
                        isChunked: true, superusers: superusers)
                ]
            }
            var schemes: [SessionScheme] = []
            for name in cookie.map({ [$0] }) ?? NextAuthVerifier.cookieNamesV5 {
                let verifier = try NextAuthVerifier(v5: nextAuth.secrets, cookieName: name)
                schemes.append(
                    SessionScheme(verifier: verifier, cookieNames: [name], isChunked: true, superusers: superusers))
            }
            return schemes
        } catch {
            throw ConfigurationError(place: "sessions.nextAuth.secrets", problem: "\(error)")
        }
    }

    /// A verifier of RS256 with the key in the file at `path`.
    private static func signatures(_ path: String, setting: String) throws(ConfigurationError) -> JWSVerifier {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileBytes.readText(path, bytesMax: CryptographyLimits.pemBytesMax)
        } catch {
            throw ConfigurationError(
                place: setting, problem: "the file cannot be read (\(error.reason)): check its path and its permissions"
            )
        }
        do throws(CryptographyError) {
            return JWSVerifier(rs256: try RSAPublicKey(pem: String(decoding: bytes, as: UTF8.self)))
        } catch {
            throw ConfigurationError(place: setting, problem: "the file holds no RSA public key in PEM: \(error)")
        }
    }
}
