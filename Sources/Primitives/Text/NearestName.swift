// Which known name a misspelled one stands for. Knows no names.

/// The known name that a misspelled one most probably stands for.
package enum NearestName {
    /// The longest name that is compared; a longer one has no neighbour.
    package static let bytesMax = 64

    /// Returns the name in `known` that is nearest to `name`; nil when none is near.
    ///
    /// A name is near when at most a third of its letters differ, counting two swapped neighbours as one, or when it begins with `name`
    /// and `name` has at least three letters. Capitals, `-` and `_` do not count. Among equally near names the first in the order of
    /// bytes is returned. The time grows with the product of the lengths.
    package static func of(_ name: String, in known: some Sequence<String>) -> String? {
        let given = letters(name)
        guard !given.isEmpty, given.count <= bytesMax else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in known.sorted() {
            let other = letters(candidate)
            guard other.count <= bytesMax else { continue }
            let isBeginning = given.count >= 3 && other.starts(with: given)
            let distance = isBeginning ? 1 : distance(given, other)
            guard distance <= max(given.count, other.count) / 3, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// Returns the words `: did you mean “NAME”?`, or an empty text when no known name is near.
    package static func question(_ name: String, in known: some Sequence<String>) -> String {
        of(name, in: known).map { ": did you mean “\($0)”?" } ?? ""
    }

    private static func letters(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours between two texts.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var line = [row + 1]
            for column in 0..<right.count {
                var cost = min(
                    last[column + 1] + 1, line[column] + 1, last[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                line.append(cost)
            }
            beforeLast = last
            last = line
        }
        return last[right.count]
    }
}
