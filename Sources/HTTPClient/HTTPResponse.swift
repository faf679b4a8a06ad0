// What a server answered: status, header fields as they came, the whole body. Header fields stay bytes until a caller asks for
// one: most are never looked at.

import Primitives

extension HTTPClient {
    /// A complete response.
    ///
    /// A redirect (3xx) is a response like any other and is not followed.
    public struct Response: Sendable {
        /// The status code of the final response, 200...999.
        public let status: Int
        /// The header fields, without those of informational responses and without trailers.
        public let headers: HeaderFields
        /// The body.
        public let body: [UInt8]
        /// The memory of a large body; nil for a small one.
        public let lease: BodyLease?
        /// From the call of `send` to the last byte, waiting in the queue included.
        public let duration: Duration
        /// Whether an open connection was used again.
        public let reusedConnection: Bool
    }

    /// The header fields of a response, in order, with names compared as HTTP does: without regard to ASCII case.
    public struct HeaderFields: Sendable {
        private var bytes: [UInt8] = []
        private var fields: [Field] = []

        private struct Field: Sendable {
            var nameStart: Int32
            var nameEnd: Int32
            var valueStart: Int32
            var valueEnd: Int32
        }

        init() {}

        /// The number of fields.
        public var count: Int { fields.count }

        /// The value of the first field of that name.
        public subscript(name: String) -> String? {
            for field in fields where matches(field, name) { return value(field) }
            return nil
        }

        /// The values of all fields of that name, in order.
        public func all(_ name: String) -> [String] {
            fields.filter { matches($0, name) }.map(value)
        }

        /// All fields in order.
        public var all: [(name: String, value: String)] {
            fields.map { (name: text($0.nameStart, $0.nameEnd), value: value($0)) }
        }

        private func value(_ field: Field) -> String {
            text(field.valueStart, field.valueEnd)
        }

        private func text(_ start: Int32, _ end: Int32) -> String {
            String(decoding: bytes[Int(start)..<Int(end)], as: UTF8.self)
        }

        private func matches(_ field: Field, _ name: String) -> Bool {
            guard Int(field.nameEnd - field.nameStart) == name.utf8.count else { return false }
            var index = Int(field.nameStart)
            for byte in name.utf8 {
                guard ASCII.lowercased(byte) == ASCII.lowercased(bytes[index]) else { return false }
                index += 1
            }
            return true
        }

        /// Adds one line as libcurl gives it, with or without its line end.
        ///
        /// False when it is not a header field.
        mutating func append(line: UnsafeRawBufferPointer) -> Bool {
            var end = line.count
            while end > 0, unsafe line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
            guard let colon = unsafe line[..<end].firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return false }
            var valueStart = colon + 1
            while valueStart < end, unsafe isBlank(line[valueStart]) { valueStart += 1 }
            while end > valueStart, unsafe isBlank(line[end - 1]) { end -= 1 }
            for index in 0..<colon where unsafe !ASCII.token.contains(line[index]) { return false }
            if bytes.isEmpty {
                bytes.reserveCapacity(1024)
                fields.reserveCapacity(24)
            }
            let base = Int32(bytes.count)
            unsafe bytes.append(contentsOf: line[..<end])
            fields.append(
                Field(
                    nameStart: base, nameEnd: base + Int32(colon), valueStart: base + Int32(valueStart),
                    valueEnd: base + Int32(end)))
            return true
        }

        mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            fields.removeAll(keepingCapacity: true)
        }

        private func isBlank(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x09
        }
    }
}
