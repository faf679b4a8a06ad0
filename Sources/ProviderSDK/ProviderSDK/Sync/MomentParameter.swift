// How a list is asked for the changes since a moment, as data.

/// The name of ``SinceParameter``: a parameter that holds a moment.
public typealias MomentParameter = SinceParameter

/// How a list is asked for changes since a moment.
///
/// Write ``MomentParameter``. The type keeps its first name because plugins that were built before link to it.
public struct SinceParameter: Sendable {
    /// Which part of a request holds the moment.
    public enum Location: Sendable, Equatable {
        /// The query.
        case query
        /// The header fields.
        case header
        /// The body: a field of a form or a member of a JSON object.
        case body
    }
    /// How the moment is written.
    public enum Format: Sendable {
        /// Seconds since the epoch.
        case epochSeconds
        /// `2024-01-01T00:00:00Z`.
        case iso8601
        /// `2024-01-01T00:00:00`, in UTC.
        case iso8601WithoutZone
    }
    /// The earlier form of location and name in one.
    public enum Place: Sendable { case query(String), header(String) }

    /// Which part of a request holds the moment.
    public var location: Location
    /// The name of the parameter, header field or member.
    public var name: String
    /// How the moment is written.
    public var format: Format
    /// The whole value, in which `{since}` stands for the moment; nil for the moment alone.
    public var text: String?

    /// A moment in the parameter `name`.
    ///
    /// - Parameters:
    ///   - location: which part of the request holds it.
    ///   - name: the name of the parameter, header field or member.
    ///   - format: how the moment is written.
    ///   - text: the whole value, in which `{since}` stands for the moment.
    public init(in location: Location, name: String, format: Format, text: String? = nil) {
        self.location = location
        self.name = name
        self.format = format
        self.text = text
    }

    /// `moment` as it is written in the request.
    public func text(_ moment: Timestamp) -> String {
        let written =
            switch format {
            case .epochSeconds: String(moment.seconds)
            case .iso8601: moment.description
            case .iso8601WithoutZone: String(moment.description.dropLast())
            }
        return text.map { $0.replacing("{since}", with: written) } ?? written
    }
}
