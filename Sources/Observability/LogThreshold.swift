// The least severe level that a log writes, which may change while it is in use.

import Synchronization

/// The level that the copies of a log share.
final class LogThreshold: Sendable {
    private let index: Atomic<Int>

    init(_ level: LogLevel) { index = Atomic(Self.index(of: level)) }

    var level: LogLevel { LogLevel.allCases[index.load(ordering: .relaxed)] }

    func set(_ level: LogLevel) { index.store(Self.index(of: level), ordering: .relaxed) }

    private static func index(of level: LogLevel) -> Int { LogLevel.allCases.firstIndex(of: level) ?? 0 }
}
