// Where a credential stands in a request, as data. The host puts the value in; no plugin sees it.

/// Where a credential stands in API requests.
///
/// In the values, `{accessToken}` stands for the access token of OAuth 2.0 and `{credential.apiKey}` for the key that a user pasted.
public struct CredentialForm: Sendable, Equatable {
    /// Header fields.
    public var headers: [NamedValue]
    /// Parameters of the query.
    public var query: [NamedValue]

    /// A credential in these header fields and parameters.
    public init(headers: [NamedValue] = [], query: [NamedValue] = []) {
        self.headers = headers
        self.query = query
    }

    /// A credential in the header field `name`.
    public init(header name: String, _ value: String) { self.init(headers: [NamedValue(name, value)]) }

    /// The form with every placeholder replaced by `credential`.
    public func filled(with credential: String) -> CredentialForm {
        func filled(_ values: [NamedValue]) -> [NamedValue] {
            values.map { value in
                let text = try? Placeholders.fill(value.value) { CredentialForm.names.contains($0) ? credential : nil }
                return NamedValue(value.name, text ?? value.value)
            }
        }
        return CredentialForm(headers: filled(headers), query: filled(query))
    }

    private static let names = ["accessToken", "credential.apiKey"]

    /// The header field that carries the credential as `PREFIX{name}`, and the prefix; nil when the form is another.
    func prefix(before name: String) -> (header: String, prefix: String)? {
        let ending = "{\(name)}"
        guard headers.count == 1, query.isEmpty, headers[0].value.hasSuffix(ending) else { return nil }
        return (headers[0].name, String(headers[0].value.dropLast(ending.count)))
    }
}
