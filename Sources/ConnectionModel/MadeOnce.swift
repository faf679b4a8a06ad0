// An object that several readers share, made by the first that needs it.

import Synchronization

/// An object that is made when it is first needed, and kept.
///
/// `AtomicLazyReference` of the standard library looks its own type up with every call, which costs more than a lock. So would this type in
/// another module, where it is not made for the type that it holds.
struct MadeOnce<Value: AnyObject & Sendable>: ~Copyable, Sendable {
    private let value = Mutex<Value?>(nil)

    /// The object; nil until one is kept.
    var known: Value? { value.withLock { $0 } }

    /// Keeps `new` unless another is kept already, and returns the one that is kept.
    borrowing func keep(_ new: Value) -> Value {
        value.withLock { value in
            if let value { return value }
            value = new
            return new
        }
    }
}
