// Which file system the data directory is on, and whether its promises are enough: locks that die with their process,
// rename that replaces atomically, fsync that reaches a disk.

import CLinux
import Glibc
import StoreFiles

/// The kind of the file system that holds a directory.
enum FileSystemKind {
    // statfs(2) f_type; the numbers are those of linux/magic.h and of the file systems' own headers.
    private static let refused: [(magic: UInt32, name: String)] = [
        (0x0000_6969, "NFS"), (0x0000_517b, "SMB"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB2"),
        (0x6573_5546, "FUSE"), (0x0102_1997, "9p"), (0x5346_414f, "AFS"), (0x7375_7245, "Coda"), (0x00c3_6400, "Ceph"),
        (0x0bd0_0bd0, "Lustre"), (0x4750_4653, "GPFS"), (0x786f_4256, "a VirtualBox shared folder"),
    ]

    /// The name of the file system below `directory` when it is one the store does not trust.
    static func refusal(for directory: Directory) throws(StoreError) -> String? {
        var status = statfs()
        if unsafe fstatfs(directory.fd, &status) != 0 {
            throw .io(errno: errno, call: "statfs", path: directory.path)
        }
        return name(of: status)
    }

    /// The name of the file system at `path` when it is one the store does not trust; nil also when it cannot be found out.
    static func refusal(at path: String) -> String? {
        var status = statfs()
        return unsafe statfs(path, &status) == 0 ? name(of: status) : nil
    }

    private static func name(of status: statfs) -> String? {
        let magic = UInt32(truncatingIfNeeded: status.f_type)
        return refused.first { $0.magic == magic }?.name
    }
}
