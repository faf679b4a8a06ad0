// The session schemes' part of the table of settings. These settings are in the configuration file only.

import ConnectionModel

extension SettingsTable {
    package static let sessions: [Setting] =
        clerk + nextAuth + rds + [
            service("discordBot", \.discordBot), service("cronJobHandler", \.cronJobHandler),
        ]

    private static let clerk = [
        scheme(
            "clerk", "publicKeyFile", .path(optional(\.clerk, .init(), \.publicKeyFile)),
            "a PEM file with the public key"),
        scheme("clerk", "jwksURL", .text(optional(\.clerk, .init(), \.jwksURL)), "the URL of the key set"),
        scheme("clerk", "issuer", .text(optional(\.clerk, .init(), \.issuer)), "the issuer that tokens must name"),
        scheme(
            "clerk", "authorizedParties",
            .texts(separator: ",", .init(\.clerk, of: .init(), \.authorizedParties)),
            "the origins that tokens may be made for"),
        scheme(
            "clerk", "cookie", .text(optional(\.clerk, .init(), \.cookie)),
            "the full name of the cookie, in place of `__session`"),
        scheme(
            "clerk", "superusers", .texts(separator: ",", .init(\.clerk, of: .init(), \.superusers)),
            "the ids of the users who are superusers, besides those whose tokens have the role"),
    ]

    private static let nextAuth = [
        scheme(
            "nextAuth", "secrets",
            .texts(
                separator: ",",
                SettingAccess(\.nextAuth, of: .init(), \.secrets).map({ $0.map(\.value) }, { $0.map(Secret.init) })),
            "the secrets that cookies are sealed with", isSecret: true),
        scheme(
            "nextAuth", "version", .integer(4...5, .init(\.nextAuth, of: .init(), \.version)),
            "4 for NextAuth, 5 for Auth.js"),
        scheme(
            "nextAuth", "cookie", .text(optional(\.nextAuth, .init(), \.cookie)),
            "the full name of the cookie, in place of the usual two"),
        scheme(
            "nextAuth", "superusers", .texts(separator: ",", .init(\.nextAuth, of: .init(), \.superusers)),
            "the ids of the users who are superusers, besides those whose tokens have the role"),
    ]

    private static let rds = [
        scheme(
            "rds", "environment", .text(.init(\.rds, of: .init(), \.environment)), "the last part of the cookie's name"),
        scheme(
            "rds", "publicKeyFile", .path(optional(\.rds, .init(), \.publicKeyFile)), "a PEM file with the public key"),
        scheme(
            "rds", "cookie", .text(optional(\.rds, .init(), \.cookie)),
            "the full name of the cookie, in place of `rds-session-<environment>`"),
        scheme(
            "rds", "superusers", .texts(separator: ",", .init(\.rds, of: .init(), \.superusers)),
            "the ids of the users who are superusers, besides those whose tokens have the role"),
    ]

    private static func service(
        _ name: String,
        _ scheme: any WritableKeyPath<SessionsConfiguration, SessionsConfiguration.Service?> & Sendable
    ) -> Setting {
        self.scheme(
            name, "publicKeyFile", .path(optional(scheme, .init(), \.publicKeyFile)), "a PEM file with the public key")
    }

    private static func scheme(
        _ name: String, _ key: String, _ kind: Setting.Kind, _ documentation: String, isSecret: Bool = false
    ) -> Setting {
        Setting("sessions", name, key, kind: kind, documentation) {
            $0.isVariable = false
            $0.isSecret = isSecret
        }
    }

    private static func optional<Scheme: Sendable>(
        _ scheme: any WritableKeyPath<SessionsConfiguration, Scheme?> & Sendable, _ empty: Scheme,
        _ member: any WritableKeyPath<Scheme, String?> & Sendable
    ) -> SettingAccess<String> {
        SettingAccess(scheme, of: empty, member).map({ $0 }, { $0 })
    }
}
