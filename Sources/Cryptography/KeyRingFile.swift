// The key ring as a file of mode 0600: a few lines that a person can read, compare and back up. It is replaced as a whole or not
// at all. A reader refuses anything unexpected, because a misread ring opens no credentials.

import Glibc

extension KeyRing {
    /// The first line of a key ring file.
    static let heading = "integration-host key ring 1"

    /// The content of a file of this ring.
    ///
    /// It contains the keys.
    func serialized() -> [UInt8] {
        var text = Array("\(Self.heading)\n".utf8)
        text += Array(
            "# Anyone who has this file can open every stored credential: keep it 0600, and keep a backup of it.\n".utf8
        )
        for (index, master) in keys.enumerated() {
            text += Array("\(index == 0 ? "primary" : "retired") \(master.id) \(master.created) ".utf8)
            master.key.withBytes { Base64Coder.appendURL($0, to: &text) }
            text.append(UInt8(ascii: "\n"))
        }
        text += Array("end \(keys.count)\n".utf8)
        return text
    }

    /// Reads the content of a key ring file.
    ///
    /// - Throws: `.keyRing` with `path`, the line and what is wrong with it.
    init(parsing text: Span<UInt8>, path: String) throws(CryptographyError) {
        // What editors and secret stores add or leave away: a byte order mark, CR at the ends of lines, the last line end.
        var text = text
        if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { text = text.extracting(3...) }
        if text.count >= 2, (text[0] == 0xFF && text[1] == 0xFE) || (text[0] == 0xFE && text[1] == 0xFF) {
            throw .keyRing(path: path, .notUTF8)
        }
        var primary: [MasterKey] = []
        var retired: [MasterKey] = []
        var number = 0
        var start = 0
        var isComplete = false
        while start < text.count {
            var end = start
            while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
            number += 1
            let isWindows = end > start && text[end - 1] == UInt8(ascii: "\r")
            let line = text.extracting(start..<(isWindows ? end - 1 : end))
            start = end + 1
            if number == 1 {
                guard constantTimeEquals(line, Self.heading.utf8Span.span) else {
                    throw .keyRing(path: path, .lineInvalid(line: 1, .headingUnknown))
                }
                continue
            }
            if line.isEmpty || line[0] == UInt8(ascii: "#") { continue }
            guard !isComplete else { throw .keyRing(path: path, .lineInvalid(line: number, .fieldsInvalid)) }
            if constantTimeEquals(line, "end \(primary.count + retired.count)".utf8Span.span) {
                isComplete = true
                continue
            }
            let (isPrimary, master) = try Self.parse(line, number: number, path: path)
            guard !(primary + retired).contains(where: { $0.id == master.id }) else {
                throw .keyRing(path: path, .lineInvalid(line: number, .idRepeated))
            }
            if isPrimary { primary.append(master) } else { retired.append(master) }
        }
        guard number > 0 else { throw .keyRing(path: path, .lineInvalid(line: 1, .headingUnknown)) }
        guard isComplete else { throw .keyRing(path: path, .incomplete) }
        guard primary.count == 1 else { throw .keyRing(path: path, .primaryCount(primary.count)) }
        guard retired.count < CryptographyLimits.keyRingKeysMax else { throw .keyRing(path: path, .tooManyKeys) }
        self.init(primary: primary[0], retired: retired)
    }

