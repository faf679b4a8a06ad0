// The dashboard as routes: / and /dashboard. Every page is complete when it arrives and works without a script. It is for operators: an
// application key with the scope `admin`, or a session of a superuser.

package import Audit
import ConnectionModel
package import Connections
import Cryptography
package import Events
import HTTPServer
package import Notifications
package import OAuth
package import Pages
import ProviderSDK
package import Providers
package import Requests
package import Sessions
package import Sync
import Users

/// What the pages of the dashboard show and do.
package struct DashboardServices: Sendable {
    package let registry: ProviderRegistry
    package let directory: UserDirectory
    package let diagnoses: DiagnosisService
    package let connections: ConnectionService
    package let lifecycle: ConnectionLifecycle
    package let refresher: RefreshService
    package let sync: SyncEngine
    package let records: RecordReader
    package let deadLetters: DeadLetterService
    package let notifications: NotificationService
    package let keys: ApplicationKeys
    package let audit: AuditTrail
    package let events: EventHub
    package let activity: Activity

    package init(
        registry: ProviderRegistry, directory: UserDirectory, diagnoses: DiagnosisService,
        connections: ConnectionService, lifecycle: ConnectionLifecycle, refresher: RefreshService, sync: SyncEngine,
        records: RecordReader, deadLetters: DeadLetterService, notifications: NotificationService,
        keys: ApplicationKeys, audit: AuditTrail, events: EventHub, activity: Activity
    ) {
        self.registry = registry
        self.directory = directory
        self.diagnoses = diagnoses
        self.connections = connections
        self.lifecycle = lifecycle
        self.refresher = refresher
        self.sync = sync
        self.records = records
        self.deadLetters = deadLetters
        self.notifications = notifications
        self.keys = keys
        self.audit = audit
        self.events = events
        self.activity = activity
    }
}

