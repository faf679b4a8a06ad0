// The bounds of the dashboard, each with its unit in the name.

/// The bounds of the dashboard.
package enum DashboardLimits {
    /// How long a person stays signed in.
    package static let sessionLifetime = Duration.seconds(12 * 3600)
    /// How long a person stays signed in without opening a page.
    package static let idleTimeMax = Duration.seconds(3600)
    /// The people who are signed in at the same time; the one who was idle longest is signed out for another.
    package static let sessionsMax = 200
    /// Bytes of a key that is typed.
    package static let keyBytesMax = 200
    /// Connections on one page.
    package static let connectionPageMax = 50
    /// Changes of records on one page.
    package static let recordPageMax = 50
    /// Dead letters on one page.
    package static let letterPageMax = 50
    /// Deliveries on one page.
    package static let deliveryPageMax = 50
    /// Syncs on one page.
    package static let syncsShownMax = 20
    /// Bytes of a record, or of a dead letter, that a page shows.
    package static let shownRecordBytesMax = 8 << 10
    /// Hours of the chart of syncs.
    package static let chartHours = 24
    /// Events under “Happening now”.
    package static let happeningMax = 12
}
