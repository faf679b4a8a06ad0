// How values keep JSON: behind a reference, for the same reason for which moments are kept as milliseconds.

package import ProviderSDK

/// A JSON value that is kept behind a reference; an empty object has none.
@propertyWrapper
package struct KeptJSON: Sendable {
    private final class Box: Sendable {
        let value: JSONValue
        init(_ value: JSONValue) { self.value = value }
    }

    private var box: Box?

    package init(wrappedValue: JSONValue) { self.wrappedValue = wrappedValue }

    package var wrappedValue: JSONValue {
        get { box?.value ?? [:] }
        set { box = newValue.members?.isEmpty == true ? nil : Box(newValue) }
    }
}
