// Who is served next where many users share one thing: each user in turn, and each user's own in the order they came. A value
// without I/O and without a clock.

/// Elements that wait in line, each for one of many shares that are served in turn.
///
/// A share that had less than the others so far comes first; one that was away neither gains nor loses by it.
struct FairLine<Element> {
    private struct Place {
        let number: UInt64
        let element: Element
    }

    private struct Share {
        /// How often it was served, on a scale on which ``FairLine/floor`` is the present.
        var served: UInt64
        var places: [Place] = []
    }

    /// Shares without anything in line that are remembered.
    static var idleSharesMax: Int { 1024 }

    private var shares: [String: Share] = [:]
    private var floor: UInt64 = 0
    private var lastNumber: UInt64 = 0
    /// Elements in line.
    private(set) var count = 0

    /// Puts an element behind all others of its share.
    ///
    /// - Returns: the number by which it can leave again.
    mutating func join(_ element: Element, share name: String) -> UInt64 {
        lastNumber += 1
        var share = shares[name] ?? Share(served: floor)
        if share.places.isEmpty { share.served = max(share.served, floor) }
        share.places.append(Place(number: lastNumber, element: element))
        shares[name] = share
        count += 1
        return lastNumber
    }

    /// Takes an element out of the line; nil when it is not in it any more.
    mutating func leave(_ number: UInt64, share name: String) -> Element? {
        guard let index = shares[name]?.places.firstIndex(where: { $0.number == number }) else { return nil }
        count -= 1
        return shares[name]?.places.remove(at: index).element
    }

    /// Takes out the element that is to be served next among those that `fits` accepts, and counts it for its share.
    ///
    /// O(shares) when the first one fits, as it always does without `fits`.
    mutating func next(where fits: (Element) -> Bool = { _ in true }) -> Element? {
        let waiting = shares.filter { !$0.value.places.isEmpty }
        func isBefore(_ left: (key: String, value: Share), _ right: (key: String, value: Share)) -> Bool {
            (left.value.served, left.value.places[0].number) < (right.value.served, right.value.places[0].number)
        }
        guard let first = waiting.min(by: isBefore) else { return nil }
        if let element = take(first.key, where: fits) { return element }
        for (name, _) in waiting.sorted(by: isBefore).dropFirst() {
            if let element = take(name, where: fits) { return element }
        }
        return nil
    }

    /// Takes out an element that `isExpired` accepts, without counting it for its share; nil when there is none.
    mutating func expired(_ isExpired: (Element) -> Bool) -> Element? {
        for (name, share) in shares {
            guard let place = share.places.first(where: { isExpired($0.element) }) else { continue }
            return leave(place.number, share: name)
        }
        return nil
    }

    /// Counts for a share what it was given without waiting.
    mutating func charge(_ name: String) {
        var share = shares[name] ?? Share(served: floor)
        share.served = max(share.served, floor)
        floor = share.served
        share.served += 1
        shares[name] = share
        guard shares.count > Self.idleSharesMax + count else { return }
        let present = floor
        shares = shares.filter { !$0.value.places.isEmpty || $0.value.served > present }
    }

    /// The elements in line, in no order.
    var elements: [Element] { shares.values.flatMap { $0.places.map(\.element) } }

    private mutating func take(_ name: String, where fits: (Element) -> Bool) -> Element? {
        guard let index = shares[name]?.places.firstIndex(where: { fits($0.element) }),
            let element = shares[name]?.places.remove(at: index).element
        else { return nil }
        count -= 1
        charge(name)
        return element
    }
}
