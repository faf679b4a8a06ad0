// The table at the end of a benchmark. Knows no measure.

import Foundation

/// Rows of what was measured, beside a peer and a target.
struct BenchmarkTable {
    /// Whether a measure should be small or large.
    enum Target {
        case atMost(Double)
        case atLeast(Double)
        case within(ClosedRange<Double>)
    }

    private var rows: [String] = []
    /// Whether every target was met.
    private(set) var isMet = true

    /// Adds a row.
    ///
    /// - Parameter peer: what the product is compared with; nil where the target is a figure of its own.
    mutating func add(_ measure: String, peer: Double? = nil, product: Double, _ target: Target) {
        let ratio = peer.map { product / $0 }
        let compared = ratio ?? product
        let (word, isMet) =
            switch target {
            case .atMost(let bound): ("≤ \(Self.text(bound))", compared <= bound)
            case .atLeast(let bound): ("≥ \(Self.text(bound))", compared >= bound)
            case .within(let range):
                ("\(Self.text(range.lowerBound))–\(Self.text(range.upperBound))", range.contains(compared))
            }
        self.isMet = self.isMet && isMet
        let cells = [
            measure, peer.map(Self.text) ?? "–", Self.text(product), ratio.map(Self.text) ?? "–", word,
            isMet ? "yes" : "no",
        ]
        rows.append("| " + cells.joined(separator: " | ") + " |")
    }

    private static func text(_ number: Double) -> String {
        abs(number) >= 100 ? String(format: "%.0f", number) : String(format: "%.3g", number)
    }

    func show() {
        print("| measure | peer | product | ratio | target | met |")
        print("|---|---:|---:|---:|---|---|")
        for row in rows { print(row) }
    }
}
