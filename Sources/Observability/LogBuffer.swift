// Lines of the log as bytes: what the request log needs to write one without making a string. Knows no event.

package import ProviderSDK

/// Lines that wait, and the text of the second they were last written in.
package struct LogBuffer {
    package var bytes: [UInt8] = []
    /// The second whose text is in `clock`.
    private var second: Int64 = .min
    private var clock: [UInt8] = []
}

extension LogBuffer {
    package mutating func append(_ text: StaticString) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(decimal number: Int) {
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
            rest /= 10
        } while rest > 0
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes[start...].reverse()
    }

    /// A JSON string, or null; control characters, which ids do not have, become spaces.
    package mutating func append(quoted text: String?) {
        guard let text else { return append("null") }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte < 0x20 ? 0x20 : byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The beginning of a line: a brace and the time.
    package mutating func appendTime(_ now: Timestamp) {
        if now.seconds != second {
            second = now.seconds
            clock = Array("{\"ts\":\"".utf8) + Array(now.description.utf8.dropLast()) + [UInt8(ascii: ".")]
        }
        bytes.append(contentsOf: clock)
        let millisecond = Int(now.milliseconds - now.seconds * 1000)
        for divisor in [100, 10, 1] { bytes.append(UInt8(truncatingIfNeeded: millisecond / divisor % 10) &+ 0x30) }
        bytes.append(UInt8(ascii: "Z"))
    }
}
