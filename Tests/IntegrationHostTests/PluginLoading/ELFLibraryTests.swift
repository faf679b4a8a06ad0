// The check of a file before the dynamic loader sees it: real libraries pass, damaged headers are refused, and no damage stops
// the check itself.

import Foundation
import Testing

@testable import PluginLoading

@Suite("ELF libraries", .timeLimit(.minutes(2)))
struct ELFLibraryTests {
    /// A library that the build placed beside the tests.
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

    @Test("A library from this build passes")
    func passes() {
        #expect(!Self.library.isEmpty)
        #expect(Self.problem(Self.library) == nil)
    }

    @Test("A truncated library is refused")
    func cut() {
        let size = Self.library.count
        let lengths = Array(0...4200) + Array(stride(from: 4200, to: size, by: 9973)) + [size - 64, size - 1]
        for length in lengths {
            #expect(Self.problem(Self.library.prefix(length)) != nil, "\(length) of \(size) bytes")
        }
    }

    @Test("A library whose second half is zeros is refused")
    func zeroed() {
        var bytes = Self.library
        for index in bytes.count / 2..<bytes.count { bytes[index] = 0 }
        #expect(Self.problem(bytes) != nil)
    }

    @Test(
        "Each rule on the header reports its problem",
        arguments: [
            (0, [0x7E], "not an ELF file"), (4, [1], "64-bit"), (5, [2], "64-bit"), (6, [2], "version"),
            (16, [2, 0], "not a shared library"),
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

    @Test("A program header with any number at its maximum is refused", arguments: [8, 16, 32, 40])
    func programHeaders(field: Int) {
        for index in 0..<Int(Self.library[56]) {
            var bytes = Self.library
            let start = 64 + index * 56
            // The loader reads nothing of a header without a size, so its values are ignored.
            guard [1, 2, 4, 7].contains(bytes[start]), bytes[start + 1...start + 3].allSatisfy({ $0 == 0 }) else {
                continue
            }
            for place in start + field..<start + field + 8 { bytes[place] = 0xFF }
            // The size in memory is checked only for segments that are loaded.
            if field == 40, bytes[start] != 1 { continue }
            #expect(Self.problem(bytes) != nil, "header \(index), field \(field)")
        }
    }

    @Test("Damage in the first 4096 bytes does not crash the check")
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
