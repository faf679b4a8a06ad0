// Compares this machine's clock with others: those of providers, and the times of the newest files.

import Glibc
import Primitives

/// The checks of the clock.
package enum ClockCheck {
    /// Judges the clock.
    ///
    /// - Parameters:
    ///   - leads: how far this clock is ahead of those that answered.
    ///   - now: the time of day.
    ///   - newestFile: when the newest file of the data directory was written, in seconds since 1970.
    package static func finding(leads: [Duration], now: Int64, newestFile: Int64?) -> Finding {
        let remedy = "Let the machine keep its time with NTP (systemd-timesyncd or chrony)."
        // Half of the clocks may be wrong before this one is blamed.
        let sorted = leads.sorted()
        if let lead = sorted.isEmpty ? nil : sorted[sorted.count / 2],
            lead > DoctorLimits.clockSkewMax || lead < .zero - DoctorLimits.clockSkewMax
        {
            let seconds = lead.components.seconds
            return .problem(
                "clock",
                "This clock is \(abs(seconds)) seconds \(seconds > 0 ? "ahead of" : "behind") those of \(leads.count) providers",
                means: "Sessions and signatures of webhooks are refused, and tokens are renewed too early or too late.",
                do: remedy)
        }
        if let newestFile, newestFile > now + Int64(DoctorLimits.clockSkewMax.components.seconds) {
            return .problem(
                "clock", "Files of the data directory were written \(newestFile - now) seconds in the future",
                means: "This clock was ahead, or is behind now. Schedules wait until it has caught up.", do: remedy)
        }
        return leads.isEmpty
            ? .good("clock", "No file is from the future; no other clock was asked")
            : .good("clock", "This clock agrees with those of \(leads.count) providers")
    }

    /// Returns when the newest of `files` was written, in seconds since 1970; nil when none exists.
    package static func newest(of files: [String]) -> Int64? {
        files.compactMap { path -> Int64? in
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            return Int64(status.st_mtim.tv_sec)
        }.max()
    }
}
