// The findings of the doctor as text for a person and as JSON.

import ProviderSDK

/// A list of findings.
package struct DoctorReport: Sendable {
    package let findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    /// Whether something does not work.
    package var hasProblem: Bool { findings.contains { $0.verdict == .problem } }

    /// One block of lines a finding; what is wrong comes with its meaning and what to do.
    package var text: String {
        let width = findings.map(\.subject.count).max() ?? 0
        let blocks = findings.map { finding in
            let mark =
                switch finding.verdict {
                case .good: "ok      "
                case .skipped: "skipped "
                case .warning: "warning "
                case .problem: "PROBLEM "
                }
            let indent = String(repeating: " ", count: mark.count + width + 2)
            let subject = finding.subject + String(repeating: " ", count: width - finding.subject.count)
            let lines =
                ["\(mark)\(subject)  \(finding.text)"]
                + [finding.meaning, finding.remedy.map { "To do: \($0)" }].compactMap { $0 }.map { indent + $0 }
            return lines.joined(separator: "\n")
        }
        return (blocks + [summary]).joined(separator: "\n")
    }

    private var summary: String {
        func count(_ verdict: Finding.Verdict, _ one: String, _ many: String) -> String? {
            let count = findings.count { $0.verdict == verdict }
            return count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
        }
        let parts = [count(.problem, "problem", "problems"), count(.warning, "warning", "warnings")].compactMap { $0 }
        return parts.isEmpty ? "Nothing is wrong." : parts.joined(separator: ", ") + "."
    }

    /// The findings as a JSON object.
    package var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("healthy", !hasProblem)
            writer.key("findings")
            writer.array { writer in
                for finding in findings { finding.write(to: &writer) }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension Finding {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("subject", subject)
            writer.member("verdict", verdict.rawValue)
            writer.member("text", text)
            if let meaning { writer.member("meaning", meaning) }
            if let remedy { writer.member("remedy", remedy) }
        }
    }
}
