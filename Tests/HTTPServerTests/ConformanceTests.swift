// Requests with the verdict of a strict server: the project's own and, where the environment names a folder of them, the case sets of
// other projects.

import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// A case of the sets: bytes to send, and whether a strict origin server accepts them.
struct ConformanceCase: CustomTestStringConvertible, Sendable {
    let id: String
    /// `accept`, `reject`, `wait` or `wait-or-reject`.
    let verdict: String
    let steps: [[UInt8]]
    /// What a strict reference made of it, where it accepts.
    let oracle: Oracle?
    /// How many requests the reference accepts before it refuses one.
    let acceptedBefore: Int

    struct Oracle: Sendable {
        let method: String
        let target: String
        let body: [UInt8]
    }

    var testDescription: String { id }

    /// All cases that a server can be held to.
    static let all: [ConformanceCase] = own + others

    /// The cases of `http/requests.json`.
    static let own: [ConformanceCase] = {
        guard let data = try? Data(contentsOf: Vectors.own.appending(path: "http/requests.json")),
            let objects = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]]
        else { return [] }
        return objects.compactMap { ConformanceCase(own: $0) }
    }()

    private static let others: [ConformanceCase] = ["gunicorn-requests", "h1spec-dropseed", "llhttp-request"].flatMap {
        guard let file = Vectors.other("http/\($0).jsonl"), let data = try? Data(contentsOf: file) else {
            return [] as [ConformanceCase]
        }
        return data.split(separator: 10).compactMap { ConformanceCase(other: Data($0)) }
            .filter { $0.verdict != "skip" && $0.verdict != "parser-only" }
    }

    /// A case of the project's own: characters of its texts are bytes.
    private init?(own object: [String: Any]) {
        guard let comment = object["comment"] as? String, let verdict = object["verdict"] as? String,
            let steps = object["steps"] as? [String]
        else { return nil }
        func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
        id = "\(verdict): \(comment)"
        self.verdict = verdict
        self.steps = steps.map(bytes)
        let first = object["first"] as? [String: Any]
        acceptedBefore = 0
        oracle = first.map {
            Oracle(
                method: $0["method"] as? String ?? "", target: $0["target"] as? String ?? "",
                body: bytes($0["body"] as? String ?? ""))
        }
    }

    private init?(other line: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
            let id = object["id"] as? String, let target = object["target"] as? String,
            let steps = object["steps"] as? [[String: Any]]
        else { return nil }
        self.id = id
        verdict = target
        func bytes(_ value: Any?) -> [UInt8]? {
            (value as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) }
        }
        let withHost = bytes(object["with_host_b64"])
        self.steps = withHost.map { [$0] } ?? steps.compactMap { bytes($0["send_b64"]) }
        let oracle = object["strict_oracle"] as? [String: Any]
        let sequence = oracle?["sequence"] as? [String] ?? []
        acceptedBefore = sequence.firstIndex(of: "reject") ?? sequence.count
        if withHost == nil, oracle?["verdict"] as? String == "accept", let method = oracle?["method"] as? String,
            let target = oracle?["target"] as? String
        {
            self.oracle = Oracle(method: method, target: target, body: Array((oracle?["body"] as? String ?? "").utf8))
        } else {
            self.oracle = nil
        }
    }
}

@Suite("Conformance", .timeLimit(.minutes(2)))
struct ConformanceTests {
    @Test("The project's own cases are read completely")
    func ownCases() {
        #expect(ConformanceCase.own.count > 100)
        #expect(Set(ConformanceCase.own.map(\.id)).count == ConformanceCase.own.count)
    }

    @Test("A case has the verdict of a strict server", arguments: ConformanceCase.all)
    func verdict(example: ConformanceCase) {
        var driver = ProtocolDriver()
        for step in example.steps { driver.receive(step) }
        let accepted = driver.requests.count
        let refusal = driver.refusals.first
        switch example.verdict {
        case "accept":
            // A method this server does not implement is framed well and answered 501.
            let isServed = accepted > 0 || refusal == .methodNotImplemented || refusal == .methodNotAllowed
            #expect(isServed, "refused: \(refusal?.name ?? "nothing came")")
        case "reject":
            #expect(refusal != nil || driver.state.phase == .closing, "accepted \(accepted)")
            #expect(accepted <= max(1, example.acceptedBefore))
            if example.acceptedBefore == 0 { #expect(accepted == 0 || example.steps.count > 1) }
        case "wait": #expect(accepted == 0 && refusal == nil)
        case "wait-or-reject": #expect(accepted == 0)
        default: break
        }
        if let oracle = example.oracle, example.verdict == "accept", let first = driver.requests.first {
            #expect(first.method.description == oracle.method)
            #expect(first.target == oracle.target)
            #expect(Self.escaped(first.body) == oracle.body)
        }
    }

    /// Bytes as the sets write them in text.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 13: text += Array("\\r".utf8)
            case 10: text += Array("\\n".utf8)
            default: text.append(byte)
            }
        }
        return text
    }

    @Test("A case has the same verdict however its bytes are split", arguments: ConformanceCase.all)
    func caseSameVerdictHoweverBytes(example: ConformanceCase) {
        let bytes = example.steps.flatMap { $0 }
        guard bytes.count < 4096 else { return }
        var whole = ProtocolDriver()
        whole.receive(bytes)
        let expected = whole.events.filter { $0 != .continueSent }
        var single = ProtocolDriver()
        single.receive(byteByByte: bytes)
        #expect(single.requests == whole.requests)
        #expect(single.refusals.isEmpty == whole.refusals.isEmpty)
        for split in stride(from: 1, to: bytes.count, by: max(1, bytes.count / 64)) {
            var driver = ProtocolDriver()
            driver.receive(Array(bytes[..<split]))
            driver.receive(Array(bytes[split...]))
            let events = driver.events.filter { $0 != .continueSent }
            // A prefix may be refused for a reason that comes earlier in it than the one the whole line is refused for.
            #expect(driver.requests == whole.requests, "split at \(split)")
            #expect(events.count == expected.count, "split at \(split)")
        }
    }
}
