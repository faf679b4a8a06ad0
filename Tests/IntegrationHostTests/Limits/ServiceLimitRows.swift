// The limits of the services: of users' documents, authorizations, providers, syncs, webhooks in both directions, and commands.

@testable import Actions
@testable import Background
@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import Doctor
@testable import HostControl
@testable import Notifications
@testable import OAuth
@testable import Pages
@testable import Providers
@testable import Sync
@testable import Webhooks

private let deliveries = "integration_host_webhook_deliveries_total"

extension LimitSection {
    static let services = [
        connections, outbox, connectSessions, endings, pages, userLists, oauth, refreshes, unidentified, revocations,
        providers, windows, actions, syncs, webhooks, notifications, silentHosts, background, control, doctor,
        configurations,
    ]

    private static let connections = LimitSection(
        title: "Connections of users", file: "Sources/ConnectionModel/ConnectionLimits.swift", type: "ConnectionLimits",
        rows: [
            .count("connectionsPerUserMax", ConnectionLimits.connectionsPerUserMax, .user, "400"),
            .count("reportedIntegrationsMax", ConnectionLimits.reportedIntegrationsMax, .user, "400"),
            .count("pendingConnectionsMax", ConnectionLimits.pendingConnectionsMax, .user, "the oldest is removed"),
            .time("pendingConnectionLifetime", ConnectionLimits.pendingConnectionLifetime, .user, "removed"),
            .time("failedConnectionLifetime", ConnectionLimits.failedConnectionLifetime, .user, "removed"),
            .count("callbacksKept", ConnectionLimits.callbacksKept, .user, "the oldest are forgotten"),
            .count("revocationsPerUserMax", ConnectionLimits.revocationsPerUserMax, .user, "the oldest is dropped"),
            .bytes("tokenBytesMax", ConnectionLimits.tokenBytesMax, .provider, "the authorization or refresh fails"),
            .count("joinedKeysMax", ConnectionLimits.joinedKeysMax, .user, "the oldest keys are forgotten"),
            .count("syncHistoryMax", ConnectionLimits.syncHistoryMax, .user, "the oldest syncs are forgotten"),
            .count("answeredKeysMax", ConnectionLimits.answeredKeysMax, .user, "the oldest keys are forgotten"),
            .count("endedInDocumentMax", ConnectionLimits.endedInDocumentMax, .host, "they move to the histories"),
            .count(
                "waitingEventsPerUserMax", ConnectionLimits.waitingEventsPerUserMax, .receiver,
                "the oldest events are dropped", metric: "integration_host_notifications_total"),
            .count(
                "webhookDeliveriesKept", ConnectionLimits.webhookDeliveriesKept, .receiver, "the oldest are forgotten"),
            .count(
                "webhookDeliveriesPerUserMax", ConnectionLimits.webhookDeliveriesPerUserMax, .receiver,
                "the oldest are forgotten"),
            .count("webhookAttemptsKept", ConnectionLimits.webhookAttemptsKept, .receiver, "the oldest are forgotten"),
            .count("updateAttemptsMax", ConnectionLimits.updateAttemptsMax, .host, "the change fails"),
            .time("syncRetryPauseMax", ConnectionLimits.syncRetryPauseMax, .provider, "a failed sync is tried again"),
        ], others: ["syncRetryPause"])

    private static let actions = LimitSection(
        title: "Actions", file: "Sources/Actions/ActionLimits.swift", type: "ActionLimits",
        rows: [
            .bytes("keyBytesMax", ActionLimits.keyBytesMax, .caller, "400"),
            .time("keptTime", ActionLimits.keptTime, .caller, "the run and its key are forgotten"),
            .count("openRunsMax", ActionLimits.openRunsMax, .caller, "400"),
            .count("listedRunsMax", ActionLimits.listedRunsMax, .caller, "the oldest are not listed"),
            .bytes("inputBytesMax", ActionLimits.inputBytesMax, .caller, "400"),
        ],
        others: [
            "limitedAttemptsMax", "settlePauseMin", "settlePauseMax", "lookUpsMax", "windowMargin", "settlingMax",
        ])

