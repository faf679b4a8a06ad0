// The headers of a tar archive in the form of POSIX.1-1988 (ustar): regular files only, with names of at most 100 bytes in folders of at
// most 155. No I/O.

import StoreFiles

/// A file in an archive.
struct TarEntry: Equatable, Sendable {
    /// Its folders and its name.
    let path: [String]
    let byteCount: Int

    static let blockBytes = 512

    /// The bytes that fill the last block.
    var padding: Int { (Self.blockBytes - byteCount % Self.blockBytes) % Self.blockBytes }

    /// The header; nil when a name is too long or the file too large.
    ///
    /// - Parameter time: seconds since 1970, as the time of the file's last change.
    func header(time: Int) -> [UInt8]? {
        let (folder, name) = (path.dropLast().joined(separator: "/"), path.last ?? "")
        guard (1...100).contains(name.utf8.count), folder.utf8.count <= 155, byteCount < 1 << 33 else { return nil }
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        func put(_ text: String, _ offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(name, 0)
        put("0000600\u{0}0000000\u{0}0000000\u{0}", 100)
        put(Self.octal(byteCount, digits: 11), 124)
        put(Self.octal(max(0, time), digits: 11), 136)
        put("        0", 148)
        put("ustar\u{0}00", 257)
        put(folder, 345)
        put(Self.octal(Self.checksum(block), digits: 6) + "\u{0} ", 148)
        return block
    }

    /// Reads a header.
    ///
    /// - Returns: nil for the block of zeros at the end.
    static func parse(_ block: [UInt8]) throws(BackupFault) -> TarEntry? {
        if block.allSatisfy({ $0 == 0 }) { return nil }
        guard block.count == blockBytes, block[257..<262].elementsEqual("ustar".utf8),
            let sum = number(block[148..<156]), sum == checksum(block), block[156] == 0x30 || block[156] == 0,
            let count = number(block[124..<136]), let name = text(block[0..<100]), let folder = text(block[345..<500])
        else { throw .damaged("a header of the archive") }
        let path = (folder.isEmpty ? name : folder + "/" + name).split(separator: "/").map(String.init)
        return TarEntry(path: path, byteCount: count)
    }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String? {
        String(validating: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The sum of all bytes, with spaces in place of the sum itself.
    private static func checksum(_ block: [UInt8]) -> Int {
        var sum = 8 * 0x20
        for (index, byte) in block.enumerated() where !(148..<156).contains(index) { sum += Int(byte) }
        return sum
    }
}