    private static func parse(
        _ line: Span<UInt8>, number: Int, path: String
    ) throws(CryptographyError) -> (isPrimary: Bool, MasterKey) {
        let invalid = CryptographyError.keyRing(path: path, .lineInvalid(line: number, .fieldsInvalid))
        var bounds: [Range<Int>] = []
        var start = 0
        for index in 0...line.count where index == line.count || line[index] == UInt8(ascii: " ") {
            bounds.append(start..<index)
            start = index + 1
        }
        guard bounds.count == 4 else { throw invalid }
        let role = line.extracting(bounds[0])
        let isPrimary = constantTimeEquals(role, "primary".utf8Span.span)
        guard isPrimary || constantTimeEquals(role, "retired".utf8Span.span) else { throw invalid }
        guard isKeyID(line.extracting(bounds[1])), isDate(line.extracting(bounds[2])) else { throw invalid }
        var bytes: [UInt8]
        do {
            bytes = try Base64URL.decode(line.extracting(bounds[3]))
        } catch {
            throw .keyRing(path: path, .lineInvalid(line: number, .keyInvalid))
        }
        defer { cleanse(&bytes) }
        guard bytes.count == 32 else { throw .keyRing(path: path, .lineInvalid(line: number, .keyInvalid)) }
        let master = MasterKey(
            id: text(line.extracting(bounds[1])), created: text(line.extracting(bounds[2])), key: SymmetricKey(bytes))
        return (isPrimary, master)
    }

    private static func isDate(_ date: Span<UInt8>) -> Bool {
        guard date.count == 10 else { return false }
        for index in date.indices {
            let isHyphen = date[index] == UInt8(ascii: "-")
            guard index == 4 || index == 7 ? isHyphen : (0x30...0x39).contains(date[index]) else { return false }
        }
        return true
    }

    private static func text(_ ascii: Span<UInt8>) -> String {
        unsafe ascii.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension KeyRing {
    /// Reads the ring from a file, which must be a regular file of this user (or root) that no other user can read or write.
    ///
    /// A file of root's may be readable by a group of this process: that is how a platform mounts a secret for a service. Root may read
    /// the file of the user whose folder it lies in.
    ///
    /// - Throws: `.keyRing` with the path and the reason.
    public static func load(path: String) throws(CryptographyError) -> KeyRing {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else { throw .keyRing(path: path, .system(operation: "open", errno: errno)) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            throw .keyRing(path: path, .system(operation: "fstat", errno: errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .keyRing(path: path, .notRegularFile) }
        guard isTrusted(owner: status.st_uid, folder: folderOwner(of: path), reader: geteuid()) else {
            throw .keyRing(path: path, .ownerForeign)
        }
        guard !isTooWide(status.st_mode, owner: status.st_uid, reader: geteuid()) else {
            throw .keyRing(path: path, .modeTooWide(mode: status.st_mode & 0o7777))
        }
        guard status.st_size <= CryptographyLimits.keyRingFileBytesMax else {
            throw .keyRing(path: path, .tooLarge(bytes: Int(status.st_size)))
        }
        var text = try readAll(file, path: path)
        defer { cleanse(&text) }
        return try KeyRing(parsing: text.span, path: path)
    }

    /// Whether a process of `reader` may use a ring that belongs to `owner`, in a folder of `folder`.
    static func isTrusted(owner: uid_t, folder: uid_t?, reader: uid_t) -> Bool {
        owner == reader || owner == 0 || (reader == 0 && owner == folder)
    }

    /// Whether a mode lets others than the owner, and a reader to whom root gives the file through a group, read or write it.
    static func isTooWide(_ mode: mode_t, owner: uid_t, reader: uid_t) -> Bool {
        mode & (owner == 0 && reader != 0 ? 0o037 : 0o077) != 0
    }

    /// The owner of the folder that holds the file at `path`, links followed.
    private static func folderOwner(of path: String) -> uid_t? {
        var status = stat()
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) + "/" } ?? "."
        return unsafe stat(folder, &status) == 0 ? status.st_uid : nil
    }

    /// Makes a ring with one new key and writes it durably to a file that does not exist yet.
    ///
    /// Of two processes that do this at once, one succeeds; the other's error is `.alreadyExists`.
    ///
    /// - Throws: `.keyRing` with the path and the reason; `.randomUnavailable`.
    @discardableResult
    public static func create(path: String) throws(CryptographyError) -> KeyRing {
        let ring = try generate()
        try ring.write(path: path, replacing: false)
        return ring
    }

    /// Replaces the file durably and as a whole: a crash at any instant leaves the old ring or the new one.
    ///
    /// - Throws: `.keyRing` with the path and the reason. When `operation` is `fsync of the directory`, the file is in place
    ///   but may not survive a power cut.
    public func save(path: String) throws(CryptographyError) {
        try write(path: path, replacing: true)
    }

    private func write(path given: String, replacing: Bool) throws(CryptographyError) {
        // A link stays a link: the file that it leads to is replaced.
        let path = replacing ? Self.resolved(given) : given
        let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) + "/" } ?? "."
        let temporary = "\(path).\(try SecureRandom.hex(byteCount: 16)).tmp"
        let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .keyRing(path: path, .system(operation: "creation", errno: errno)) }
        var content = serialized()
        defer { cleanse(&content) }
        do {
            Self.giveOwner(to: file, replacing ? path : directory)
            try Self.writeAll(content, to: file, path: path)
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        // link refuses an existing name, where rename would put a ring over another process's ring and lose its keys.
        if replacing {
            guard unsafe rename(temporary, path) == 0 else {
                let code = errno
                unsafe unlink(temporary)
                throw .keyRing(path: path, .system(operation: "rename", errno: code))
            }
        } else {
            let linked = unsafe link(temporary, path)
            let code = errno
            unsafe unlink(temporary)
            guard linked == 0 else {
                throw .keyRing(path: path, code == EEXIST ? .alreadyExists : .system(operation: "link", errno: code))
            }
        }
        try Self.syncDirectory(directory, path: path)
    }

