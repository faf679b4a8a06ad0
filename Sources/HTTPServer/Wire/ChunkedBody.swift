// The chunked transfer coding (RFC 9112 section 7.1), decoded in place behind the head, resumable at any byte. Trailer
// fields are checked and dropped, never merged into the head.

import Primitives

struct ChunkedBody: Equatable, Sendable {
    private enum Stage: Equatable {
        case size, data(remaining: Int), dataEnd, trailers, complete
    }

    private var stage = Stage.size
    /// The next byte that has not been decoded, from the start of the message.
    private(set) var rawOffset: Int
    /// Decoded bytes; they lie right behind the head.
    private(set) var count = 0
    private let headLength: Int
    private let bodyBytesMax: Int
    /// Decoded bytes that were taken out of the buffer before.
    private var takenCount = 0
    private var excess = 0
    private var trailerBytes = 0
    private var trailerCount = 0

    init(headLength: Int, bodyBytesMax: Int) {
        self.headLength = headLength
        self.bodyBytesMax = bodyBytesMax
        rawOffset = headLength
    }

    /// Decodes what has arrived; true when the body and its trailers are complete.
    mutating func decode(_ input: inout InputBuffer, _ limits: HTTPServerLimits) throws(RequestRejection) -> Bool {
        while true {
            switch stage {
            case .size:
                guard try decodeSize(input, limits) else { return false }
            case .data(let remaining):
                let available = min(remaining, input.count - rawOffset)
                input.move(from: rawOffset, to: headLength + count, count: available)
                count += available
                rawOffset += available
                if available < remaining {
                    stage = .data(remaining: remaining - available)
                    return false
                }
                stage = .dataEnd
            case .dataEnd:
                guard input.count > rawOffset else { return false }
                guard input[rawOffset] == ASCII.cr else { throw .chunkInvalid }
                guard input.count > rawOffset + 1 else { return false }
                guard input[rawOffset + 1] == ASCII.lf else { throw .chunkInvalid }
                rawOffset += 2
                stage = .size
            case .trailers:
                guard try decodeTrailer(input, limits) else { return false }
            case .complete:
                return true
            }
        }
    }

    /// Closes the gap between the decoded bytes and those still to decode, so that framing takes no memory.
    mutating func compact(_ input: inout InputBuffer) {
        let gap = rawOffset - (headLength + count)
        guard gap > 0 else { return }
        let rest = input.count - rawOffset
        input.move(from: rawOffset, to: headLength + count, count: rest)
        input.truncate(to: headLength + count + rest)
        rawOffset -= gap
    }

    /// The decoded bytes and what they were decoded from have left the buffer; for a body without its head in front.
    mutating func taken() {
        takenCount += count
        count = 0
        rawOffset = headLength
    }

    private mutating func decodeSize(_ input: borrowing InputBuffer, _ limits: HTTPServerLimits)
        throws(RequestRejection) -> Bool
    {
        let line = try input.withBytes(from: rawOffset) { bytes throws(RequestRejection) -> (size: Int, length: Int)? in
            guard let lineFeed = bytes.firstLineFeed(from: 0) else {
                if bytes.count > limits.chunkLineBytesMax + 1 { throw .chunkInvalid }
                try ChunkSizeLine.checkPrefix(bytes)
                return nil
            }
            guard lineFeed > 0, lineFeed - 1 <= limits.chunkLineBytesMax, bytes[lineFeed - 1] == ASCII.cr else {
                throw .chunkInvalid
            }
            return (try ChunkSizeLine.parse(bytes, 0..<(lineFeed - 1)), lineFeed + 1)
        }
        guard let line else { return false }
        if line.size > bodyBytesMax - count - takenCount { throw .bodyTooLarge }
        // An honest chunk needs a short size line; many tiny chunks or long extensions are an attack on the reader.
        excess = max(0, excess + line.length + 2 - 16 - 2 * line.size)
        if excess > limits.chunkExcessBytesMax { throw .chunkInvalid }
        rawOffset += line.length
        stage = line.size == 0 ? .trailers : .data(remaining: line.size)
        return true
    }

    private mutating func decodeTrailer(
        _ input: borrowing InputBuffer, _ limits: HTTPServerLimits
    ) throws(RequestRejection) -> Bool {
        let length = try input.withBytes(from: rawOffset) { bytes throws(RequestRejection) -> Int? in
            guard let lineFeed = bytes.firstLineFeed(from: 0) else {
                if trailerBytes + bytes.count > limits.headerBytesMax { throw .headerTooLarge }
                try FieldLine.checkPrefix(bytes, 0..<bytes.count)
                return nil
            }
            guard lineFeed > 0, bytes[lineFeed - 1] == ASCII.cr else { throw .lineEndInvalid }
            if lineFeed > 1 {
                let field = try FieldLine.parse(bytes, 0..<(lineFeed - 1))
                if isForbidden(bytes, field.name) { throw .trailerInvalid }
            }
            return lineFeed + 1
        }
        guard let length else { return false }
        rawOffset += length
        if length == 2 {
            stage = .complete
            return true
        }
        trailerBytes += length
        trailerCount += 1
        if trailerBytes > limits.headerBytesMax { throw .headerTooLarge }
        if trailerCount > limits.headerFieldsMax { throw .tooManyFields }
        return true
    }

    /// Fields for framing, routing, authentication and content may not come as trailers (RFC 9110 section 6.5.1).
    private func isForbidden(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        let forbidden: [StaticString] = [
            "content-length", "transfer-encoding", "host", "authorization", "cookie", "set-cookie", "content-type",
            "content-encoding", "content-range", "trailer", "connection", "expect", "te", "upgrade",
            "proxy-authorization", "cache-control",
        ]
        for field in forbidden where bytes.matches(name, lowercase: field) { return true }
        return false
    }
}
