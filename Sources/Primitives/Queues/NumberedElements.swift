// A queue of elements with increasing numbers. FairQueue has one for each share, and decides whose turn it is.

/// A queue of elements with numbers.
///
/// Each number is larger than all numbers appended before it, so an element is found by its number in O(log n).
@usableFromInline
struct NumberedElements<Element> {
    @usableFromInline
    struct Place {
        @usableFromInline let number: UInt64
        @usableFromInline let element: Element

        @inlinable
        init(number: UInt64, element: Element) {
            self.number = number
            self.element = element
        }
    }

    @usableFromInline var places: [Place] = []
    /// The index of the first element; the places before it are free and are cut off later.
    @usableFromInline var head = 0

    @inlinable
    init() {}

    @inlinable var count: Int { places.count - head }
    @inlinable var isEmpty: Bool { count == 0 }
    @inlinable var elements: [Element] { places[head...].map(\.element) }
    /// The number of the first element; 0 when there is none.
    @inlinable var firstNumber: UInt64 { isEmpty ? 0 : places[head].number }

    @inlinable
    mutating func append(_ element: Element, number: UInt64) {
        places.append(Place(number: number, element: element))
    }

    /// Removes and returns the first element that `fits` accepts.
    @inlinable
    mutating func removeFirst(where fits: (Element) -> Bool) -> Element? {
        guard let index = places[head...].firstIndex(where: { fits($0.element) }) else { return nil }
        return remove(at: index)
    }

    /// Removes and returns the element with a number; nil when there is none.
    @inlinable
    mutating func remove(number: UInt64) -> Element? {
        var (low, high) = (head, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low].number == number ? remove(at: low) : nil
    }

    /// Removes and returns the elements that `isUnwanted` accepts.
    @inlinable
    mutating func removeAll(where isUnwanted: (Element) -> Bool) -> [Element] {
        places.removeFirst(head)
        head = 0
        var removed: [Element] = []
        places.removeAll { place in
            guard isUnwanted(place.element) else { return false }
            removed.append(place.element)
            return true
        }
        return removed
    }

    /// Removes and returns the element at an index of ``places``.
    @inlinable
    mutating func remove(at index: Int) -> Element {
        guard index == head else { return places.remove(at: index).element }
        let element = places[head].element
        head += 1
        // The front is cut off when it is half of the array, which costs one move per element over its life.
        if head * 2 >= places.count {
            places.removeFirst(head)
            head = 0
        }
        return element
    }
}

extension NumberedElements: Sendable where Element: Sendable {}

extension NumberedElements.Place: Sendable where Element: Sendable {}
