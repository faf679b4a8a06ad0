// The time of day as the host's documents hold it.

import Primitives
import ProviderSDK

extension TimeSource {
    /// The time of day, in UTC.
    var now: Timestamp { Timestamp(milliseconds: millisecondsSince1970) ?? .epoch }
}