    private static let connectSessions = LimitSection(
        title: "Connect sessions", file: "Sources/Connections/ConnectSessions/ConnectSession.swift",
        type: "ConnectSessionLimits",
        rows: [
            .count("perUserMax", ConnectSessionLimits.perUserMax, .caller, "the oldest unopened one goes, or 400"),
            .count("servicesMax", ConnectSessionLimits.servicesMax, .caller, "400"),
            .time("lifetimeDefault", ConnectSessionLimits.lifetimeDefault, .caller, "the link has expired"),
            .time("keptAfterEnd", ConnectSessionLimits.keptAfterEnd, .user, "removed"),
            .count("stepsKept", ConnectSessionLimits.stepsKept, .user, "the oldest are forgotten"),
            .count("cookiesMax", ConnectSessionLimits.cookiesMax, .caller, "the oldest are ignored"),
        ], others: ["lifetimeSecondsRange"])

    private static let outbox = LimitSection(
        title: "Events of a connection", file: "Sources/ConnectionModel/Notifications/Notifications.swift",
        type: "Notifications",
        rows: [
            .count(
                "outboxMax", Notifications.outboxMax, .receiver, "the oldest events are dropped",
                metric: "integration_host_notifications_total")
        ])

    private static let endings = LimitSection(
        title: "Ends of connections that go on in the background",
        file: "Sources/Connections/ConnectionLifecycle.swift", type: "ConnectionLifecycle",
        rows: [
            .count("concurrentMax", ConnectionLifecycle.concurrentMax, .user, "further ones wait"),
            .count("concurrentPerProviderMax", ConnectionLifecycle.concurrentPerProviderMax, .provider, waits),
            .count("reservedPerProvider", ConnectionLifecycle.reservedPerProvider, .provider, waits),
            .count("waitingPerProviderMax", ConnectionLifecycle.waitingPerProviderMax, .provider, staysDue),
        ])

    private static let waits = "further ones wait"
    private static let staysDue = "the others stay due and are found again"

    private static let refreshes = LimitSection(
        title: "Refreshes of tokens", file: "Sources/OAuth/Refresh/RefreshReconciler.swift", type: "RefreshReconciler",
        rows: [
            .count("concurrentMax", RefreshReconciler.concurrentMax, .host, waits),
            .count("concurrentPerProviderMax", RefreshReconciler.concurrentPerProviderMax, .provider, waits),
            .count("reservedPerProvider", RefreshReconciler.reservedPerProvider, .provider, waits),
            .count("waitingPerProviderMax", RefreshReconciler.waitingPerProviderMax, .provider, staysDue),
        ])

    private static let unidentified = LimitSection(
        title: "Authorizations that go on in the background", file: "Sources/OAuth/UnidentifiedGrantReconciler.swift",
        type: "UnidentifiedGrantReconciler",
        rows: [
            .count("concurrentMax", UnidentifiedGrantReconciler.concurrentMax, .host, waits),
            .count("concurrentPerProviderMax", UnidentifiedGrantReconciler.concurrentPerProviderMax, .provider, waits),
            .count("reservedPerProvider", UnidentifiedGrantReconciler.reservedPerProvider, .provider, waits),
            .count("waitingPerProviderMax", UnidentifiedGrantReconciler.waitingPerProviderMax, .provider, staysDue),
        ])

    private static let revocations = LimitSection(
        title: "Revocations that go on in the background", file: "Sources/OAuth/RevocationReconciler.swift",
        type: "RevocationReconciler",
        rows: [
            .count("concurrentMax", RevocationReconciler.concurrentMax, .host, waits),
            .count("waitingMax", RevocationReconciler.waitingMax, .provider, staysDue),
        ])

    private static let silentHosts = LimitSection(
        title: "Receivers that do not answer", file: "Sources/Notifications/DispatchLine.swift", type: "DispatchLine",
        rows: [.count("silentHostsMax", DispatchLine.silentHostsMax, .receiver, "further hosts are not remembered")])

    private static let userLists = LimitSection(
        title: "Lists and erasure of users", file: "Sources/Connections/Users/UserListLimits.swift",
        type: "UserListLimits",
        rows: [
            .count("usersReadMax", UserListLimits.usersReadMax, .user, "the page ends and names the next one"),
            .count("summariesReadMax", UserListLimits.summariesReadMax, .user, "the page ends and names the next one"),
            .count("endingsMax", UserListLimits.endingsMax, .user, "the other connections wait"),
            .count("attemptsMax", UserListLimits.attemptsMax, .user, "503; the host continues"),
        ], others: ["resumePause"])

