// The time of day as the host's documents store it.

import Primitives
package import ProviderSDK

extension TimeSource {
    /// The time of day, in UTC.
    package var now: Timestamp { Timestamp(milliseconds: millisecondsSince1970) ?? .epoch }
}
