// The folder of the backups that a host makes by itself: their names, which one is the newest, which ones go. It touches no other file.

public import Cryptography
import Glibc
import Primitives
public import StoreFiles

/// When a backup is due, and which ones are kept.
///
/// No I/O and no clock.
public struct BackupPlan: Equatable, Sendable {
    /// Seconds from one backup to the next.
    public let everySeconds: Int64
    /// The newest backups that are kept.
    public let keep: Int

    /// A plan with these figures.
    public init(everySeconds: Int64, keep: Int) {
        self.everySeconds = everySeconds
        self.keep = keep
    }

    /// Whether a backup is due.
    ///
    /// - Parameter newest: when the newest one was begun, in seconds since 1970; nil without one. One from the future, which a wrong
    ///   clock has left, does not count for longer than the usual time.
    public func isDue(newest: Int64?, now: Int64) -> Bool {
        guard let newest else { return true }
        return now - newest >= everySeconds || newest - now >= everySeconds
    }

    /// Returns the names of backups that are no longer kept, the oldest first.
    public func surplus(_ names: [String]) -> [String] {
        let backups = names.filter { BackupFolder.time(of: $0) != nil }.sorted()
        return Array(backups.dropLast(max(1, keep)))
    }
}

/// The folder of the backups that a host makes by itself.
public struct BackupFolder: Sendable {
    /// Its path.
    public let path: String

    /// The folder at `path`.
    public init(path: String) { self.path = path }

    private static let prefix = "integration-host-"
    private static let suffixes = [".tar", ".tar.sealed"]
    private static let partSuffix = ".part"

    /// The name of a backup that is begun at `seconds` since 1970, such as `integration-host-20261201T120000Z.tar`.
    public static func name(at seconds: Int64, isSealed: Bool) -> String {
        let day = Int((Double(seconds) / 86_400).rounded(.down))
        let second = Int(seconds) - day * 86_400
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = CivilDate(daysSince1970: day).description.replacing("-", with: "")
        let clock = padded(second / 3600) + padded(second / 60 % 60) + padded(second % 60)
        return "\(prefix)\(date)T\(clock)Z\(suffixes[isSealed ? 1 : 0])"
    }

    /// Returns when the backup of a name was begun, in seconds since 1970; nil for any other name.
    public static func time(of name: String) -> Int64? {
        guard name.hasPrefix(prefix), suffixes.contains(where: { name.hasSuffix($0) }) else { return nil }
        let text = Array(name.utf8.dropFirst(prefix.utf8.count).prefix(16))
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            text[range].allSatisfy { 0x30...0x39 ~= $0 } ? Int(String(decoding: text[range], as: UTF8.self)) : nil
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15),
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        let time = Int64(date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second)
        // A time that does not exist comes back as another one.
        let isSealed = name.hasSuffix(suffixes[1])
        return self.name(at: time, isSealed: isSealed) == name ? time : nil
    }

    /// When the newest backup was begun, in seconds since 1970; nil without one.
    public func newest() throws(StoreError) -> Int64? {
        try open().names(path).compactMap(Self.time).max()
    }

    /// Makes a backup, which has its name once it is whole and durable.
    ///
    /// Then removes what `plan` no longer keeps, and what a host that was killed left unfinished.
    ///
    /// - Parameter write: writes the archive.
    public func make(
        at seconds: Int64, recipient: SealingRecipient?, plan: BackupPlan,
        _ write: (ArchiveOutput) async throws(StoreError) -> BackupOutcome
    ) async throws(StoreError) -> BackupOutcome {
        let folder = try open()
        for name in try folder.names(path) where name.hasPrefix(Self.prefix) && name.hasSuffix(Self.partSuffix) {
            try folder.remove(name, path)
        }
        let name = Self.name(at: seconds, isSealed: recipient != nil)
        let part = name + Self.partSuffix
        let file: OpenFile
        do throws(CallFailure) {
            let fd = try folder.fileSystem.open(
                part, in: folder.fd, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600, path: path + "/" + part)
            file = OpenFile(fileSystem: folder.fileSystem, fd: fd, path: path + "/" + part)
        } catch { throw error.asStoreError }
        let outcome: BackupOutcome
        do throws(StoreError) {
            outcome = try await write(ArchiveOutput(descriptor: file.fd, name: path + "/" + name, recipient: recipient))
            do throws(CallFailure) {
                try folder.fileSystem.rename(part, in: folder.fd, to: name, in: folder.fd, path: path + "/" + name)
                try folder.sync()
            } catch { throw error.asStoreError }
        } catch {
            try? folder.remove(part, path)
            throw error
        }
        for name in plan.surplus(try folder.names(path)) { try folder.remove(name, path) }
        return outcome
    }

    private func open() throws(StoreError) -> Directory {
        do throws(CallFailure) {
            let fileSystem = FileSystem()
            let fd = try fileSystem.open(
                path, in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY, followsLink: true, path: path)
            return Directory(fileSystem: fileSystem, fd: fd, path: path)
        } catch { throw error.asStoreError }
    }
}

extension Directory {
    fileprivate func names(_ path: String) throws(StoreError) -> [String] {
        do throws(CallFailure) { return try names() } catch { throw error.asStoreError }
    }

    fileprivate func remove(_ name: String, _ path: String) throws(StoreError) {
        do throws(CallFailure) { try fileSystem.unlink(name, in: fd, path: path + "/" + name) } catch {
            throw error.asStoreError
        }
    }
}
