// The limits of the store, the client, tokens and JSON: what no caller names, and every caller and provider could make grow.

import ProviderSDK

@testable import Audit
@testable import Cryptography
@testable import DocumentJournal
@testable import DocumentStore
@testable import HTTPClient
@testable import ProviderSDK
@testable import RecordStore
@testable import StoreFiles

extension LimitSection {
    static let foundations = [client, transfers, json, tokens, documents, journal, records, files, audit]

    private static let audit = LimitSection(
        title: "The audit log", file: "Sources/Audit/AuditLimits.swift", type: "AuditLimits",
        rows: [
            .bytes("fileBytesMax", AuditLimits.fileBytesMax, .host, "another file begins"),
            .count("filesMax", AuditLimits.filesMax, .host, "the oldest file goes"),
            .bytes("lineBytesMax", AuditLimits.lineBytesMax, .user, "ids are cut"),
            .count("batchLinesMax", AuditLimits.batchLinesMax, .caller, "the rest is written after it"),
            .count("waitingLinesMax", AuditLimits.waitingLinesMax, .caller, "503"),
            .count("scannedLinesMax", AuditLimits.scannedLinesMax, .operator, "the page ends and names the next one"),
            .count("describedBreaksMax", AuditLimits.describedBreaksMax, .host, "further breaks are counted"),
        ], others: ["readBytesMax"])

    private static let client = LimitSection(
        title: "Outgoing requests", file: "Sources/HTTPClient/Limits.swift", type: "HTTPClientLimits",
        rows: [
            .bytes("urlBytesMax", HTTPClientLimits.urlBytesMax, .user, "the request fails"),
            .bytes("hostBytesMax", HTTPClientLimits.hostBytesMax, .user, "the request fails"),
            .count("requestHeaderFieldsMax", HTTPClientLimits.requestHeaderFieldsMax, .host, "the request fails"),
            .bytes("requestHeaderBytesMax", HTTPClientLimits.requestHeaderBytesMax, .host, "the request fails"),
            .bytes("requestBodyBytesMax", HTTPClientLimits.requestBodyBytesMax, .host, "the request fails"),
            .bytes("responseHeaderBytesMax", HTTPClientLimits.responseHeaderBytesMax, .provider, "the request fails"),
            .count("responseHeaderFieldsMax", HTTPClientLimits.responseHeaderFieldsMax, .provider, "the request fails"),
            .bytes(
                "responseBodyBytesDefault", HTTPClientLimits.responseBodyBytesDefault, .provider, "the request fails"),
            .bytes(
                "bodyReservationBytesMax", HTTPClientLimits.bodyReservationBytesMax, .provider,
                "memory grows with the data"),
            .bytes(
                "smallBodyBytesMax", HTTPClientLimits.smallBodyBytesMax, .provider, "the body counts as a large one"),
            .bytes(
                "largeBodiesBytesMax", HTTPClientLimits.largeBodiesBytesMax, .provider,
                "further bodies are not read for now"),
            .time("timeoutMax", HTTPClientLimits.timeoutMax, .provider, "the request fails"),
            .count("idleHandlesMax", HTTPClientLimits.idleHandlesMax, .host, "the handle is freed"),
        ],
        others: [
            "bodyLeaseStepBytes", "receiveBufferBytes", "idleConnectionSecondsMax", "connectionLifetimeSecondsMax",
            "queueTickMilliseconds",
        ])

    private static let transfers = LimitSection(
        title: "Outgoing requests at the same time", file: "Sources/HTTPClient/HTTPClient.swift", type: "HTTPClient",
        rows: [
            .count("transfersMax", HTTPClient.Configuration().transfersMax, .host, "the request waits"),
            .count(
                "transfersPerHostMax", HTTPClient.Configuration().transfersPerHostMax, .provider, "the request waits"),
            .count("waitingMax", HTTPClient.Configuration().waitingMax, .host, "the request fails"),
        ])

    private static let provider = JSONLimits.provider

    private static let json = LimitSection(
        title: "JSON of providers", file: "Sources/ProviderSDK/ProviderSDK/JSON/JSONLimits.swift", type: "JSONLimits",
        rows: [
            .bytes("bytesMax", provider.bytesMax, .provider, "the answer is refused"),
            .count("depthMax", provider.depthMax, .provider, "the answer is refused"),
            .count("nodesMax", provider.nodesMax, .provider, "the answer is refused"),
            .count("elementsMax", provider.elementsMax, .provider, "the answer is refused"),
            .count("membersMax", provider.membersMax, .provider, "the answer is refused"),
            .bytes("stringBytesMax", provider.stringBytesMax, .provider, "the answer is refused"),
            .count("numberBytesMax", provider.numberBytesMax, .provider, "the answer is refused"),
            .count("faultsMax", JSONLimits.faultsMax, .provider, "the page is refused"),
        ], others: ["duplicateKeys", "page", "provider", "request"])

