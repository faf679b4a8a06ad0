// Whether a stored moment can be believed. The clock may have been ahead when it was stored, and right again now. Pure.

package import ProviderSDK

/// Moments that were stored with a pause.
package enum StoredMoment {
    /// How far the clock may go back without a doubt about what was stored.
    package static let clockStepMax = Duration.seconds(60)

    /// Returns the end of a pause, or nil when it is over or cannot be believed.
    ///
    /// - Parameters:
    ///   - end: the stored end.
    ///   - begin: when the pause was stored, if that is known. A pause that was stored in the future comes from a clock that was ahead.
    ///   - longest: the longest pause that can be stored.
    package static func end(
        _ end: Timestamp?, begun begin: Timestamp?, longest: Duration? = nil, at now: Timestamp
    ) -> Timestamp? {
        guard let end, end > now else { return nil }
        if let begin, begin > now.advanced(by: clockStepMax) { return nil }
        if let longest, end > now.advanced(by: longest + clockStepMax) { return nil }
        return end
    }
}
