// How values keep their moments: as milliseconds, whose layout the compiler knows. The layout of the SDK's own type may change, so values
// that contain it are copied and compared by calls into the runtime.

package import ProviderSDK

/// A timestamp that is kept as milliseconds since 1970.
@propertyWrapper
package struct Moment: Sendable, Hashable {
    private var milliseconds: Int64

    package init(wrappedValue: Timestamp) { milliseconds = wrappedValue.milliseconds }

    package var wrappedValue: Timestamp {
        get { Timestamp(milliseconds: milliseconds) ?? .epoch }
        set { milliseconds = newValue.milliseconds }
    }
}

/// A timestamp or nil, kept as milliseconds since 1970.
@propertyWrapper
package struct OptionalMoment: Sendable, Hashable {
    /// The value that stands for nil, which no timestamp has.
    private static let none = Int64.min

    private var milliseconds: Int64

    package init() { milliseconds = Self.none }
    package init(wrappedValue: Timestamp?) { milliseconds = wrappedValue?.milliseconds ?? Self.none }

    package var wrappedValue: Timestamp? {
        get { milliseconds == Self.none ? nil : Timestamp(milliseconds: milliseconds) }
        set { milliseconds = newValue?.milliseconds ?? Self.none }
    }
}
