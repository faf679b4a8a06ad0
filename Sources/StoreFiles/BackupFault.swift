// Why a backup cannot be read or written. It names files, never their contents.

public import Cryptography

/// Why a backup cannot be used.
public enum BackupFault: Error, Equatable, Sendable {
    /// The source is neither a folder, nor an archive, nor a sealed archive of a backup.
    case notABackup
    /// The backup ends before its mark.
    case cutShort
    /// A part is not as it was written.
    case damaged(String)
    /// The backup is sealed and no private key was given.
    case identityMissing
    /// The backup is sealed to another key, or its first part was changed.
    case identityForeign
    /// A part of a sealed backup was changed, moved or taken away.
    case sealBroken
    /// A name or a file does not fit into an archive.
    case notArchivable(path: String)
    /// The key cannot be used.
    case key(CryptographyError)
}

extension BackupFault: CustomStringConvertible {
    /// One sentence for an operator: what is wrong and what to do.
    public var description: String {
        switch self {
        case .notABackup: "this is no backup: name a folder, a tar archive or a sealed archive that “backup” has made"
        case .cutShort: "the backup is not complete; take another one"
        case .damaged(let what): "the backup is damaged: \(what); take another one"
        case .identityMissing: "the backup is sealed; name the file of the private key with --identity"
        case .identityForeign:
            "the private key does not open the backup: it was sealed to another key, or its heading was changed"
        case .sealBroken: "a part of the sealed backup was changed or is missing; take another one"
        case .notArchivable(let path): "\(path) does not fit into an archive; back up to a directory"
        case .key(let error): "the key cannot be used: \(error)"
        }
    }
}
