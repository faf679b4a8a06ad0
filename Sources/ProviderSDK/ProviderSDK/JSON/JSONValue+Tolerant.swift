// Reads JSON of which a part cannot be read, for answers that must not be lost.

extension JSONValue {
    /// Reads JSON, and takes what cannot be read inside it as null.
    ///
    /// A text with an invalid byte, a word that is no value, a number that is too long, a member name that appears twice: each is noted in
    /// ``damage``. Of members with the same name, lookups find the last. A byte order mark is passed over. For an answer that counts although a part of it is wrong, such as
    /// a pair of tokens.
    ///
    /// - Throws: ``JSONError`` for bytes that have no JSON structure.
    public static func parseTolerantly(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        return JSONValue(.node(try JSONParser.parse(text, limits: .page, isPage: true), 0))
    }
}
