// What the operator can set for Slack. It knows no requests.

import ProviderSDK

/// The operator's settings, and what they are without one.
enum SlackSettings {
    static let messageRequestsPerMinute = "messageRequestsPerMinute"
    static let messagePageSize = "messagePageSize"
    static let messageLookbackDays = "messageLookbackDays"

    /// The whole number set for `key` if it is in `range`, else `standard`.
    static func number(_ key: String, in settings: [String: String], _ range: ClosedRange<Int64>, standard: Int64)
        -> Int64
    {
        guard let number = settings[key].flatMap({ JSONNumber($0) })?.integer, range ~= number else { return standard }
        return number
    }
}
