// Bodies as a provider sends them, with what they mean: the project's own ones under Tests/Vectors/payloads, and those of others where
// there are some. Knows no provider.

import Foundation
package import ProviderSDK
import TestSupport

/// The payloads of one provider.
package struct PayloadCases: Sendable {
    /// A body that was not as expected.
    package struct Difference: Error, CustomStringConvertible {
        package let description: String
    }

    private let provider: any Provider
    private let cases: [JSONValue]
    private static let now = Timestamp(iso8601: "2026-06-01") ?? .epoch

    /// The cases of the provider with this manifest.
    package init(of provider: any Provider) throws {
        self.provider = provider
        let file = Vectors.own.appending(path: "payloads/\(provider.manifest.id).json")
        cases = try JSONValue.parse([UInt8](Data(contentsOf: file))).array ?? []
    }

    /// Whether there are payloads of others of this provider.
    package static func hasOthers(_ id: String) -> Bool { Vectors.payloads(of: id) != nil }

    // MARK: Own payloads

    /// Checks that each delivery has its events and answer.
    ///
    /// - Returns: how many there were.
    package func checkDeliveries() throws -> Int {
        let deliveries = cases.filter { $0["events"] != nil }
        for each in deliveries {
            let body = Array((each["body"] ?? .null).serialized)
            let outcome = try provider.outcome(of: WebhookDelivery(headers: [], body: body, receivedAt: Self.now))
            try expect(JSONValue.array(outcome.events.map(Self.shown)), each["events"] ?? .null, each)
            try expect(outcome.reply ?? .null, each["reply"] ?? .null, each)
        }
        return deliveries.count
    }

    /// Checks that each row of a list becomes the record beside it.
    ///
    /// - Returns: how many rows there were.
    package func checkLists() throws -> Int {
        var count = 0
        for each in cases {
            guard let list = List(each) else { continue }
            let (rows, wanted) = (list.rows(in: each["body"] ?? .null), each["records"]?.array ?? [])
            try expect(.number(JSONNumber(rows.count)), .number(JSONNumber(wanted.count)), each)
            for (row, wanted) in zip(rows, wanted) {
                let record = try record(list.dataType, row)
                for (key, value) in wanted.members ?? [] {
                    let found = record[key] ?? .null
                    if let left = found.number?.decimal, let right = value.number?.decimal, left.isSameAmount(as: right)
                    {
                        continue
                    }
                    try expect(found, value, each)
                }
                count += 1
            }
        }
        return count
    }

    // MARK: Payloads of others

    /// Reads every payload of others: deliveries are read, errors are classified, and rows of known lists are mapped.
    ///
    /// Files with `shape` or `spec` in their names hold placeholders, which need not be mapped.
    ///
    /// - Returns: how many of them were read.
    package func readOthers() throws -> Int {
        guard let folder = Vectors.payloads(of: provider.manifest.id) else { return 0 }
        let lists = cases.compactMap(List.init)
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where name.hasSuffix(".json") {
            let bytes = try [UInt8](Data(contentsOf: folder.appending(path: name)))
            let body = try JSONValue.parse(bytes)
            if name.hasPrefix("webhook") || name.hasPrefix("event") {
                _ = try provider.outcome(of: WebhookDelivery(headers: [], body: bytes, receivedAt: Self.now))
                count += 1
            }
            if name.hasPrefix("fault") || name.hasPrefix("error") {
                let status = name.split { !$0.isNumber }.compactMap { Int($0) }.first { $0 >= 400 } ?? 400
                let response = ProviderResponse(status: status, body: bytes)
                guard provider.manifest.errors.error(for: response, now: Self.now) != nil else {
                    throw Difference(description: "\(name) is no error")
                }
                count += 1
            }
            for list in lists {
                for row in list.rows(in: body) + (list.isRow(body) ? [body] : []) {
                    do { _ = try record(list.dataType, row) } catch {
                        guard name.contains(".shape.") || name.contains(".spec.") else {
                            throw Difference(description: "\(name): \(error)")
                        }
                    }
                    count += 1
                }
            }
        }
        return count
    }

    // MARK: Parts

    /// A list of rows of one data type.
    private struct List {
        let dataType: String
        private let items: ValuePath
        /// The kind of object that the rows name themselves, for providers whose objects do.
        private let object: String?

        init?(_ value: JSONValue) {
            guard let dataType = value["dataType"]?.string, let items = value["items"]?.string else { return nil }
            let path = ValuePath(items)
            self.dataType = dataType
            self.items = path
            object = value["body"].flatMap { path.first(in: $0)?.array?.first?["object"]?.string }
        }

        func rows(in body: JSONValue) -> [JSONValue] { items.first(in: body)?.array ?? [] }

        func isRow(_ body: JSONValue) -> Bool { object != nil && body["object"]?.string == object }
    }

    private func record(_ dataType: String, _ row: JSONValue) throws -> JSONValue {
        guard let mapping = provider.manifest.dataType(dataType)?.mapping else {
            throw Difference(description: "no data type \(dataType)")
        }
        return try JSONValue.parse(mapping.map(row, now: Self.now).json)
    }

    /// An event as the cases write it.
    private static func shown(_ event: WebhookOutcome.Event) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [("account", .string(event.accountID))]
        if let id = event.id { members.append(("id", .string(id))) }
        if let mode = event.mode { members.append(("mode", .string(mode))) }
        switch event.effect {
        case .changed(let dataTypes): members.append(("changed", .array(dataTypes.map { .string($0) })))
        case .deleted(_, let ids): members.append(("deleted", .string(ids.joined(separator: " "))))
        case .revoked: members.append(("revoked", true))
        default: members.append(("other", true))
        }
        return .object(members)
    }

    private func expect(_ found: JSONValue, _ wanted: JSONValue, _ each: JSONValue) throws {
        guard found != wanted else { return }
        throw Difference(description: "\(each["name"]?.string ?? ""): \(found) instead of \(wanted)")
    }
}
