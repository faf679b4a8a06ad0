// What is told apart before the dynamic loader sees a file: real libraries pass, and no damage to their headers gets through or stops
// the check itself.

import Foundation
import Testing

@testable import PluginLoading

@Suite("ELF libraries", .timeLimit(.minutes(2)))
struct ELFLibraryTests {
    /// A library that the build put beside the tests.
    static let library: [UInt8] = {
        let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let folder = executable.deletingLastPathComponent()
        return (try? [UInt8](Data(contentsOf: folder.appending(path: "libProviderSDK.so")))) ?? []
    }()

    static func problem(_ bytes: some RandomAccessCollection<UInt8>) -> String? {
        let bytes = Array(bytes)
        return ELFLibrary.problem(fileBytes: UInt64(bytes.count)) { offset, count in
            guard offset <= UInt64(bytes.count) else { return [] }
            return Array(bytes[Int(offset)...].prefix(count))
        }
    }

    @Test("a library that was built here passes")
    func passes() {
        #expect(!Self.library.isEmpty)
        #expect(Self.problem(Self.library) == nil)
    }

    @Test("a library that is cut off anywhere is refused")
    func cut() {
        let size = Self.library.count
        let lengths = Array(0...4200) + Array(stride(from: 4200, to: size, by: 9973)) + [size - 64, size - 1]
        for length in lengths {
            #expect(Self.problem(Self.library.prefix(length)) != nil, "\(length) of \(size) bytes")
        }
    }

    @Test("a library whose second half was never written is refused")
    func zeroed() {
        var bytes = Self.library
        for index in bytes.count / 2..<bytes.count { bytes[index] = 0 }
        #expect(Self.problem(bytes) != nil)
    }

    @Test(
        "each rule on the header names what is wrong",
        arguments: [
            (0, [0x7E], "no ELF file"), (4, [1], "64-bit"), (5, [2], "64-bit"), (6, [2], "version"),
            (16, [2, 0], "no shared library"),
            (18, [3, 0], "another kind of processor"), (20, [0], "version"), (54, [57], "program headers"),
            (56, [0, 0], "program headers"), (56, [0xFF, 0xFF], "program headers"),
            (32, [0xFF, 0xFF, 0xFF, 0xFF], "cut short"),
            (32, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "cut short"), (47, [0xFF], "section headers"),
        ] as [(Int, [UInt8], String)])
    func header(offset: Int, replacement: [UInt8], sentence: String) {
        var bytes = Self.library
        bytes.replaceSubrange(offset..<offset + replacement.count, with: replacement)
        #expect(Self.problem(bytes)?.contains(sentence) == true, "\(Self.problem(bytes) ?? "accepted")")
    }

    @Test("a program header with any number at its largest is refused, whichever it is", arguments: [8, 16, 32, 40])
    func programHeaders(field: Int) {
        for index in 0..<Int(Self.library[56]) {
            var bytes = Self.library
            let start = 64 + index * 56
            // Those of which the loader reads nothing have no size and may say what they like.
            guard [1, 2, 4, 7].contains(bytes[start]), bytes[start + 1...start + 3].allSatisfy({ $0 == 0 }) else {
                continue
            }
            for place in start + field..<start + field + 8 { bytes[place] = 0xFF }
            // The size in memory counts for what is loaded only.
            if field == 40, bytes[start] != 1 { continue }
            #expect(Self.problem(bytes) != nil, "header \(index), field \(field)")
        }
    }

    @Test("damage anywhere in the first 4096 bytes is survived")
    func damage() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var bytes = Array(Self.library.prefix(4096))
            for _ in 0..<8 {
                bytes[Int.random(in: 0..<1024, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let size = Bool.random(using: &random) ? UInt64(Self.library.count) : UInt64.max
            _ = ELFLibrary.problem(fileBytes: size) { offset, count in
                offset < 4096 ? Array(bytes[Int(offset)...].prefix(count)) : [UInt8](repeating: 0x5A, count: count)
            }
        }
    }
}
