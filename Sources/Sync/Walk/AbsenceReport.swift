// The fate of the stored records that a read did not meet, for people to read in the message of the sync. Pure.

import ProviderSDK

/// A summary of the records that a read did not meet.
struct AbsenceReport: Sendable, Equatable {
    /// Why records that are missing stay.
    enum Reason: String, Sendable {
        /// Records moved in every try.
        case moved
        /// No two tries in a row met the same records.
        case unproven
        /// So many are missing at once that the next full read has to confirm it.
        case mass

        /// Whether the walk itself proved nothing.
        var isAboutTheWalk: Bool { self != .mass }
    }

    /// The records that stay although they are missing.
    var kept = 0
    var reason: Reason?
    /// The records that became out of reach.
    var lost = 0

    var isEmpty: Bool { reason == nil && lost == 0 }

    /// Each a sentence or two.
    var remarks: [String] {
        var remarks: [String] = []
        switch reason {
        case .moved:
            remarks.append(
                "records moved in the provider's list each time it was read, so what it did not show may be there."
            )
        case .unproven:
            remarks.append(
                "the provider's list showed other records each time it was read, so what it did not show may be there.")
        case .mass:
            remarks.append(
                "very many records are missing at once; they are deleted if the next full sync misses them too.")
        case nil: break
        }
        if reason != nil {
            remarks.append(
                kept > 0
                    ? "Missing records that were kept: \(kept)."
                    : "Nothing was deleted, and the next sync reads it again.")
        }
        if lost > 0 {
            remarks.append("Records that went out of sight at the provider, kept and marked as out of reach: \(lost).")
        }
        return remarks
    }
}

// MARK: Stored form

extension AbsenceReport {
    init(_ value: JSONValue?) {
        kept = value?["kept"]?.integer.map(Int.init(clamping:)) ?? 0
        reason = value?["reason"]?.string.flatMap(Reason.init)
        lost = value?["lost"]?.integer.map(Int.init(clamping:)) ?? 0
    }

    var stored: JSONValue {
        .object([
            ("kept", .number(JSONNumber(kept))), ("reason", reason.map { .string($0.rawValue) } ?? .null),
            ("lost", .number(JSONNumber(lost))),
        ])
    }
}

extension ReadCoverage {
    init(stored value: JSONValue?) {
        guard let value, let parts = value["parts"]?.array else {
            self = .everything
            return
        }
        self.init(
            parts: parts.compactMap { part in
                if let prefix = part.string { return Part(prefix: prefix) }
                guard let prefix = part[0]?.string else { return nil }
                return Part(prefix: prefix, least: part[1]?.string.map { prefix + $0 } ?? part[2]?.string)
            },
            isOutsideOutOfReach: value["outside"]?.boolean ?? false)
    }

    /// As short as it can be: a workspace can have a thousand parts.
    var stored: JSONValue {
        let parts = (parts ?? []).map { part -> JSONValue in
            guard let least = part.least else { return .string(part.prefix) }
            guard least.utf8.starts(with: part.prefix.utf8) else {
                return .array([.string(part.prefix), .null, .string(least)])
            }
            let rest = least.utf8.dropFirst(part.prefix.utf8.count)
            return .array([.string(part.prefix), .string(String(decoding: rest, as: UTF8.self))])
        }
        return .object([("parts", .array(parts)), ("outside", .boolean(isOutsideOutOfReach))])
    }
}
