// How one page of a list leads to the next, as data. The walk is in ListWalk.

/// How one page leads to the next.
public enum Paging: Sendable {
    /// There is one page.
    case none
    /// The next page begins after the last record: `parameter` takes the value at `id` of that record.
    ///
    /// There are more pages while `hasMore` is true; without `hasMore`, while pages are full. A page that promises more and has no
    /// records, or where `hasMore` stands nothing, is an error that may pass.
    case lastRecord(parameter: String, id: ValuePath, hasMore: ValuePath?)
    /// Each page carries a token for the next at `token`; it ends when the token is absent, null, empty, or `hasMore` is false. No
    /// token though `hasMore` is true is an error that may pass.
    case token(parameter: String, token: ValuePath, hasMore: ValuePath?)
    /// Pages are numbered from `first`; the last is the one at `pageCount`, or the first that is not full. A page without records
    /// before the last is an error that may pass.
    case pageNumber(parameter: String, first: Int, pageCount: ValuePath?)
    /// Pages begin at a position, counted from `first`; the list ends with the record that `total` counts last, or with a page that is
    /// not full.
    ///
    /// Every page begins with the last record of the page before, so that a list which moved shows it.
    case offset(parameter: String, first: Int, total: ValuePath?)
    /// Each page carries the URL of the next, as the link says.
    case link(NextLink)
    /// The earlier form of ``nextLink(link:required:parameter:)``.
    @available(*, deprecated, message: "use nextLink(link:required:parameter:)")
    case nextLink(ValuePath, isRequired: Bool)

    /// Each page carries the URL of the next at `link`, of the same origin; it ends with null.
    ///
    /// - Parameters:
    ///   - link: where the URL stands.
    ///   - required: whether a missing link is an error.
    ///   - parameter: the query parameter that is taken from the link; the link itself is not followed then.
    public static func nextLink(link: ValuePath, required: Bool, parameter: String? = nil) -> Paging {
        .link(NextLink(link, isRequired: required, parameter: parameter))
    }
}

/// A link to the next page in a page.
public struct NextLink: Sendable {
    /// Where the URL stands.
    public var link: ValuePath
    /// Whether a missing link is an error.
    public var isRequired: Bool
    /// The query parameter that is taken from the link; nil follows the link.
    public var parameter: String?

    /// A link at `link`.
    public init(_ link: ValuePath, isRequired: Bool, parameter: String? = nil) {
        self.link = link
        self.isRequired = isRequired
        self.parameter = parameter
    }

    /// The value of ``parameter`` in the query of `url`; nil when it has none.
    func value(in url: String) -> String? {
        guard let parameter, let start = url.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let query = url.utf8[start...].dropFirst().prefix { $0 != UInt8(ascii: "#") }
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, FormText.decoded(sides[0]).elementsEqual(parameter.utf8) else { continue }
            return String(decoding: FormText.decoded(sides[1]), as: UTF8.self)
        }
        return nil
    }
}

/// Text in the form of `application/x-www-form-urlencoded`.
enum FormText {
    /// The bytes that `text` stands for; a percent sign without two digits behind it stands for itself.
    static func decoded(_ text: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(text)
        var decoded: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "%"), at + 2 < bytes.count, let high = digit(bytes[at + 1]),
                let low = digit(bytes[at + 2])
            {
                decoded.append(high << 4 | low)
                at += 3
            } else {
                decoded.append(bytes[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[at])
                at += 1
            }
        }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
        default: nil
        }
    }
}