/// The pages of the dashboard.
package struct DashboardPages: Sendable {
    let services: DashboardServices
    let sessions: DashboardSessions
    let frame: DashboardFrame
    private let isSecure: @Sendable () -> Bool
    /// Makes the form tokens of people with a session of the host.
    private let formKey: HMACSHA256

    package init(
        services: DashboardServices, sessions: DashboardSessions, branding: Branding, version: String,
        isSecure: @escaping @Sendable () -> Bool
    ) throws {
        self.services = services
        self.sessions = sessions
        self.isSecure = isSecure
        frame = DashboardFrame(branding: branding, version: version)
        formKey = HMACSHA256(key: try .random(byteCount: 32))
    }

    private typealias Declared = DashboardDeclarations

    package var family: RouteFamily {
        let one = "/dashboard/connections/{id}"
        return RouteFamily(
            name: "dashboard", prefixes: ["/dashboard"],
            routes: [
                RouteEntry(.get, "/", access: .open, Declared.overview, overview),
                RouteEntry(.get, "/dashboard/sign-in", access: .open, Declared.showSignIn, showSignIn),
                RouteEntry(.post, "/dashboard/sign-in", access: .open, limit: .signIn, Declared.signIn, signIn)
                    .taking(.form),
                RouteEntry(.post, "/dashboard/sign-out", access: .open, Declared.signOut, signOut).taking(.form),
                RouteEntry(.get, "/dashboard/connections", access: .open, isLarge: true, Declared.connections, list),
                RouteEntry(.get, one, access: .open, Declared.connection, show),
                RouteEntry(.get, one + "/records", access: .open, isLarge: true, Declared.records, showRecords),
                RouteEntry(.get, one + "/dead-letters", access: .open, isLarge: true, Declared.letters, showLetters),
                RouteEntry(.get, one + "/deliveries", access: .open, Declared.deliveries, showDeliveries),
                RouteEntry(.get, one + "/disconnect", access: .open, Declared.askDisconnect, askDisconnect),
                RouteEntry(.post, one + "/sync", access: .open, Declared.sync, sync).taking(.form),
                RouteEntry(.post, one + "/refresh", access: .open, Declared.refresh, refresh).taking(.form),
                RouteEntry(.post, one + "/disconnect", access: .open, Declared.disconnect, disconnect).taking(.form),
                RouteEntry(.post, one + "/dead-letters", access: .open, Declared.replay, replay).taking(.form),
                RouteEntry(.post, one + "/deliveries", access: .open, Declared.redeliver, redeliver).taking(.form),
                RouteEntry(.get, "/dashboard/providers", access: .open, Declared.providers, showProviders),
                RouteEntry(.get, "/dashboard/events", access: .open, Declared.events, events),
            ].map { $0.knowing(signedIn) }, errors: errors)
    }

    // MARK: Who is signed in

    /// A person who may see everything.
    struct Reader {
        let principal: Principal
        let formToken: String
    }

    @Sendable private func signedIn(
        _ request: HTTPRequestSnapshot, _ parameters: [String: String]
    ) async -> OwnCaller {
        guard let session = sessions.session(cookies: request.dashboardCookies),
            let principal = await services.keys.principal(ofID: session.keyID, at: services.diagnoses.time.now)
        else { return .none }
        return .caller(principal)
    }

    /// The person behind a request; nil for one who has to sign in.
    func reader(_ context: RouteContext) -> Reader? {
        guard let principal = context.principal, principal.isSuperuser else { return nil }
        let session = sessions.session(cookies: context.request.dashboardCookies)
        let token = session?.formToken ?? formKey.code(for: principal.sessionBinding).base64URL
        return Reader(principal: principal, formToken: token)
    }

    /// Leads a person to the sign-in.
    func signInFirst(_ context: RouteContext) -> Reply {
        // The cookie is good, and the key behind it no longer is.
        let isLost = sessions.session(cookies: context.request.dashboardCookies) != nil
        return DashboardFrame.redirect(to: "/dashboard/sign-in" + (isLost ? "?lost=1" : ""))
    }

    func cookie(_ secret: String?) -> (name: String, value: String) {
        ("Set-Cookie", DashboardSessions.cookie(secret, isSecure: isSecure()))
    }

    /// The fields of a form that a page of the person has sent; nil for any other form.
    func fields(_ context: RouteContext, _ reader: Reader) -> QueryParameters? {
        let body = context.request.body
        guard let fields = try? QueryParameters(body.span),
            constantTimeEquals(Array((fields["form"] ?? "").utf8), Array(reader.formToken.utf8))
        else { return nil }
        return fields
    }

    var now: Timestamp { services.diagnoses.time.now }

    // MARK: Failures

    private func reference(_ exchange: Exchange) -> HTML {
        """
        <p class="small soft acts">\(DashboardWords.reference) <span class="mono">\(exchange.correlationID)</span></p>
        """
    }

    private var errors: ErrorDocument {
        ErrorDocument(schema: nil) { [self] error, exchange in
            let (heading, text): (String, String) =
                switch error.kind {
                case .rateLimited:
                    (DashboardWords.tooMany, DashboardWords.tooManyLead(error.retryAfterSeconds ?? 60))
                case .notFound, .noSuchPath: (DashboardWords.gone, DashboardWords.goneLead)
                case .unavailable, .damaged, .internalFault: (DashboardWords.failure, DashboardWords.failureLead)
                default: (DashboardWords.refusedAction, error.message)
                }
            return frame.sheet(
                DashboardPage(
                    status: error.status, heading: heading, isProblem: true, isLive: false,
                    content: """
                        <h1 tabindex="-1" data-focus>\(heading)</h1><p class="lead">\(text)</p>
                        \(error.status >= 500 ? reference(exchange) : .none)
                        <p class="acts"><a class="btn" href="/">\(DashboardWords.overview)</a></p>
                        """))
        }
    }
}

extension HTTPRequestSnapshot {
    var dashboardCookies: [String] { headers("cookie").map { String(decoding: $0, as: UTF8.self) } }
}
