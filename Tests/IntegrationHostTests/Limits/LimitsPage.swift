// The page docs/limits.md, made of the rows beside this file, the constants themselves, and their doc comments in the sources. Knows
// how a declaration looks, not what it means.

import Foundation

/// A limit with what no constant says about it.
struct LimitRow {
    /// Whose excess it stops.
    enum Party: String {
        case caller = "callers"
        case user = "users"
        case provider = "providers"
        case receiver = "receivers of notifications"
        case `operator` = "the operator's input"
        case host = "the host's own work"
    }

    let name: String
    let unit: String
    let value: String
    let party: Party
    /// What happens at it.
    let effect: String
    let metric: String?
    let setting: String?

    private init(
        _ name: String, _ unit: String, _ value: String, _ party: Party, _ effect: String, _ metric: String?,
        _ setting: String?
    ) {
        self.name = name
        self.unit = unit
        self.value = value
        self.party = party
        self.effect = effect
        self.metric = metric
        self.setting = setting
    }

    static func bytes(
        _ name: String, _ value: Int, _ party: Party, _ effect: String, metric: String? = nil, setting: String? = nil
    ) -> LimitRow {
        LimitRow(name, "bytes", bytesText(value), party, effect, metric, setting)
    }

    static func bytesPerSecond(
        _ name: String, _ value: Int, _ party: Party, _ effect: String, metric: String? = nil, setting: String? = nil
    ) -> LimitRow {
        LimitRow(name, "bytes per second", bytesText(value), party, effect, metric, setting)
    }

    static func count(
        _ name: String, _ value: Int, _ party: Party, _ effect: String, metric: String? = nil, setting: String? = nil
    ) -> LimitRow {
        LimitRow(name, "count", String(value), party, effect, metric, setting)
    }

    static func perMinute(
        _ name: String, _ value: Int, _ party: Party, _ effect: String, metric: String? = nil, setting: String? = nil
    ) -> LimitRow {
        LimitRow(name, "per minute", String(value), party, effect, metric, setting)
    }

    static func time(
        _ name: String, _ value: Duration, _ party: Party, _ effect: String, metric: String? = nil,
        setting: String? = nil
    ) -> LimitRow {
        LimitRow(name, "time", timeText(value), party, effect, metric, setting)
    }

    private static func bytesText(_ bytes: Int) -> String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift) \(unit)"
        }
        return String(bytes)
    }

    private static func timeText(_ time: Duration) -> String {
        let milliseconds = Int(time / .milliseconds(1))
        for (size, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")]
        where milliseconds >= size && milliseconds % size == 0 {
            return "\(milliseconds / size) \(unit)"
        }
        return "\(milliseconds) ms"
    }
}

/// The limits that one type declares.
struct LimitSection {
    let title: String
    /// The file with the declarations, from the package's root.
    let file: String
    let type: String
    let rows: [LimitRow]
    /// Constants of the type that pace work or lay out files, and that no one can exceed.
    var others: Set<String> = []

    /// The first paragraphs of the doc comments of all constants of the type, by name.
    func documentation(root: URL) throws -> [String: String] {
        let lines = try String(contentsOf: root.appending(path: file), encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        var found: [String: String] = [:]
        var isInside = false
        var comment: [Substring] = []
        for line in lines {
            let text = line.drop { $0 == " " }
            if line.firstMatch(of: /^[a-z ]*(?:enum|struct|class) (\w+)/)?.1 == type[...] {
                isInside = true
            } else if line == "}" {
                isInside = false
            } else if text.hasPrefix("///") {
                comment.append(text.dropFirst(3).drop { $0 == " " })
                continue
            } else if isInside,
                let name = line.firstMatch(
                    of: /^ {4}(?: {4})?(?:public |package |private )?(?:static let|let|var|static var) (\w+)/)?.1,
                !comment.isEmpty
            {
                found[String(name)] = comment.prefix { !$0.isEmpty }.joined(separator: " ").replacing("``", with: "`")
            }
            comment = []
        }
        return found
    }
}

/// The page.
enum LimitsPage {
    static let intro = """
        # Limits

        Everything has a limit. This page lists each one: its unit and default, whose excess it stops, what happens at it, its metric and
        its setting. A limit without a setting is fixed. `UPDATE_DOCUMENTATION=1 scripts/test --filter DocumentationTests` writes the page
        from the constants, their comments and the tables in `Tests/IntegrationHostTests/Limits`. `Tests/limits.txt` names the tests that
        reach the limits from both sides.

        [configuration.md](configuration.md) describes the settings. Addresses of this machine are exempt from the bound on connections of
        one address, and so are trusted proxies.

        """

    /// The whole page, in Markdown.
    static func text(_ sections: [LimitSection], root: URL) throws -> String {
        var lines = [intro]
        for section in sections {
            let documentation = try section.documentation(root: root)
            lines.append("## \(section.title)\n")
            lines.append("| limit | unit | default | stops | at the limit | metric | setting |")
            lines.append("|---|---|---|---|---|---|---|")
            for row in section.rows {
                let what = documentation[row.name].map { ": \($0)" } ?? ""
                let cells = [
                    "`\(row.name)`\(what)", row.unit, row.value, row.party.rawValue, row.effect,
                    row.metric.map { "`\($0)`" } ?? "", row.setting.map { "`\($0)`" } ?? "",
                ]
                lines.append("| \(cells.joined(separator: " | ")) |")
            }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }
}
