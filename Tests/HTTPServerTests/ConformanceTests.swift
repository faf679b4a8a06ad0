// Runs the case sets of other projects against the parser where they are present beside the repository, and says that
// it skipped them where they are not. Nothing in the build depends on them.

import Foundation
import Testing

@testable import HTTPServer

/// A case of the sets: bytes to send, and whether a strict origin server accepts them.
struct ConformanceCase: CustomTestStringConvertible, Sendable {
    let id: String
    let target: String
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

    /// `../shared/cases/http` beside the repository, or where `CONFORMANCE_CASES` says.
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["CONFORMANCE_CASES"] { return URL(filePath: path) }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appending(path: "../shared/cases/http").standardizedFileURL
    }()

    static let all: [ConformanceCase] = ["gunicorn-requests", "h1spec-dropseed", "llhttp-request"].flatMap { name in
        guard let data = try? Data(contentsOf: folder.appending(path: name + ".jsonl")) else {
            return [] as [ConformanceCase]
        }
        return data.split(separator: 10).compactMap { ConformanceCase(Data($0)) }
    }

    init?(_ line: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
            let id = object["id"] as? String, let target = object["target"] as? String,
            let steps = object["steps"] as? [[String: Any]]
        else { return nil }
        self.id = id
        self.target = target
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

@Suite struct ConformanceTests {
    private static let judged = ConformanceCase.all.filter { $0.target != "skip" && $0.target != "parser-only" }

    @Test func `the case sets are present, or their tests are skipped`() {
        if ConformanceCase.all.isEmpty { print("Skipped: no case sets in \(ConformanceCase.folder.path).") }
    }

    @Test(.enabled(if: !judged.isEmpty), arguments: judged)
    func `a case has the verdict of a strict server`(example: ConformanceCase) {
        var driver = ProtocolDriver()
        for step in example.steps { driver.receive(step) }
        let accepted = driver.requests.count
        let refusal = driver.refusals.first
        switch example.target {
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
        if let oracle = example.oracle, example.target == "accept", let first = driver.requests.first {
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

    @Test(.enabled(if: !judged.isEmpty), arguments: judged)
    func `a case has the same verdict however its bytes are split`(example: ConformanceCase) {
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
