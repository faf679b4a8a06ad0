// What a large answer of a provider takes in memory, known before it is parsed. Pure.

/// The memory of large answers.
enum AnswerMemory {
    /// What a parsed value or member name takes besides its text, while the list of them grows.
    private static let nodeBytes = 24
    /// What a byte of the answer takes: once as it came, once in the records that are made of it.
    private static let copies = 2

    /// The most that a piece of an answer takes: its bytes, the values that it is parsed into, and the records made of them.
    ///
    /// Each value and each member name of JSON but the first follows a comma, a colon or an opening bracket.
    static func bytes(of piece: Span<UInt8>) -> Int {
        var nodeCount = 0
        for index in piece.indices {
            switch piece[index] {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"): nodeCount &+= 1
            default: break
            }
        }
        return copies * piece.count + nodeBytes * nodeCount
    }
}
