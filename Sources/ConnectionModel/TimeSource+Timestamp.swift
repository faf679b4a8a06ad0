// The time of day as the host's documents hold it.

import Primitives
package import ProviderSDK

extension TimeSource {
    /// The time of day, in UTC.
    package var now: Timestamp { Timestamp(milliseconds: millisecondsSince1970) ?? .epoch }
}
