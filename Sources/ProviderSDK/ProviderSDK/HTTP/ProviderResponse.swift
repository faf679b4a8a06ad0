// An answer of a provider as a plugin sees it. Knows nothing of connections or retries.

/// A complete answer of a provider.
public struct ProviderResponse: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The header fields in the order they came.
    public let headers: [NamedValue]
    /// The body.
    public let body: [UInt8]

    /// An answer.
    public init(status: Int, headers: [NamedValue] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first header field called `name`, in any case; nil when there is none.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.utf8.elementsEqual(name.utf8) { ($0 | 0x20) == ($1 | 0x20) } }?.value
    }

    /// The body as JSON.
    ///
    /// - Throws: a ``ProviderError`` of kind transient when the body is not JSON: what answered was not the API.
    public func json() throws(ProviderError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(body)
        } catch {
            throw ProviderError(.transient, "The provider's answer is not JSON: \(error).", status: status)
        }
    }

    /// The body as a page of records, which are the elements of the arrays at `paths`.
    ///
    /// A record that cannot be read does not stop the others: it becomes a dead letter when it is mapped (``JSONValue/damage``).
    ///
    /// - Throws: a ``ProviderError`` of kind transient when the body is not JSON otherwise, and a permanent one when it is larger or
    ///   deeper than a page may be.
    public func json(recordsAt paths: ValuePath...) throws(ProviderError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parsePage(body, recordsAt: paths)
        } catch {
            guard error.reason != .limitExceeded else {
                throw ProviderError(.permanent, "The provider's page cannot be read: \(error).", status: status)
            }
            throw ProviderError(.transient, "The provider's answer is not JSON: \(error).", status: status)
        }
    }

    /// The body as a form, an object of texts; nil when it is not one.
    ///
    /// Some token endpoints answer so, although JSON was asked for.
    public var form: JSONValue? { ErrorBody.form(self) }

    /// How long `Retry-After` asks to wait: seconds with or without a fraction, or a date (RFC 9110 section 10.2.3).
    public func retryAfter(now: Timestamp) -> Duration? {
        guard let text = header("retry-after") else { return nil }
        if let seconds = ExactDecimal(text), seconds.coefficient >= 0 {
            let double = JSONNumber(checked: text).double
            return double < 1e7 ? .milliseconds(Int64((double * 1000).rounded(.up))) : nil
        }
        guard let date = Timestamp(httpDate: text) else { return nil }
        return date > now ? date.duration(since: now) : .zero
    }
}
