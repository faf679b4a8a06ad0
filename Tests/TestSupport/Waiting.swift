// Waits of tests for what can be asked: every one asks again and again up to a deadline, and says what it waited for.

/// Something that did not become true in time.
package struct DeadlineExceeded: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Asks until `condition` is true.
///
/// - Parameters:
///   - what: what is waited for, for the text of the error.
///   - limit: how long it may take; generous, because slow machines run tests too.
/// - Throws: ``DeadlineExceeded`` with the caller's line.
package func waitUntil(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(5),
    fileID: StaticString = #fileID, line: Int = #line, _ condition: () async throws -> Bool
) async throws {
    try await waitFor(what(), within: limit, every: pause, fileID: fileID, line: line) {
        try await condition() ? true : nil
    }
}

/// Asks until `question` has an answer.
///
/// - Returns: the first answer that is not nil.
/// - Throws: ``DeadlineExceeded`` with the caller's line.
@discardableResult
package func waitFor<Answer>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(5),
    fileID: StaticString = #fileID, line: Int = #line, _ question: () async throws -> Answer?
) async throws -> Answer {
    let deadline = ContinuousClock.now + limit
    while true {
        if let answer = try await question() { return answer }
        guard ContinuousClock.now < deadline else { break }
        try await Task.sleep(for: pause)
    }
    throw DeadlineExceeded(description: "\(fileID):\(line): not within \(limit): \(what())")
}

/// Doubles a time limit until it was long enough: what must happen before its end takes longer on a busy machine.
///
/// - Parameter isEnough: tries with this limit, and says whether all that had to happen before its end did.
/// - Throws: ``DeadlineExceeded`` with the caller's line.
package func withGrowingLimit(
    _ first: Duration, fileID: StaticString = #fileID, line: Int = #line,
    _ isEnough: (Duration) async throws -> Bool
) async throws {
    var limit = first
    try await waitUntil("a time limit that is long enough", fileID: fileID, line: line) {
        defer { limit = limit * 2 }
        return try await isEnough(limit)
    }
}
