// What a provider's account ids look like, so that a host stores nothing else under that name. Typed ids have `AccountIDAuth`.

/// What a provider's account ids look like.
///
/// An account id comes from outside: in the callback, which a browser carries, in an answer, or from a bot. A host refuses one of
/// another form before it stores it.
public struct AccountIDForm: Sendable {
    /// What an id may be made of.
    public enum Content: Sendable, Equatable {
        /// Any text without control characters and without white space at its ends.
        case text
        /// Visible ASCII, `!` to `~`.
        case visibleASCII
        /// ASCII letters, digits, and the ASCII bytes of this text.
        case lettersAndDigits(and: String)
        /// ASCII digits.
        case digits
    }

    /// What an id may be made of.
    public var content: Content
    /// The longest id accepted, in bytes.
    public var bytesMax: Int

    /// Ids of 1 to `bytesMax` bytes.
    public init(_ content: Content = .text, bytesMax: Int = 255) {
        self.content = content
        self.bytesMax = bytesMax
    }

    /// Why `id` is not an account id, as the end of a sentence that begins with its name; nil when it can be one.
    public func refusal(of id: String) -> String? {
        let bytes = id.utf8
        if bytes.isEmpty { return "must not be empty" }
        if bytes.count > bytesMax { return "must not be longer than \(bytesMax) bytes" }
        switch content {
        case .text:
            let scalars = id.unicodeScalars
            if scalars.contains(where: Self.isHidden) { return "must not have control characters" }
            let hasSpace = [scalars.first, scalars.last].contains { $0?.properties.isWhitespace == true }
            return hasSpace ? "must not begin or end with white space" : nil
        case .visibleASCII:
            return bytes.allSatisfy { 0x21...0x7E ~= $0 } ? nil : "must consist of visible ASCII characters"
        case .lettersAndDigits(let others):
            let isRight = bytes.allSatisfy { byte in
                byte &- 0x30 < 10 || 0x61...0x7A ~= byte | 0x20 || byte < 0x80 && others.utf8.contains(byte)
            }
            return isRight ? nil : "must consist of letters, digits\(others.isEmpty ? "" : " and “\(others)”")"
        case .digits: return bytes.allSatisfy { $0 &- 0x30 < 10 } ? nil : "must consist of digits"
        }
    }

    /// Whether a character is not shown, or acts on what is shown around it.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        // Joiners are letters' parts: in words of many languages, and in emoji.
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