    private static let pages = LimitSection(
        title: "Connect pages", file: "Sources/Pages/PageLimits.swift", type: "PageLimits",
        rows: [
            .bytes("valueBytesMax", PageLimits.valueBytesMax, .user, "422, with what is wrong"),
            .bytes("searchBytesMax", PageLimits.searchBytesMax, .user, "400"),
            .bytes("tokenBytesMax", PageLimits.tokenBytesMax, .user, "400"),
            .bytes("outcomeBytesMax", PageLimits.outcomeBytesMax, .user, "400"),
            .time("cookieLifeAfterEnd", PageLimits.cookieLifeAfterEnd, .user, "the browser is asked to sign in"),
        ])

    private static let oauth = LimitSection(
        title: "Authorizations", file: "Sources/OAuth/OAuthLimits.swift", type: "OAuthLimits",
        rows: [
            .bytes("callbackParameterBytesMax", OAuthLimits.callbackParameterBytesMax, .caller, "400"),
            .count("refusedCallbacksKept", OAuthLimits.refusedCallbacksKept, .user, "the oldest are forgotten"),
            .bytes("tokenResponseBytesMax", OAuthLimits.tokenResponseBytesMax, .provider, "the request fails"),
        ], others: ["identityPauses"])

    private static let providers = LimitSection(
        title: "Requests to providers", file: "Sources/Providers/ProviderLimits.swift", type: "ProviderLimits",
        rows: [
            .time("interactiveWaitMax", ProviderLimits.interactiveWaitMax, .provider, "the caller gets 429 or 503"),
            .bytes(
                "responseBytesMax", ProviderLimits.responseBytesMax, .provider, "the request fails",
                metric: "integration_host_provider_requests_total"),
            .time(
                "requestTimeout", ProviderLimits.requestTimeout, .provider, "the request fails",
                metric: "integration_host_provider_requests_total"),
        ])

    private static let windows = LimitSection(
        title: "Windows of providers' limits", file: "Sources/Providers/SlidingWindowLimiter.swift",
        type: "SlidingWindowLimiter",
        rows: [
            .count(
                "entriesMax", SlidingWindowLimiter.entriesMax, .user, "those unused for longest are forgotten")
        ])

    private static let syncs = LimitSection(
        title: "Syncs and dead letters", file: "Sources/Sync/SyncLimits.swift", type: "SyncLimits",
        rows: [
            .time("limitedTimeMax", SyncLimits.limitedTimeMax, .provider, "the sync fails", metric: syncsTotal),
            .time("timeMax", SyncLimits.timeMax, .provider, "the sync fails", metric: syncsTotal),
            .count("pagesMax", SyncLimits.pagesMax, .provider, "the sync fails", metric: syncsTotal),
            .bytes("bytesMax", SyncLimits.bytesMax, .provider, "the sync fails", metric: syncsTotal),
            .count("pageRecordsMax", SyncLimits.pageRecordsMax, .provider, "the page fails"),
            .count("pageUnusableRecordsMax", SyncLimits.pageUnusableRecordsMax, .provider, "the page fails"),
            .count(
                "walkRestartsMax", SyncLimits.walkRestartsMax, .provider, "the sync completes without deletions"),
            .count(
                "missingRecordsMax", SyncLimits.missingRecordsMax, .provider, "the next full sync has to confirm it"),
            .bytes("noteBytesMax", SyncLimits.noteBytesMax, .provider, "the first remarks are kept"),
            .bytes("recordBytesMax", SyncLimits.recordBytesMax, .provider, "the record becomes a dead letter"),
            .count("scheduledWaitingMax", SyncLimits.scheduledWaitingMax, .user, "schedules wait"),
            .count("concurrentMax", SyncLimits.concurrentMax, .user, "the sync waits"),
            .count("concurrentPerProviderMax", SyncLimits.concurrentPerProviderMax, .provider, "the sync waits"),
            .count("reservedPerProvider", SyncLimits.reservedPerProvider, .provider, "the sync waits"),
            .time("changesQuietTimeMax", SyncLimits.changesQuietTimeMax, .provider, "the changes are synced"),
            .time("changesRestTimeMax", SyncLimits.changesRestTimeMax, .provider, "the next sync begins"),
            .count("changesStartingMax", SyncLimits.changesStartingMax, .provider, "the sync waits"),
            .count(
                "changesWaitingMax", SyncLimits.changesWaitingMax, .provider, "the next walk over the users finds them"),
            .count("deadLetterPageMax", SyncLimits.deadLetterPageMax, .user, "400"),
            .count("deadLettersMax", SyncLimits.deadLettersMax, .provider, "only the newest are kept; all are counted"),
            .bytes(
                "deadLetterPayloadBytesMax", SyncLimits.deadLetterPayloadBytesMax, .provider, "no replay of the record"),
            .bytes("deadLetterTextBytesMax", SyncLimits.deadLetterTextBytesMax, .provider, "the text is cut"),
        ])

