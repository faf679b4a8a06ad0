// Scopes: the names the application speaks, the names the provider speaks, and how one becomes the other.

/// A scope as the application names it.
public struct Scope: Sendable {
    /// The documented name, such as `read:payments`.
    public var name: String
    /// The provider's own scopes it stands for.
    public var grants: [String]
    /// What it allows, for people; nil when only its name is known.
    public var meaning: ScopeMeaning?

    /// A scope that stands for these of the provider.
    public init(_ name: String, grants: [String]) {
        self.name = name
        self.grants = grants
    }

    /// A scope that the provider names the same.
    public init(_ name: String) { self.init(name, grants: [name]) }

    /// The same scope with what it allows.
    public func meaning(_ phrase: String, covers: String = "", writes: Bool = false) -> Scope {
        var scope = self
        scope.meaning = ScopeMeaning(phrase, covers: covers, writes: writes)
        return scope
    }
}

/// The scopes of a provider.
public struct ScopeTable: Sendable {
    /// The documented scopes, in the order of the documents.
    public var documented: [Scope] = []
    /// The documented scopes that are asked for when the application names none; nil means all of them.
    ///
    /// They should allow no more than the data types need: an application that wants to write says so.
    public var standard: [String]?
    /// Scopes that every authorization needs in addition to what is asked for, such as `offline_access`.
    public var always: [String] = []
    /// The key of an operator's setting with further scopes for every authorization, separated by spaces; nil without one.
    ///
    /// For providers where the kind of an application decides which scopes it may ask for.
    public var alwaysSetting: String?
    /// Which scopes contain others, such as `read_write` → `read_only`: a contained one is not asked for beside its container.
    public var contains: [String: [String]] = [:]
    /// Whether scopes limit nothing: the application's own settings at the provider decide, and no data type lacks a scope.
    public var limitsNothing: Bool = false
    /// Which of the provider's scopes replaces one that newer applications may not ask for.
    public var alternatives: [String: [String]] = [:]

    /// No scopes.
    public init() {}

    /// These documented scopes.
    public init(_ documented: [Scope]) { self.documented = documented }

    /// These documented scopes, with what `configure` sets.
    public init(_ documented: [Scope], _ configure: (inout ScopeTable) -> Void) {
        self.documented = documented
        configure(&self)
    }

    /// The provider's own scopes to ask for.
    ///
    /// - Parameters:
    ///   - permissions: what the application asked for: documented names, the provider's own, or others, which are kept as
    ///     permissions and ask for nothing. Empty means the ``standard`` ones.
    ///   - needed: the provider's scopes that the wanted data types need.
    ///   - optional: the provider's scopes that data types can use; of them, those in `permissions` are asked for.
    /// - Returns: each scope once, contained ones left out; in the order of `permissions`, then `always`, then `needed`.
    public func requested(for permissions: [String], needed: [String], optional: [String] = []) -> [String] {
        let wanted = permissions.isEmpty ? standard ?? documented.map(\.name) : permissions
        let ownNames = Set(
            documented.flatMap(\.grants) + always + needed + optional + contains.keys + contains.values.joined())
        var scopes: [String] = []
        for name in wanted {
            if let scope = documented.first(where: { $0.name == name }) {
                scopes += scope.grants
            } else if ownNames.contains(name) {
                scopes.append(name)
            }
        }
        scopes += always + needed
        var seen: Set<String> = []
        let contained = Set(scopes.flatMap { contains[$0] ?? [] })
        return scopes.filter { !contained.contains($0) && seen.insert($0).inserted }
    }

    /// Which of `needed` are missing from `granted`, counting contained and alternative scopes as granted.
    public func missing(_ needed: [String], granted: [String]) -> [String] {
        guard !limitsNothing else { return [] }
        let held = Set(granted + granted.flatMap { contains[$0] ?? [] })
        return needed.filter { scope in
            !held.contains(scope) && !(alternatives[scope] ?? []).contains(where: held.contains)
        }
    }
}
