// The URL under which the host is reached. It is configured, or follows the address the host listens on, which is known
// only once the host listens.

import Synchronization

/// The URL under which browsers and providers reach the host.
package final class PublicAddress: Sendable {
    private let value: Mutex<String>

    package init(_ url: String) { value = Mutex(Self.trimmed(url)) }

    /// The URL without a trailing slash.
    package var url: String { value.withLock { $0 } }

    package func set(_ url: String) { value.withLock { $0 = Self.trimmed(url) } }

    private static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }
}
