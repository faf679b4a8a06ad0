// Sends log lines to the journal of systemd in its native protocol, so that every fact of a line is a field that journalctl can select.
// Used only where the service manager connected standard error to the journal.

import CLinux
import Glibc
import ProviderSDK

/// The socket of the journal.
final class JournalSocket: Sendable {
    /// Where the journal listens (systemd.journal-fields(7), "Native journal protocol").
    private static let standardPath = "/run/systemd/journal/socket"

    private let descriptor: Int32
    private let path: String

    /// The journal that `descriptor` leads to; nil when it leads elsewhere.
    ///
    /// The service manager says so in `JOURNAL_STREAM`: the device and the inode of the stream (systemd.exec(5)). Output that was
    /// redirected since has others.
    ///
    /// - Parameter stream: the value of `JOURNAL_STREAM`.
    convenience init?(behind descriptor: Int32, stream: String?, path: String = standardPath) {
        var status = stat()
        guard let stream, unsafe fstat(descriptor, &status) == 0, stream == "\(status.st_dev):\(status.st_ino)" else {
            return nil
        }
        self.init(path: path)
    }

    /// The journal that listens at `path`; nil when no socket can be made.
    init?(path: String) {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | CL_SOCK_CLOEXEC, 0)
        guard descriptor >= 0, path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Sends a line; false when the journal does not take it.
    func send(_ line: ArraySlice<UInt8>) -> Bool {
        let message = Self.message(line)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count + 1)
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, message, message.count, CL_MSG_NOSIGNAL, $0, length)
            }
        }
        return sent == message.count
    }

    /// Returns a line of the log as a message: its text, its level as a priority, and each fact as a field that begins with `IH_`.
    static func message(_ line: ArraySlice<UInt8>) -> [UInt8] {
        var message: [UInt8] = []
        let members = (try? JSONValue.parse(Array(line)))?.members ?? []
        var text = line
        var priority = 6
        for (key, value) in members {
            switch key {
            case "msg": text = Array((value.string ?? "").utf8)[...]
            case "level": priority = priorities[value.string ?? ""] ?? 6
            case "ts": break
            default:
                guard let name = fieldName(key), !value.isNull else { continue }
                append(name, Array((value.string ?? value.description).utf8)[...], to: &message)
            }
        }
        append("MESSAGE", text, to: &message)
        append("PRIORITY", Array("\(priority)".utf8)[...], to: &message)
        append("SYSLOG_IDENTIFIER", Array("integration-host".utf8)[...], to: &message)
        return message
    }

    /// The priorities of syslog(3).
    private static let priorities = ["error": 3, "warning": 4, "info": 6, "debug": 7]

    /// The name of a field: `connectionId` becomes `IH_CONNECTION_ID`; nil for a key that cannot be one.
    private static func fieldName(_ key: String) -> String? {
        var name = "IH_"
        for byte in key.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                name += "_"
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): name.unicodeScalars.append(Unicode.Scalar(byte - 0x20))
            case UInt8(ascii: "0")...UInt8(ascii: "9"): name.unicodeScalars.append(Unicode.Scalar(byte))
            default: return nil
            }
        }
        return name.utf8.count <= nameBytesMax ? name : nil
    }

    /// Bytes of the name of a field.
    private static let nameBytesMax = 64

    /// Appends a field; a value with a line feed has its length in front of it.
    private static func append(_ name: String, _ value: ArraySlice<UInt8>, to message: inout [UInt8]) {
        message += name.utf8
        if value.contains(UInt8(ascii: "\n")) {
            message.append(UInt8(ascii: "\n"))
            for shift in stride(from: 0, to: 64, by: 8) {
                message.append(UInt8(truncatingIfNeeded: value.count >> shift))
            }
        } else {
            message.append(UInt8(ascii: "="))
        }
        message += value
        message.append(UInt8(ascii: "\n"))
    }
}
