// What the operator can set for Slack. It knows no requests.

import ProviderSDK

/// The operator's settings, and what they are without one.
enum SlackSettings {
    static let messageRequestsPerMinute = "messageRequestsPerMinute"
    static let messagePageSize = "messagePageSize"
    static let messageLookbackDays = "messageLookbackDays"
    static let messageChannels = "messageChannels"

    /// Whether the messages of a channel are read: of all channels, or of those that the setting lists by id or by name.
    static func isRead(_ id: String, _ name: String?, in settings: [String: String]) -> Bool {
        let listed = (settings[messageChannels] ?? "").utf8.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") }
        return listed.isEmpty
            || listed.contains { entry in
                let bare = entry.first == UInt8(ascii: "#") ? entry.dropFirst() : entry
                return bare.elementsEqual(id.utf8) || name.map { bare.elementsEqual($0.utf8) } ?? false
            }
    }

    /// The whole number set for `key` if it is in `range`, else `standard`.
    static func number(_ key: String, in settings: [String: String], _ range: ClosedRange<Int64>, standard: Int64)
        -> Int64
    {
        guard let number = settings[key].flatMap({ JSONNumber($0) })?.integer, range ~= number else { return standard }
        return number
    }
}