    private static func resolved(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// Gives a file that root makes to the owner of the one at `model`, so that a service can still read its own ring.
    private static func giveOwner(to file: Int32, _ model: String) {
        var status = stat()
        guard geteuid() == 0, unsafe stat(model, &status) == 0, status.st_uid != 0 else { return }
        _ = fchown(file, status.st_uid, status.st_gid)
    }

    private static func writeAll(_ content: [UInt8], to file: Int32, path: String) throws(CryptographyError) {
        var failure: Int32 = 0
        unsafe content.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = unsafe Glibc.write(file, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
                if count > 0 {
                    offset += count
                } else if count == 0 || errno != EINTR {
                    failure = count == 0 ? EIO : errno
                    return
                }
            }
        }
        if failure == 0, fchmod(file, 0o600) != 0 { failure = errno }
        if failure == 0, fsync(file) != 0 { failure = errno }
        if close(file) != 0, failure == 0, errno != EINTR { failure = errno }
        guard failure == 0 else { throw .keyRing(path: path, .system(operation: "writing", errno: failure)) }
    }

    private static func syncDirectory(_ directory: String, path: String) throws(CryptographyError) {
        let handle = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else {
            throw .keyRing(path: path, .system(operation: "opening the directory", errno: errno))
        }
        defer { close(handle) }
        guard fsync(handle) == 0 else {
            throw .keyRing(path: path, .system(operation: "fsync of the directory", errno: errno))
        }
    }

    private static func readAll(_ file: Int32, path: String) throws(CryptographyError) -> [UInt8] {
        // One byte more than allowed, so that a file that grew since fstat is seen.
        var content = [UInt8](repeating: 0, count: CryptographyLimits.keyRingFileBytesMax + 1)
        var count = 0
        while count < content.count {
            let got = unsafe content.withUnsafeMutableBytes { buffer in
                unsafe read(file, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if got == 0 { break }
            if got > 0 {
                count += got
            } else if errno != EINTR {
                throw .keyRing(path: path, .system(operation: "reading", errno: errno))
            }
        }
        guard count <= CryptographyLimits.keyRingFileBytesMax else {
            throw .keyRing(path: path, .tooLarge(bytes: count))
        }
        content.removeLast(content.count - count)
        return content
    }
}