    private static let syncsTotal = "integration_host_syncs_total"

    private static let webhooks = LimitSection(
        title: "Webhooks from providers", file: "Sources/Webhooks/WebhookLimits.swift", type: "WebhookLimits",
        rows: [
            .count("secretsMax", WebhookLimits.secretsMax, .operator, "the others are not tried"),
            .count(
                "signaturesMax", WebhookLimits.signaturesMax, .caller, "the others are not tried"),
            .count(
                "timestampDigitsMax", WebhookLimits.timestampDigitsMax, .caller, "the delivery is refused",
                metric: deliveries),
            .count("waitingDeliveriesMax", WebhookLimits.waitingDeliveriesMax, .caller, "503", metric: deliveries),
            .count(
                "eventsPerDeliveryMax", WebhookLimits.eventsPerDeliveryMax, .provider, "503 with Retry-After",
                metric: deliveries),
            .count(
                "pendingEventsMax", WebhookLimits.pendingEventsMax, .provider, "503",
                metric: "integration_host_webhook_events_pending"),
            .bytes("pendingBytesMax", WebhookLimits.pendingBytesMax, .provider, "503", metric: deliveries),
            .count(
                "rememberedEventsMax", WebhookLimits.rememberedEventsMax, .provider, "the oldest are forgotten",
                metric: "integration_host_webhook_events_remembered"),
            .time("rememberedTime", WebhookLimits.rememberedTime, .provider, "forgotten"),
            .time("openingTimeMax", WebhookLimits.openingTimeMax, .host, "503", metric: deliveries),
            .count("lanesMax", WebhookLimits.lanesMax, .provider, "further accounts wait"),
            .count("endingLanesMax", WebhookLimits.endingLanesMax, .provider, "further accounts wait"),
            .count(
                "attemptsMax", WebhookLimits.attemptsMax, .host, "the event is dropped",
                metric: "integration_host_webhook_events_total"),
            .time("clockSkewMax", WebhookLimits.clockSkewMax, .caller, "the delivery is refused", metric: deliveries),
        ],
        others: ["segmentEventsMax", "segmentBytesMax", "segmentTimeMax", "retryPauseMax", "busyPause", "logPause"])

    private static let notifications = LimitSection(
        title: "Notifications", file: "Sources/Notifications/NotificationLimits.swift", type: "NotificationLimits",
        rows: [
            .bytes("urlBytesMax", NotificationLimits.urlBytesMax, .user, "400"),
            .time(
                "timeout", NotificationLimits.timeout, .receiver, "the attempt fails",
                metric: "integration_host_notification_attempts_total"),
            .bytes("answerBytesMax", NotificationLimits.answerBytesMax, .receiver, "the rest is not read"),
            .time("secretOverlap", NotificationLimits.secretOverlap, .user, "the old secret ends"),
            .count("concurrentMax", NotificationLimits.concurrentMax, .receiver, "further connections wait"),
            .count(
                "concurrentPerHostMax", NotificationLimits.concurrentPerHostMax, .receiver, "further connections wait"),
            .count("concurrentPerUserMax", NotificationLimits.concurrentPerUserMax, .user, "further connections wait"),
            .count(
                "waitingMax", NotificationLimits.waitingMax, .receiver, "the others stay due and are found again",
                metric: "integration_host_notifications_waiting"),
            .count(
                "waitingPerHostMax", NotificationLimits.waitingPerHostMax, .receiver,
                "the others stay due and are found again"),
            .count(
                "scheduledMax", NotificationLimits.scheduledMax, .receiver,
                "the others stay due and are found again"),
            .time("horizon", NotificationLimits.horizon, .receiver, "later ones are found when they are due"),
            .count("batchMax", NotificationLimits.batchMax, .receiver, "other connections have their turn"),
            .time("batchTimeMax", NotificationLimits.batchTimeMax, .receiver, "other connections have their turn"),
            .time("stopGrace", NotificationLimits.stopGrace, .receiver, "deliveries are canceled"),
        ])

