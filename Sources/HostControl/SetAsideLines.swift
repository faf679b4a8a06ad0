// What a repair set aside, in words: whose it is, and how to put it back. The file is damaged, so its bytes are searched for ids and not
// read as a document.

import Primitives
import ProviderSDK
import Storage

/// The ids in the bytes of a damaged file.
struct SetAsideIDs: Equatable {
    private(set) var users: [String] = []
    private(set) var connections: [String] = []

    /// Ids of each kind that are listed.
    static let shownMax = 20

    /// Finds the ids in `bytes`: texts of `userId`, and what has the form of a connection's id.
    ///
    /// - Parameter users: users who are known to be concerned; they come first.
    init(in bytes: [UInt8], users: [String] = []) {
        self.users = users
        let userMark = Array(#""userId":"#.utf8)
        let connectionMark = Array("conn-".utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == userMark[0], bytes[index...].starts(with: userMark) {
                if let id = Self.text(bytes, from: index + userMark.count), !self.users.contains(id) {
                    self.users.append(id)
                }
            } else if bytes[index] == connectionMark[0], bytes[index...].starts(with: connectionMark) {
                let id = bytes[index...].prefix(Self.connectionIDBytes)
                if id.count == Self.connectionIDBytes, id.dropFirst(connectionMark.count).allSatisfy(Self.isBase62) {
                    let text = String(decoding: id, as: UTF8.self)
                    if !connections.contains(text) { connections.append(text) }
                }
            }
            if self.users.count > Self.shownMax, connections.count > Self.shownMax { break }
            index += 1
        }
    }

    private static let connectionIDBytes = 30

    private static func isBase62(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || 0x61...0x7A ~= byte | 0x20 }

    /// The JSON text that begins at or after `start`, behind spaces; nil without one.
    private static func text(_ bytes: [UInt8], from start: Int) -> String? {
        guard let open = bytes[start...].firstIndex(where: { $0 != 0x20 }), bytes[open] == UInt8(ascii: "\"") else {
            return nil
        }
        var end = open + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), end - open <= 1024 {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
        return (try? JSONValue.parse(Array(bytes[open...end])))?.string
    }
}

extension CheckReport.Problem {
    /// Says where a repaired file is kept, whose data it holds, and how to put it back.
    func lines(_ ids: SetAsideIDs) -> [String] {
        guard let copy else { return [] }
        var lines = [
            "  kept as \(copy)\(Self.list("; users: ", ids.users))\(Self.list("; connections: ", ids.connections))"
        ]
        let isJournal = path.hasPrefix("journal/")
        let isStream = path.hasPrefix("records/")
        lines.append(
            isJournal
                ? "  its unreadable changes are lost: take the documents of users who miss something from a backup, or have them connect again"
                : isStream
                    ? "  to put it back: stop the host, take \(path) from a backup; or let a full sync read the records again"
                    : "  to put it back: stop the host, mend the copy or take the document from a backup, and move it to \(path)"
        )
        return lines
    }

    private static func list(_ words: String, _ ids: [String]) -> String {
        guard !ids.isEmpty else { return "" }
        let shown = ids.prefix(SetAsideIDs.shownMax).map {
            String(decoding: VisibleText.escaping(Array($0.utf8)), as: UTF8.self)
        }.joined(separator: ", ")
        return words + shown + (ids.count > SetAsideIDs.shownMax ? " and more" : "")
    }
}
