// The fixtures of a released version, and how an answer of today is compared with the one of then. Knows file names and JSON, and
// nothing of what the answers say.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

/// A released version's fixtures.
struct Release: CustomTestStringConvertible {
    /// The folder that holds them.
    let folder: String

    var testDescription: String { URL(fileURLWithPath: folder).lastPathComponent }

    /// Every version that has fixtures.
    static let all: [Release] = {
        let fixtures = URL(fileURLWithPath: #filePath).appending(path: "../../../Fixtures").standardized.path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: fixtures)) ?? []
        return names.filter { $0.hasPrefix("v") }.sorted().map { Release(folder: fixtures + "/" + $0) }
    }()

    /// What a reader of the data directory should find.
    func expected() throws -> JSONValue {
        try JSONValue.parse(Array(Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json"))))
    }

    /// A configuration for a host over `data` that does nothing in the background that it need not do.
    func configuration(data: String, providers: JSONValue) -> String {
        """
        {"listen":"127.0.0.1:0","dataDirectory":"\(data)","allowPrivateAddresses":true,"logLevel":"warning","sweepSeconds":3600,
        "rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0},"providers":\(providers)}
        """
    }

    /// Copies the data directory.
    func copyData(to path: String) throws { try Release.copyPrivately(folder + "/data", to: path) }

    /// Copies a folder and takes every right from others, which Git does not keep.
    static func copyPrivately(_ source: String, to target: String) throws {
        let files = FileManager.default
        try files.copyItem(atPath: source, toPath: target)
        for name in [""] + (try files.subpathsOfDirectory(atPath: target)) {
            var isFolder: ObjCBool = false
            _ = unsafe files.fileExists(atPath: target + "/" + name, isDirectory: &isFolder)
            try files.setAttributes(
                [.posixPermissions: isFolder.boolValue ? 0o700 : 0o600], ofItemAtPath: target + "/" + name)
        }
    }
}

/// Clients with sessions of a host, each token made once.
final class ReleaseSessions {
    private let host: HostProcess
    private let configuration: String
    private var clients: [[String]: TestClient] = [:]

    init(host: HostProcess, configuration: String) {
        self.host = host
        self.configuration = configuration
    }

    /// A client with a session of `user`.
    func client(_ user: String, flags: [String] = []) async throws -> TestClient {
        if let client = clients[[user] + flags] { return client }
        let made = try await HostProcess.run(["token", "--user", user, "--config", configuration] + flags)
        guard made.code == 0 else { throw HostProcessError(description: made.errors) }
        let client = try TestClient(host.url, token: String(made.output.dropLast()))
        clients[[user] + flags] = client
        return client
    }
}

/// How an answer is compared with the one of a release: everything that was said then is said now; more may be said.
enum ReleaseAnswer {
    /// Lists that grow or lose members with time; of them, what is still there must be the same.
    private static let growing = ["syncs": "id", "deliveries": "eventId"]

    /// Where `found` contradicts `expected`; nil when it does not.
    ///
    /// - Parameter waiting: ids of connections that wait for their authorization; `found` may lack them.
    static func difference(
        _ expected: JSONValue, _ found: JSONValue, at path: String = "", waiting: Set<String> = []
    ) -> String? {
        switch expected.kind {
        case .object:
            guard found.kind == .object else { return "\(path): no object" }
            // The place of a stream in its files, which a restore may move; that cursors go on is a check of its own.
            for (key, value) in expected.members ?? [] where key != "nextCursor" || value.isNull {
                guard let other = found[key] else { return "\(path).\(key) is missing" }
                if let identifier = growing[key] {
                    if let problem = missing(value, other, by: identifier, at: "\(path).\(key)", waiting) {
                        return problem
                    }
                } else if let problem = difference(value, other, at: "\(path).\(key)", waiting: waiting) {
                    return problem
                }
            }
            return nil
        case .array:
            let others = (found.array ?? []).filter { !isWaiting($0, waiting) }
            let values = expected.array ?? []
            guard values.count == others.count else { return "\(path): \(others.count) instead of \(values.count)" }
            for (index, value) in values.enumerated() {
                if let problem = difference(value, others[index], at: "\(path)[\(index)]", waiting: waiting) {
                    return problem
                }
            }
            return nil
        default:
            return expected == found ? nil : "\(path): \(found) instead of \(expected)"
        }
    }

    private static func missing(
        _ list: JSONValue, _ found: JSONValue, by key: String, at path: String, _ waiting: Set<String>
    ) -> String? {
        for value in list.array ?? [] {
            guard let same = found.array?.first(where: { $0[key] == value[key] }) else {
                return "\(path): no \(value[key] ?? .null)"
            }
            if let problem = difference(value, same, at: "\(path)[\(value[key] ?? .null)]", waiting: waiting) {
                return problem
            }
        }
        return nil
    }

    /// Whether this is a connection that waits for its authorization: it is removed an hour after it was begun.
    private static func isWaiting(_ value: JSONValue, _ waiting: Set<String>) -> Bool {
        value["id"]?.string.map(waiting.contains) ?? false
    }
}

extension JSONValue {
    /// The text of a member that must be there.
    func text(_ key: String) throws -> String {
        guard let text = self[key]?.string else { throw HostProcessError(description: "no “\(key)” in \(self)") }
        return text
    }
}
