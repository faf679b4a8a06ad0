// What the kernel says about a process: memory and processor time. Knows no benchmark.

import Foundation

enum ProcessFigures {
    /// The resident memory now.
    static func residentKiB(_ process: Int32) -> Int { statusKiB("VmRSS:", process) }

    /// The most resident memory so far.
    static func peakKiB(_ process: Int32) -> Int { statusKiB("VmHWM:", process) }

    /// The processor time of all threads so far.
    static func processorSeconds(_ process: Int32) -> Double {
        let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = (stat.split(separator: ")").last ?? "").split(separator: " ")
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func statusKiB(_ name: String, _ process: Int32) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}