    private static let tokens = LimitSection(
        title: "Tokens and keys", file: "Sources/Cryptography/Limits.swift", type: "CryptographyLimits",
        rows: [
            .bytes("tokenBytesMax", CryptographyLimits.tokenBytesMax, .caller, "401"),
            .bytes("tokenHeaderBytesMax", CryptographyLimits.tokenHeaderBytesMax, .caller, "401"),
            .count("tokenHeaderMembersMax", CryptographyLimits.tokenHeaderMembersMax, .caller, "401"),
            .bytes(
                "sealedPlaintextBytesMax", CryptographyLimits.sealedPlaintextBytesMax, .provider, "the change fails"),
            .bytes("keyRingFileBytesMax", CryptographyLimits.keyRingFileBytesMax, .operator, "the host does not start"),
            .count("keyRingKeysMax", CryptographyLimits.keyRingKeysMax, .operator, "the rotation is refused"),
            .bytes("keyIDBytesMax", CryptographyLimits.keyIDBytesMax, .operator, "the host does not start"),
            .bytes("pemBytesMax", CryptographyLimits.pemBytesMax, .operator, "exit code 78"),
            .count("rsaModulusBitsMin", CryptographyLimits.rsaModulusBitsMin, .operator, "the key is refused"),
            .count("rsaModulusBitsMax", CryptographyLimits.rsaModulusBitsMax, .operator, "the key is refused"),
            .bytes("hmacTokenKeyBytesMin", CryptographyLimits.hmacTokenKeyBytesMin, .operator, "the key is refused"),
            .bytes("hkdfOutputBytesMax", CryptographyLimits.hkdfOutputBytesMax, .host, "the call fails"),
            .bytes("randomBytesMax", CryptographyLimits.randomBytesMax, .host, "the call fails"),
        ])

    private static let documents = LimitSection(
        title: "Documents", file: "Sources/DocumentStore/DocumentLimits.swift", type: "DocumentLimits",
        rows: [
            .bytes("documentBytesMax", DocumentLimits.documentBytesMax, .user, "the change fails"),
            .bytes("summaryBytesMax", DocumentLimits.summaryBytesMax, .user, "the change fails"),
            .count("listPageMax", DocumentLimits.listPageMax, .host, "the page ends"),
            .count(
                "rememberedDeletionsMax", DocumentLimits.rememberedDeletionsMax, .user, "older ones share one floor"),
            .bytes(
                "checkpointBytesMin", DocumentLimits.checkpointBytesMin, .user,
                "documents are brought into their files",
                metric: "integration_host_store_waiting_documents"),
            .time(
                "checkpointDelay", DocumentLimits.checkpointDelay, .user, "documents are brought into their files",
                metric: "integration_host_store_waiting_documents"),
            .time("closingTimeMax", DocumentLimits.closingTimeMax, .host, "the rest stays in the journal"),
        ], others: ["envelopeBytesMax", "headBytes", "checkpointRetryDelay", "placedTogetherMax"])

    private static let journal = LimitSection(
        title: "The journal", file: "Sources/DocumentJournal/JournalLimits.swift", type: "JournalLimits",
        rows: [
            .bytes(
                "bytesMax", JournalLimits.bytesMax, .user, "writers wait",
                metric: "integration_host_store_waiting_documents"),
            .bytes("batchBytesMax", JournalLimits.batchBytesMax, .user, "the next batch begins"),
        ], others: ["firstSegmentBytes", "segmentBytes", "reservedBytes", "segmentMarginBytes"])

    private static let records = LimitSection(
        title: "Record streams", file: "Sources/RecordStore/Format/RecordLimits.swift", type: "RecordLimits",
        rows: [
            .count("batchRecordsMax", RecordLimits.batchRecordsMax, .provider, "the page fails"),
            .bytes("batchBytesMax", RecordLimits.batchBytesMax, .provider, "the page fails"),
            .bytes("dataTypeBytesMax", RecordLimits.dataTypeBytesMax, .provider, "the page fails"),
            .count("dataTypesMax", RecordLimits.dataTypesMax, .provider, "the page fails"),
            .bytes("checkpointBytesMax", RecordLimits.checkpointBytesMax, .provider, "the page fails"),
            .count("changePageMax", RecordLimits.changePageMax, .user, "the page ends"),
            .count("changesLookedAtMax", RecordLimits.changesLookedAtMax, .user, "the page ends"),
            .count("recordPageMax", RecordLimits.recordPageMax, .user, "the page ends"),
            .bytes("changePageBytesMax", RecordLimits.changePageBytesMax, .user, "the page ends"),
            .bytes("segmentBytesMax", RecordLimits.segmentBytesMax, .provider, "the next segment begins"),
            .bytes("manifestBytesMax", RecordLimits.manifestBytesMax, .provider, "the change fails"),
            .count("deletionsPerFrameMax", RecordLimits.deletionsPerFrameMax, .provider, "the next frame begins"),
            .bytesPerSecond(
                "compactionBytesPerSecondMax", RecordLimits.compactionBytesPerSecondMax, .host, "compaction waits"),
            .bytes("frameBufferBytesKept", RecordLimits.frameBufferBytesKept, .provider, "the buffer is freed"),
            .count("openStreamsMax", RecordLimits.openStreamsMax, .user, "the stream used longest ago is closed"),
            .time("indexIdleTime", RecordLimits.indexIdleTime, .user, "the index is freed"),
        ],
        others: [
            "runBytesMax", "compactionRowsMin", "compactionBytesMin", "compactionStepBytes", "compactionRoundsMax",
            "compactionSegmentsMax", "readAttemptsMax", "trimInterval",
        ])

    private static let files = LimitSection(
        title: "Files", file: "Sources/StoreFiles/StoreLimits.swift", type: "StoreLimits",
        rows: [
            .bytes("idBytesMax", StoreLimits.idBytesMax, .user, "the id is refused"),
            .bytes("collectionBytesMax", StoreLimits.collectionBytesMax, .host, "the name is refused"),
            .bytes("plainNameBytesMax", StoreLimits.plainNameBytesMax, .user, "the file is named by a hash"),
            .count("waitingOperationsMax", StoreLimits.waitingOperationsMax, .caller, "503"),
        ], others: ["shardCount", "temporaryNameAttemptsMax", "readWindowBytes"])
}
