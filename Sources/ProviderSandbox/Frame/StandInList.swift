// Finds the stand-ins. Each stand-in's file puts an entry into a section of the executable, and this code reads the section. A new
// stand-in is a new folder; no list names it.

import CStandIns

/// Adds the stand-ins of one provider to the list it is called with.
///
/// A stand-in declares one constant of this type with the attributes `@section("stand_ins")` and `@used`, and calls
/// ``StandInList/add(to:_:)`` in it.
typealias StandInEntry = @convention(c) (UnsafeMutableRawPointer) -> Void

/// The stand-ins of a sandbox, while they are being found.
struct StandInList {
    private let environment: SandboxEnvironment
    private var found: [any StandIn] = []

    private init(_ environment: SandboxEnvironment) { self.environment = environment }

    /// All stand-ins, by provider id; the variants of a provider in their own order.
    static func all(_ environment: SandboxEnvironment) -> [any StandIn] {
        var list = StandInList(environment)
        for index in 0..<cs_stand_in_count() {
            unsafe withUnsafeMutablePointer(to: &list) { list in
                let entry = unsafe cs_stand_in_at(index)
                unsafe entry(UnsafeMutableRawPointer(list))
            }
        }
        return list.found.enumerated().sorted {
            ($0.element.providerID, $0.offset) < ($1.element.providerID, $1.offset)
        }.map(\.element)
    }

    /// Adds what `make` returns to the list at `list`, which an entry was called with.
    static func add(to list: UnsafeMutableRawPointer, _ make: (SandboxEnvironment) -> [any StandIn]) {
        let list = unsafe list.assumingMemoryBound(to: StandInList.self)
        let made = unsafe make(list.pointee.environment)
        unsafe list.pointee.found += made
    }
}
