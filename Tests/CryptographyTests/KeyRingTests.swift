// The key ring and its file: what is derived, what survives, what is refused and why.

import Glibc
import Testing

@testable import Cryptography

/// A directory that exists for the length of a test.
func withDirectory(_ body: (String) throws -> Void) throws {
    let path = "/tmp/cryptography-test-\(try SecureRandom.hex(byteCount: 8))"
    #expect(unsafe mkdir(path, 0o700) == 0)
    defer {
        for name in names(in: path) { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }
    try body(path)
}

func names(in directory: String) -> [String] {
    guard let handle = unsafe opendir(directory) else { return [] }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

func write(_ text: String, to path: String, mode: mode_t = 0o600) {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    _ = unsafe Glibc.write(file, text, text.utf8.count)
    fchmod(file, mode)
    close(file)
}

@Suite("Key ring", .timeLimit(.minutes(2)))
struct KeyRingTests {
    @Test("Derives unrelated keys for purposes and master keys, and the same key each time")
    func derivation() throws {
        let ring = try KeyRing.generate().rotated()
        let purposes: [KeyPurpose] = [
            .oauthState, .sessionToken, .credentialSealing, .documentMAC, .webhookSigning, .cursorMAC,
        ]
        var keys: [SymmetricKey] = []
        for purpose in purposes {
            for id in ring.ids { keys.append(try ring.key(for: purpose, id: id)) }
        }
        for (index, key) in keys.enumerated() {
            #expect(key.byteCount == 32)
            #expect(!keys[(index + 1)...].contains(key))
        }
        #expect(try ring.key(for: .oauthState) == ring.key(for: .oauthState, id: ring.primaryID))
    }

    @Test("The derived key for a known master key and purpose never changes")
    func derivationIsFixed() throws {
        let text = "integration-host key ring 1\nprimary k1 2026-01-02 \(Base64URL.encode(Array(0..<32)))\nend 1\n"
        let ring = try KeyRing(parsing: text.utf8Span.span, path: "ring")
        let expected = try HKDF.deriveSHA256(
            from: SymmetricKey(Array(0..<32)), info: Array("integration-host/key-ring/1|k1|oauth-state".utf8))
        #expect(try ring.key(for: .oauthState) == expected)
        #expect(
            HMACSHA256(key: try ring.key(for: .oauthState)).code(for: "x").hex
                == "c5ca07d2283ae7744ef31740ccbc49e712dac4e899ba037e457df1ea7d8d3571")
    }

    @Test("A key ring keeps its keys through rotations up to a limit, and removes retired ones on demand")
    func rotation() throws {
        var ring = try KeyRing.generate()
        let first = ring.primaryID
        for _ in 1..<CryptographyLimits.keyRingKeysMax { ring = try ring.rotated() }
        #expect(ring.ids.count == CryptographyLimits.keyRingKeysMax)
        #expect(Set(ring.ids).count == ring.ids.count)
        #expect(ring.ids.first == ring.primaryID)
        #expect(ring.ids.last == first)
        #expect(throws: CryptographyError.keyRing(path: "", .tooManyKeys)) { try ring.rotated() }
        let smaller = try ring.removing(first)
        #expect(!smaller.ids.contains(first))
        #expect(throws: CryptographyError.keyUnknown(id: first)) { try smaller.key(for: .oauthState, id: first) }
        #expect(throws: CryptographyError.keyRing(path: "", .primaryNotRemovable)) {
            try ring.removing(ring.primaryID)
        }
    }

    @Test("Names an unknown key in its error only where it looks like a key id")
    func unknownKey() throws {
        let ring = try KeyRing.generate()
        #expect(throws: CryptographyError.keyUnknown(id: "zz")) { try ring.key(for: .oauthState, id: "zz") }
        #expect(throws: CryptographyError.keyUnknown(id: "(not a key id)")) {
            try ring.key(for: .oauthState, id: "a secret, pasted here")
        }
    }

    @Test("No description shows a key")
    func description() throws {
        let text =
            "integration-host key ring 1\nprimary k1 2026-01-02 \(Base64URL.encode(Array(repeating: 0x61, count: 32)))\nend 1\n"
        let ring = try KeyRing(parsing: text.utf8Span.span, path: "ring")
        var dumped = ""
        dump(ring, to: &dumped)
        for shown in ["\(ring)", String(reflecting: ring), dumped] {
            #expect(!shown.contains("aaaa") && !shown.contains("YWFh") && !shown.contains("97"))
        }
    }

    @Test("A key ring file is created with mode 0600, loads again and is never overwritten")
    func creation() throws {
        try withDirectory { directory in
            let path = "\(directory)/ring"
            let ring = try KeyRing.create(path: path)
            var status = stat()
            #expect(unsafe stat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
            let loaded = try KeyRing.load(path: path)
            #expect(loaded.ids == ring.ids)
            #expect(try loaded.key(for: .oauthState) == ring.key(for: .oauthState))
            #expect(throws: CryptographyError.keyRing(path: path, .alreadyExists)) { try KeyRing.create(path: path) }
            #expect(try KeyRing.load(path: path).ids == ring.ids)
            #expect(names(in: directory) == ["ring"])
        }
    }

    @Test("A rotation replaces the key ring file as a whole, and every key loads again")
    func saving() throws {
        try withDirectory { directory in
            let path = "\(directory)/ring"
            let ring = try KeyRing.create(path: path).rotated().rotated()
            try ring.save(path: path)
            let loaded = try KeyRing.load(path: path)
            #expect(loaded.ids == ring.ids)
            for id in ring.ids {
                #expect(try loaded.key(for: .webhookSigning, id: id) == ring.key(for: .webhookSigning, id: id))
            }
            #expect(names(in: directory) == ["ring"])
            #expect(loaded.serialized() == ring.serialized())
        }
    }

    @Test(
        "A ring with a byte order mark, Windows line ends or no last line end is read; UTF-16 and a cut one are refused"
    )
    func asWrittenElsewhere() throws {
        let ring = try KeyRing.generate().rotated()
        let text = ring.serialized()
        var windows: [UInt8] = []
        for byte in text { windows += byte == UInt8(ascii: "\n") ? [UInt8(ascii: "\r"), byte] : [byte] }
        for bytes in [
            text, windows, [0xEF, 0xBB, 0xBF] + windows, Array(text.dropLast()), Array(windows.dropLast(2)),
            Array(windows.dropLast()), text + [UInt8(ascii: "\n")],
        ] {
            #expect(try KeyRing(parsing: bytes.span, path: "p").ids == ring.ids)
        }
        var wide: [UInt8] = [0xFF, 0xFE]
        for byte in text { wide += [byte, 0] }
        #expect(throws: CryptographyError.keyRing(path: "p", .notUTF8)) { try KeyRing(parsing: wide.span, path: "p") }
        for count in 1..<text.count - 1 {
            #expect(throws: CryptographyError.self) { try KeyRing(parsing: Array(text.prefix(count)).span, path: "p") }
        }
    }

    @Test("A linked ring is replaced where it lies, and the link stays")
    func linked() throws {
        try withDirectory { directory in
            let ring = try KeyRing.create(path: "\(directory)/real")
            #expect(unsafe symlink("real", "\(directory)/link") == 0)
            let rotated = try ring.rotated()
            try rotated.save(path: "\(directory)/link")
            #expect(try KeyRing.load(path: "\(directory)/real").ids == rotated.ids)
            var status = stat()
            #expect(unsafe lstat("\(directory)/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        }
    }

    @Test(
        "Who may use a ring: its owner, everyone one of root's, and root that of the folder's owner",
        arguments: [
            (1000, 1000, 1000, true), (0, 0, 1000, true), (1000, 1000, 0, true), (1001, 1000, 0, false),
            (1001, 1001, 1000, false), (0, 1000, 0, true),
        ] as [(uid_t, uid_t, uid_t, Bool)])
    func owners(owner: uid_t, folder: uid_t, reader: uid_t, isTrusted: Bool) {
        #expect(KeyRing.isTrusted(owner: owner, folder: folder, reader: reader) == isTrusted)
    }

    @Test(
        "A group may read a ring of root's that a service is given through it, and no one may write",
        arguments: [
            (0o600, 0, 0, false), (0o640, 0, 0, true), (0o440, 0, 1000, false), (0o640, 0, 1000, false),
            (0o660, 0, 1000, true), (0o444, 0, 1000, true), (0o440, 1000, 1000, true), (0o400, 1000, 1000, false),
        ] as [(mode_t, uid_t, uid_t, Bool)])
    func modes(mode: mode_t, owner: uid_t, reader: uid_t, isTooWide: Bool) {
        #expect(KeyRing.isTooWide(mode, owner: owner, reader: reader) == isTooWide)
    }

    @Test("A key ring file that others may read is refused", arguments: [0o640, 0o604, 0o660, 0o601, 0o666, 0o644])
    func wideModes(mode: Int) throws {
        try withDirectory { directory in
            let path = "\(directory)/ring"
            try KeyRing.create(path: path)
            #expect(unsafe chmod(path, mode_t(mode)) == 0)
            let error = #expect(throws: CryptographyError.self) { try KeyRing.load(path: path) }
            #expect(error == .keyRing(path: path, .modeTooWide(mode: UInt32(mode))))
            #expect(error?.description.contains("chmod 600") == true)
        }
    }

    @Test("A key ring file that is missing, a directory, a pipe or too large is refused")
    func wrongFiles() throws {
        try withDirectory { directory in
            #expect(
                throws: CryptographyError.keyRing(path: "\(directory)/none", .system(operation: "open", errno: ENOENT))
            ) {
                try KeyRing.load(path: "\(directory)/none")
            }
            #expect(throws: CryptographyError.keyRing(path: directory, .notRegularFile)) {
                try KeyRing.load(path: directory)
            }
            let pipe = "\(directory)/pipe"
            #expect(unsafe mkfifo(pipe, 0o600) == 0)
            #expect(throws: CryptographyError.keyRing(path: pipe, .notRegularFile)) { try KeyRing.load(path: pipe) }
            let large = "\(directory)/large"
            let bytes = CryptographyLimits.keyRingFileBytesMax + 1
            write(String(repeating: "#", count: bytes), to: large)
            #expect(throws: CryptographyError.keyRing(path: large, .tooLarge(bytes: bytes))) {
                try KeyRing.load(path: large)
            }
            #expect(throws: CryptographyError.self) { try KeyRing.create(path: "\(directory)/none/ring") }
        }
    }

    static let key = Base64URL.encode([UInt8](repeating: 1, count: 32))
    static let heading = "integration-host key ring 1\n"
    static let refusals: [(String, CryptographyError.KeyRingFault)] = [
        ("", .lineInvalid(line: 1, .headingUnknown)),
        ("\n", .lineInvalid(line: 1, .headingUnknown)),
        ("integration-host key ring 2\nprimary a 2026-01-02 \(key)\n", .lineInvalid(line: 1, .headingUnknown)),
        ("integration-host key ring 1\r\r\nprimary a 2026-01-02 \(key)\r\n", .lineInvalid(line: 1, .headingUnknown)),
        ("\u{FEFF}\u{FEFF}\(heading)primary a 2026-01-02 \(key)\n", .lineInvalid(line: 1, .headingUnknown)),
        (heading, .incomplete),
        ("\(heading)end 0\n", .primaryCount(0)),
        ("\(heading)retired a 2026-01-02 \(key)\nend 1\n", .primaryCount(0)),
        ("\(heading)primary a 2026-01-02 \(key)\n", .incomplete),
        ("\(heading)primary a 2026-01-02 \(key)\nend ", .lineInvalid(line: 3, .fieldsInvalid)),
        ("\(heading)primary a 2026-01-02 \(key)\nend 2\n", .lineInvalid(line: 3, .fieldsInvalid)),
        ("\(heading)primary a 2026-01-02 \(key)\nend 1\nend 1\n", .lineInvalid(line: 4, .fieldsInvalid)),
        (
            "\(heading)primary a 2026-01-02 \(key)\nend 1\nretired b 2026-01-02 \(key)\n",
            .lineInvalid(line: 4, .fieldsInvalid)
        ),
        ("\(heading)primary a 2026-01-02 \(key)\nprimary b 2026-01-02 \(key)\nend 2\n", .primaryCount(2)),
        ("\(heading)primary a 2026-01-02 \(key)\nretired a 2026-01-02 \(key)\n", .lineInvalid(line: 3, .idRepeated)),
        ("\(heading)primary a 2026-01-02 \(key)=\n", .lineInvalid(line: 2, .keyInvalid)),
        ("\(heading)primary a 2026-01-02 \(key.dropLast())\n", .lineInvalid(line: 2, .keyInvalid)),
        ("\(heading)primary a 2026-01-02 \(key)AAAA\n", .lineInvalid(line: 2, .keyInvalid)),
        ("\(heading)primary a 2026-01-02 \n", .lineInvalid(line: 2, .keyInvalid)),
        ("\(heading)primary a 2026-01-02\n", .lineInvalid(line: 2, .fieldsInvalid)),
        ("\(heading)primary a 2026-01-02 \(key) \n", .lineInvalid(line: 2, .fieldsInvalid)),
        ("\(heading)primary  a 2026-01-02 \(key)\n", .lineInvalid(line: 2, .fieldsInvalid)),
        ("\(heading)Primary a 2026-01-02 \(key)\n", .lineInvalid(line: 2, .fieldsInvalid)),
        ("\(heading)primary A 2026-01-02 \(key)\n", .lineInvalid(line: 2, .fieldsInvalid)),
        (
            "\(heading)primary \(String(repeating: "a", count: 17)) 2026-01-02 \(key)\n",
            .lineInvalid(line: 2, .fieldsInvalid)
        ),
        ("\(heading)primary a 2026-1-2 \(key)\n", .lineInvalid(line: 2, .fieldsInvalid)),
        ("\(heading)primary\ta\t2026-01-02\t\(key)\n", .lineInvalid(line: 2, .fieldsInvalid)),
        ("\(heading)\n\n# note\nbackup a 2026-01-02 \(key)\n", .lineInvalid(line: 5, .fieldsInvalid)),
    ]

    @Test("A malformed key ring is refused with line and reason", arguments: refusals)
    func refusal(text: String, fault: CryptographyError.KeyRingFault) {
        let error = #expect(throws: CryptographyError.self) { try KeyRing(parsing: text.utf8Span.span, path: "ring") }
        #expect(error == .keyRing(path: "ring", fault))
        #expect(error?.description.contains(Self.key) == false)
    }

    @Test(
        "Does not load from any truncation of its file: keys that were cut off would be lost for good at the next save")
    func truncations() throws {
        let text = try KeyRing.generate().rotated().serialized()
        #expect(throws: Never.self) { try KeyRing(parsing: text.span, path: "ring") }
        // The last line end alone says nothing: the line before it counts the keys.
        for end in 0..<text.count - 1 {
            #expect(throws: CryptographyError.self) { try KeyRing(parsing: text.span.extracting(..<end), path: "ring") }
        }
    }
}
