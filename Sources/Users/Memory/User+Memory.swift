// What the values of users and connections take on the heap, so that the cache of documents holds its bounds. A new property that can be
// large belongs here.

import ConnectionModel
import ProviderSDK
import Synchronization

extension User {
    /// The memory of the user's values, decoded.
    var memoryBytes: Int {
        var meter = HeapMeter()
        meter.add(id)
        meter.add(connections)
        meter.add(erasures)
        meter.add(callbacks) {
            $0.add($1.tag)
            $0.add($1.callerState)
            $0.add($1.connectionID)
        }
        meter.add(revocations)
        if let externalAccount { meter.add(externalAccount) }
        meter.add(unknown)
        let parts =
            connections.reduce(0) { $0 + $1.memoryBytes } + revocations.reduce(0) { $0 + $1.remnant.memoryBytes }
        return meter.bytes + parts
    }
}

extension Connection {
    /// About the memory of the objects of a connection besides its texts and lists: its facets, the extract of them and the summary.
    private static let objectBytes = HeapMeter.allocated(888) + HeapMeter.allocated(80) + HeapMeter.allocated(96)

    /// The memory of the connection's values and of what is kept with them; counted once for each state of the connection.
    fileprivate var memoryBytes: Int {
        var meter = HeapMeter()
        if let textBytes { meter.addText(ofCapacity: textBytes) }
        let known = extract.memoryBytes.load(ordering: .relaxed)
        if known > 0 { return meter.bytes + known }
        let counted = valueBytes
        extract.memoryBytes.store(counted, ordering: .relaxed)
        return meter.bytes + counted
    }

    private var valueBytes: Int {
        var meter = HeapMeter()
        identity.measure(&meter)
        grant.measure(&meter)
        sync.measure(&meter)
        notifications.measure(&meter)
        meter.add(settings.webhookURL)
        if let failure {
            meter.add(failure.code)
            meter.add(failure.message)
            meter.add(failure.scopes)
        }
        meter.add(unknown) {
            $0.add($1.key)
            $0.add($1.value)
        }
        return Self.objectBytes + meter.bytes
    }
}

extension ConnectionHistory {
    package var heapBytes: Int? {
        var meter = HeapMeter()
        meter.add(connectionID)
        meter.add(syncs) { $1.measure(&$0) }
        meter.add(deliveries) { $1.measure(&$0) }
        return meter.bytes
    }
}

extension ConnectionIdentity {
    fileprivate func measure(_ meter: inout HeapMeter) {
        for text in [id, service, variant, accountID, accountName, mode] { meter.add(text) }
        meter.add(callback)
    }
}

extension Grant {
    fileprivate func measure(_ meter: inout HeapMeter) {
        for texts in [permissions, requestedScopes, grantedScopes, oddities] { meter.add(texts) }
        meter.add(credentials.accessToken)
        meter.add(credentials.refreshToken)
        meter.add(authorizations) {
            for text in [$1.nonce, $1.redirectURI, $1.sessionBinding] { $0.add(text) }
            for text in [$1.verifier, $1.callerState, $1.expectedAccount] { $0.add(text) }
            $0.add($1.requestedScopes)
        }
        if let unidentified {
            meter.add(unidentified.answer)
            meter.add(unidentified.scopes ?? [])
            meter.add(unidentified.requestedScopes)
        }
    }
}

extension SyncState {
    fileprivate func measure(_ meter: inout HeapMeter) {
        meter.add(runs) { $1.measure(&$0) }
        meter.add(answered) { $1.measure(&$0) }
        meter.add(changes) {
            $0.add($1.dataType)
            $0.add($1.syncID)
        }
    }
}

extension SyncRun {
    fileprivate func measure(_ meter: inout HeapMeter) {
        meter.add(id)
        meter.add(dataTypes)
        meter.add(message)
        for request in joined + (idempotency.map { [$0] } ?? []) {
            meter.add(request.key)
            meter.add(request.request)
        }
        meter.add(joined)
    }
}

extension Notifications {
    fileprivate func measure(_ meter: inout HeapMeter) {
        meter.add(outbox) { $1.measure(&$0) }
        meter.add(endpoint.log) { $1.measure(&$0) }
        meter.add(endpoint.secret)
        meter.add(endpoint.retiring?.sealed)
    }
}

extension ConnectionEvent {
    fileprivate func measure(_ meter: inout HeapMeter) {
        meter.add(id)
        meter.add(data)
        meter.add(delivery.attempts)
    }
}
