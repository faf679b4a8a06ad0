// The findings of a check of a data directory. Plain data.

package import Audit
public import StoreFiles

/// The findings of ``DataDirectory/check(repairs:)``.
public struct CheckReport: Equatable, Sendable {
    /// Something that is not as it was written.
    public struct Problem: Equatable, Sendable {
        /// The file or folder, relative to the data directory.
        public let path: String
        /// The problem and what to do, in one sentence.
        public let message: String
        /// Whether it was moved out of the way: to `quarantine` in the data directory, or removed where it held
        /// nothing.
        public let isRepaired: Bool
        /// Where its bytes are kept now, relative to the data directory; nil when they were not moved.
        public var copy: String?
        /// What was lost of a file that was kept in part; nil when the whole file is set aside.
        public var lost: Loss?
    }

    /// The part of a journal segment that was lost.
    public struct Loss: Equatable, Sendable {
        /// The documents that miss a change.
        public let documents: Set<DocumentKey>
        /// The bytes of the copy that cannot be read, where nothing says which documents they belong to.
        public let bytes: [Range<Int>]
    }

    /// The sound documents.
    public internal(set) var documents = 0
    /// The sound streams.
    public internal(set) var streams = 0
    /// The changes in the sound streams.
    public internal(set) var changes = 0
    /// The audit log.
    package internal(set) var audit = AuditReport()
    /// The problems.
    public internal(set) var problems: [Problem] = []
    /// Documents whose waiting changes have lost what they change.
    var unreadable: [DocumentKey] = []

    /// Whether nothing is wrong, or everything that was is repaired.
    public var isSound: Bool { problems.allSatisfy(\.isRepaired) }
}