    private static let background = LimitSection(
        title: "Background work", file: "Sources/Background/BackgroundLimits.swift", type: "BackgroundLimits",
        rows: [
            .count("visitsMax", BackgroundLimits.visitsMax, .host, "further users wait"),
            .time("clockCheckPause", BackgroundLimits.clockCheckPause, .host, "the clock is looked at"),
            .count(
                "historiesMovedTogetherMax", BackgroundLimits.historiesMovedTogetherMax, .host, "further users wait"),
            .count(
                "historiesWaitingMax", BackgroundLimits.historiesWaitingMax, .host,
                "the others stay due and are found again"),
        ], others: ["walkShare", "firstWalkShare", "firstWalkPause", "retryPause", "historyPause"])

    private static let control = LimitSection(
        title: "Commands beside the host", file: "Sources/HostControl/ControlLimits.swift", type: "ControlLimits",
        rows: [
            .bytes("requestBytesMax", ControlLimits.requestBytesMax, .operator, "the command fails"),
            .bytes("answerBytesMax", ControlLimits.answerBytesMax, .host, "the command fails"),
            .time("silenceMax", ControlLimits.silenceMax, .operator, "the connection ends"),
            .count("listedUsersMax", ControlLimits.listedUsersMax, .operator, "the list names the next page"),
            .count("auditLinesMax", ControlLimits.auditLinesMax, .operator, "the list names the next page"),
            .count(
                "surveyedUsersMax", ControlLimits.surveyedUsersMax, .operator, "the doctor judges these users alone"),
            .count("commandsMax", ControlLimits.commandsMax, .operator, "further commands wait"),
            .time("stopWaitMax", ControlLimits.stopWaitMax, .operator, "the host stops without them"),
            .count("attemptsMax", ControlLimits.attemptsMax, .operator, "the command fails"),
        ], others: ["signOfLifePause", "attemptPause"])

    private static let doctor = LimitSection(
        title: "Doctor", file: "Sources/Doctor/DoctorLimits.swift", type: "DoctorLimits",
        rows: [
            .time("questionTimeMax", DoctorLimits.questionTimeMax, .provider, "the address counts as not reachable"),
            .bytes("answerBytesMax", DoctorLimits.answerBytesMax, .provider, "the address counts as not reachable"),
            .count("questionsMax", DoctorLimits.questionsMax, .operator, "further providers are asked later"),
        ],
        others: [
            "freeBytesMin", "freeBytesWarned", "freeInodesMin", "timedWrites", "writeTimeWarned", "writeTimeMax",
            "clockSkewMax",
        ])

    private static let configurations = LimitSection(
        title: "Configuration", file: "Sources/Configuration/ConfigurationLimits.swift", type: "ConfigurationLimits",
        rows: [
            .count(
                "deliveryPausesMax", ConfigurationLimits.deliveryPausesMax, .operator, "exit code 78"),
            .bytes("brandingNameBytesMax", ConfigurationLimits.brandingNameBytesMax, .operator, "exit code 78"),
            .bytes("logoBytesMax", ConfigurationLimits.logoBytesMax, .operator, "exit code 78"),
            .bytes("fileBytesMax", ConfigurationLimits.fileBytesMax, .operator, "exit code 78"),
            .time("sessionLifetime", ConfigurationLimits.sessionLifetime, .caller, "401"),
        ])
}
