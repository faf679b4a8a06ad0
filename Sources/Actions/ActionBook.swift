// What a connection's document of actions holds: the runs that have not ended, which decide, and the ids of the newest that have. Pure.

import ConnectionModel
import ProviderSDK
import Users

/// The runs of one connection that have not ended, and which ended last.
struct ActionBook: Sendable {
    let connectionID: String
    let userID: String
    /// The runs that have not ended, the oldest first.
    private(set) var open: [ActionRunRecord] = []
    /// The ids of the runs that ended last, the newest first.
    private(set) var ended: [String] = []

    init(connectionID: String, userID: String) {
        self.connectionID = connectionID
        self.userID = userID
    }

    func run(_ id: String) -> ActionRunRecord? { open.first { $0.id.utf8.elementsEqual(id.utf8) } }

    /// Adds a run that begins.
    ///
    /// - Throws: ``ServiceError/limit(_:)`` when too many have not ended.
    mutating func add(_ run: ActionRunRecord) throws(ServiceError) {
        guard open.count < ActionLimits.openRunsMax else {
            throw .limit("A connection can have at most \(ActionLimits.openRunsMax) runs that have not ended.")
        }
        open.append(run)
    }

    /// Changes a run that has not ended; nil when it is not here.
    mutating func update(_ id: String, _ change: (inout ActionRunRecord) -> Void) -> ActionRunRecord? {
        guard let index = open.firstIndex(where: { $0.id.utf8.elementsEqual(id.utf8) }) else { return nil }
        change(&open[index])
        return open[index]
    }

    /// Takes out a run that has ended and is kept elsewhere.
    mutating func close(_ id: String) {
        open.removeAll { $0.id.utf8.elementsEqual(id.utf8) }
        ended.removeAll { $0.utf8.elementsEqual(id.utf8) }
        ended.insert(id, at: 0)
        if ended.count > ActionLimits.listedRunsMax { ended.removeLast(ended.count - ActionLimits.listedRunsMax) }
    }
}

extension ActionBook: StoredValue {
    init(document: [UInt8]) throws(ServiceError) {
        guard let json = try? JSONValue.parse(document), let connectionID = json["connectionId"]?.string,
            let userID = json["userId"]?.string, let open = json["open"]?.array
        else { throw .internalFault("The stored actions of a connection cannot be read.") }
        self.init(connectionID: connectionID, userID: userID)
        for stored in open {
            // A run that is left out could be carried out twice.
            guard let run = ActionRunRecord(stored) else {
                throw .internalFault("A stored run of an action cannot be read.")
            }
            self.open.append(run)
        }
        ended = json.texts("ended")
    }

    var document: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.member("connectionId", connectionID)
            writer.member("userId", userID)
            writer.key("open")
            writer.array(of: open) { $0.write(to: &$1) }
            writer.member("ended", ended)
        }
        return writer.bytes
    }
}

/// A run that has ended, as its own document.
struct EndedRun: StoredValue {
    let run: ActionRunRecord

    init(_ run: ActionRunRecord) { self.run = run }

    init(document: [UInt8]) throws(ServiceError) {
        guard let json = try? JSONValue.parse(document), let run = ActionRunRecord(json) else {
            throw .internalFault("A stored run of an action cannot be read.")
        }
        self.run = run
    }

    var document: [UInt8] {
        var writer = JSONWriter(capacity: 512)
        run.write(to: &writer)
        return writer.bytes
    }
}
