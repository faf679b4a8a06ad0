// The parameters of a query in the form encoding (WHATWG URL section 5.1), decoded strictly and bounded. It knows no
// request; both kinds of request make one from their query.

/// The decoded parameters of a query, in the order sent.
///
/// `a=1&b&c=x+y%21` is a = "1", b = "", c = "x y!". Empty parts (`&&`) are skipped.
public struct QueryParameters: Sendable {
    /// Parameters read where no other limit is given.
    public static let countMaxDefault = 100

    private struct Parameter: Sendable {
        let name: String
        let value: String
    }

    private var parameters: [Parameter] = []

    /// No parameters.
    public init() {}

    /// The parameters of `query`.
    ///
    /// Throws on an invalid percent-encoding, invalid UTF-8, `%00`, or more than `countMax` parameters. Linear in the
    /// length of the query.
    public init(_ query: Span<UInt8>, countMax: Int = QueryParameters.countMaxDefault) throws(DecodingError) {
        var start = 0
        while start < query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != 38 {
                if query[end] == 61, equals == nil { equals = end }
                end += 1
            }
            if end > start {
                if parameters.count == countMax { throw .tooManyParameters(max: countMax) }
                let nameEnd = equals ?? end
                let name = try percentDecoded(query.extracting(start..<nameEnd), plusIsSpace: true)
                let valueStart = equals.map { $0 + 1 } ?? end
                let value = try percentDecoded(query.extracting(valueStart..<end), plusIsSpace: true)
                parameters.append(Parameter(name: name, value: value))
            }
            start = end + 1
        }
    }

    /// The number of parameters.
    public var count: Int { parameters.count }

    /// The parameter at `index`.
    public func parameter(at index: Int) -> (name: String, value: String) {
        (parameters[index].name, parameters[index].value)
    }

    /// The value of the first parameter called `name`, compared byte by byte; nil where there is none.
    public subscript(name: String) -> String? { parameters.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    /// The values of all parameters called `name`, in the order sent.
    public func all(_ name: String) -> [String] {
        parameters.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }
}

extension HTTPRequest {
    /// The decoded parameters of the query; none where there is no query.
    public func queryParameters(
        countMax: Int = QueryParameters.countMaxDefault
    ) throws(DecodingError) -> QueryParameters {
        guard let query else { return QueryParameters() }
        return try query.withSpan { span throws(DecodingError) in try QueryParameters(span, countMax: countMax) }
    }
}

extension HTTPRequestSnapshot {
    /// The decoded parameters of the query; none where there is no query.
    public func queryParameters(
        countMax: Int = QueryParameters.countMaxDefault
    ) throws(DecodingError) -> QueryParameters {
        guard let query else { return QueryParameters() }
        return try QueryParameters(query.span, countMax: countMax)
    }
}
