// The strict parser of a request head (RFC 9112 sections 2 to 7, RFC 9110 section 5): bytes to offsets, no allocation.
// It works line by line and can be called again as bytes arrive. It knows no connection and reads no body.

import Glibc
import Primitives

/// How far an incomplete head has been checked, so that its lines are not checked again.
struct HeadProgress: Equatable, Sendable {
    /// The first byte of the line that is not complete yet.
    var lineStart = 0
    /// Complete field lines seen.
    var fieldCount = 0
    /// The offset of the first field; 0 until the request line is complete.
    var fieldsStart = 0
}

struct RequestParser: Sendable {
    let requestLineBytesMax: Int
    let headerBytesMax: Int
    let fieldLineBytesMax: Int
    let cookieLineBytesMax: Int
    let headerFieldsMax: Int

    init(_ limits: HTTPServerLimits) {
        requestLineBytesMax = limits.requestLineBytesMax
        headerBytesMax = limits.headerBytesMax
        fieldLineBytesMax = limits.fieldLineBytesMax
        cookieLineBytesMax = limits.cookieLineBytesMax
        headerFieldsMax = limits.headerFieldsMax
    }

    /// Fills `head` from `bytes`, which begin with the message; false when the head is not complete yet.
    func parse(
        _ bytes: Span<UInt8>, _ progress: inout HeadProgress, into head: inout RequestHead
    ) throws(RequestRejection) -> Bool {
        let resumed = progress.lineStart > 0
        if progress.fieldsStart == 0 {
            guard try parseFirstLine(bytes, &progress, into: &head) else { return false }
        }
        if progress.fieldCount == 0 { head.fields.removeAll(keepingCapacity: true) }
        guard try parseFieldLines(bytes, &progress, into: &head) else { return false }
        if resumed {
            // `head` is shared by all connections of a loop: what earlier calls put there may be gone.
            var whole = HeadProgress()
            return try parse(bytes, &whole, into: &head)
        }
        head.length = progress.lineStart
        try FramingRules.apply(bytes, to: &head)
        return true
    }

    /// Skips one leading empty line (RFC 9112 section 2.2) and reads the request line.
    private func parseFirstLine(
        _ bytes: Span<UInt8>, _ progress: inout HeadProgress, into head: inout RequestHead
    ) throws(RequestRejection) -> Bool {
        var start = progress.lineStart
        if start == 0 && bytes.count > 0 && bytes[0] == ASCII.cr {
            guard bytes.count > 1 else { return false }
            guard bytes[1] == ASCII.lf else { throw .lineEndInvalid }
            start = 2
            progress.lineStart = 2
        }
        guard let lineFeed = bytes.firstLineFeed(from: start) else {
            // The CR of a line that is exactly at the limit may be here while its LF is not.
            if bytes.count - start > requestLineBytesMax + 1 { throw .targetTooLong }
            try RequestLine.checkPrefix(bytes, start..<bytes.count)
            return false
        }
        guard lineFeed > start, bytes[lineFeed - 1] == ASCII.cr else { throw .lineEndInvalid }
        if lineFeed - 1 - start > requestLineBytesMax { throw .targetTooLong }
        try RequestLine.parse(bytes, start..<(lineFeed - 1), into: &head)
        progress.lineStart = lineFeed + 1
        progress.fieldsStart = lineFeed + 1
        return true
    }

    private func parseFieldLines(
        _ bytes: Span<UInt8>, _ progress: inout HeadProgress, into head: inout RequestHead
    ) throws(RequestRejection) -> Bool {
        while true {
            let start = progress.lineStart
            guard let lineFeed = bytes.firstLineFeed(from: start) else {
                if bytes.count - progress.fieldsStart > headerBytesMax
                    || isTooLong(bytes.count - start - 1, bytes, from: start)
                {
                    throw .headerTooLarge
                }
                try FieldLine.checkPrefix(bytes, start..<bytes.count)
                return false
            }
            guard lineFeed > start, bytes[lineFeed - 1] == ASCII.cr else { throw .lineEndInvalid }
            if lineFeed + 1 - progress.fieldsStart > headerBytesMax
                || isTooLong(lineFeed - 1 - start, bytes, from: start)
            {
                throw .headerTooLarge
            }
            progress.lineStart = lineFeed + 1
            if lineFeed - 1 == start { return true }
            if progress.fieldCount == headerFieldsMax { throw .tooManyFields }
            progress.fieldCount += 1
            head.fields.append(try FieldLine.parse(bytes, start..<(lineFeed - 1)))
        }
    }

    /// Whether a field line of `length` bytes is longer than such a field may be.
    ///
    /// The bytes that are there by then tell its name, however the line was cut on its way.
    @inline(__always)
    private func isTooLong(_ length: Int, _ bytes: Span<UInt8>, from start: Int) -> Bool {
        length > fieldLineBytesMax && (length > cookieLineBytesMax || !Self.beginsCookie(bytes, from: start))
    }

    private static func beginsCookie(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        let name: StaticString = "cookie"
        let end = start + name.utf8CodeUnitCount
        return end < bytes.count && bytes[end] == ASCII.colon && bytes.matches(start..<end, lowercase: name)
    }
}

extension Span<UInt8> {
    /// The index of the first LF at or after `start`.
    @inline(__always)
    func firstLineFeed(from start: Int) -> Int? {
        guard start < count else { return nil }
        return unsafe withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, 10, buffer.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }
}
