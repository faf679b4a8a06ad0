// Walks all users again and again, so that whatever is due is found without an index that could disagree with the documents.
// What is due, and what is done about it, is known by the duties.

import Glibc
import ProviderSDK
import Synchronization

/// Work that a user's document may call for at some moment.
protocol UserDuty: Sendable {
    /// Looks at a user and does, or begins, what is due.
    ///
    /// It is called for one user after the other: what takes long belongs into a task of the duty's own.
    func attend(to user: User, at now: Timestamp) async
}

/// The endless walk over all users.
///
/// A walk reads every user once, O(users); the next one begins ``pause`` after its end. Memory does not grow with the users.
final class UserSweep: Sendable {
    private let users: UserStore
    private let duties: [any UserDuty]
    private let pause: Duration
    private let log: Log
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ users: UserStore, duties: [any UserDuty], pause: Duration, log: Log) {
        self.users = users
        self.duties = duties
        self.pause = pause
        self.log = log
    }

    /// Begins to walk.
    func start() {
        task.withLock { task in
            guard task == nil else { return }
            task = Task { await self.run() }
        }
    }

    /// Ends the walk and waits for its end.
    func stop() async {
        let task = task.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    private func run() async {
        while !Task.isCancelled {
            do throws(ServiceError) { try await walk() } catch {
                log.warning("Users could not be looked through.", ["error": .text("\(error)")])
            }
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// One walk.
    private func walk() async throws(ServiceError) {
        var position = try await visit(after: nil)
        while let next = position, !Task.isCancelled { position = try await visit(after: next) }
    }

    private func visit(
        after position: UserStore.ListPosition?
    ) async throws(ServiceError) -> UserStore.ListPosition? {
        let page = try await users.userIDs(after: position)
        for id in page.ids {
            guard !Task.isCancelled else { return nil }
            do throws(ServiceError) {
                guard let stored = try await users.stored(id) else { continue }
                let now = WallClock.now
                for duty in duties { await duty.attend(to: stored.user, at: now) }
            } catch {
                // One document that cannot be read must not hide all others.
                log.warning("A user could not be looked at.", ["error": .text("\(error)")])
            }
        }
        return page.next
    }
}
