// Mapping alone: parsed payments through the plugin's table, on one core. What counts is the least processor time of several runs, so
// that other work on the machine does not show.

import Foundation
import HostTesting
import ProviderSDK

enum MappingBenchmark {
    static func run() throws {
        let page = "[" + (0..<100).map(Upstream.payment).joined(separator: ",") + "]"
        let bytes = Array(page.utf8)
        let path = HostProcess.executable.deletingLastPathComponent().appending(path: "libStripe.so").path
        guard let mapping = plugin(path)?.manifest.dataType("payments")?.mapping else {
            return print("libStripe.so is not beside the executable")
        }
        let now = Timestamp(seconds: 1_704_067_200) ?? .epoch
        let parsed = try JSONValue.parse(bytes).array ?? []
        for (name, parses) in [
            ("parsed records to normalised JSON", false), ("bytes of a page to normalised JSON", true),
        ] {
            var written = 0
            var least = Double.infinity
            for _ in 0..<runs {
                written = 0
                let start = processorSeconds()
                for _ in 0..<rounds {
                    for record in parses ? try JSONValue.parse(bytes).array ?? [] : parsed {
                        written += try mapping.map(record, now: now).json.count
                    }
                }
                least = min(least, processorSeconds() - start)
            }
            print(
                "\(name): \(Int(Double(rounds * 100) / least)) payments/s on one core",
                "(\(written / (rounds * 100)) bytes each)")
        }
    }

    /// Maps `records` parsed payments by the table of the plugin at `path` once, for a profiler.
    static func map(_ path: String, records: Int) throws {
        guard let mapping = plugin(path)?.manifest.dataType("payments")?.mapping else {
            throw HostProcessError(description: "\(path) is no plugin with payments")
        }
        let page = "[" + (0..<100).map(Upstream.payment).joined(separator: ",") + "]"
        let parsed = try JSONValue.parse(Array(page.utf8)).array ?? []
        let now = Timestamp(seconds: 1_704_067_200) ?? .epoch
        var written = 0
        for _ in 0..<records / 100 {
            for record in parsed { written += try mapping.map(record, now: now).json.count }
        }
        print("\(written) bytes")
    }

    private static let runs = 9
    private static let rounds = 500

    private static func processorSeconds() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The provider of the plugin at `path`, opened as the host opens it.
    private static func plugin(_ path: String) -> (any Provider)? {
        typealias Make = @convention(c) () -> UInt
        guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let make = unsafe dlsym(library, PluginEntry.makeSymbol)
        else { return nil }
        return unsafe PluginEntry.take(unsafeBitCast(make, to: Make.self)())
    }
}
