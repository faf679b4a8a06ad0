// The records that a walk passed last. When the record at which a page begins is gone, the walk continues behind an earlier one
// instead of failing. It knows no requests.

/// The places behind which a walk along records can continue.
enum WalkTrail {
    /// Places that a cursor holds besides its own.
    static let placesMax = 8

    /// `cursor` with the places that a page leaves: ids at growing distances from its end, then the place before it.
    static func noting(
        _ items: [JSONValue], id: ValuePath, before earlier: JSONValue?, in cursor: JSONValue
    ) -> JSONValue {
        var places: [JSONValue] = []
        var distance = 1
        while distance < items.count, places.count < placesMax - 1 {
            if let text = id.first(in: items[items.count - 1 - distance])?.scalarText, !text.isEmpty {
                places.append(.string(text))
            }
            distance *= 2
        }
        if let place = earlier?["at"] { places.append(place) }
        guard !places.isEmpty else { return cursor }
        return .object((cursor.members ?? []) + [("back", .array(places))])
    }

    /// The cursor one place before `cursor`; nil when there is none, and the walk has to begin again.
    static func stepBack(from cursor: JSONValue) -> JSONValue? {
        guard let places = cursor["back"]?.array, let place = places.first else { return nil }
        let kept = (cursor.members ?? []).filter { $0.key != "at" && $0.key != "back" }
        return .object([("at", place)] + kept + [("back", .array(Array(places.dropFirst())))])
    }
}

extension ProviderError {
    /// Whether it can mean that the place in the request is not taken any more.
    var refusesPlace: Bool {
        switch kind {
        case .cursorRefused: true
        case .permanent: status.map { 200...299 ~= $0 || [400, 404, 410, 422].contains($0) } ?? false
        default: false
        }
    }
}
