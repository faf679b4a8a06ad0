// What an application key may do, as a closed list of scopes. Routes name the scope that opens them.

package import ConnectionModel

/// A group of routes that an application key can open.
package enum ApplicationScope: String, Sendable, CaseIterable, Comparable {
    /// Connections, their status, and the sessions in which users connect.
    case connections
    /// Records, dead letters, syncs and events.
    case records
    /// Actions at providers.
    case actions
    /// Requests passed to providers.
    case proxy
    /// The access token of a connection.
    case readCredential = "credential:read"
    /// The users of the installation, and their erasure.
    case users
    /// Everything that a superuser may do.
    case admin

    /// The scopes of a key that is made without naming any.
    package static let defaults: Set<ApplicationScope> = Set(allCases).subtracting([.readCredential, .admin])

    /// Reads scopes by name.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` naming the first unknown scope and the known ones.
    package static func scopes(named names: [String]) throws(ServiceError) -> Set<ApplicationScope> {
        var scopes: Set<ApplicationScope> = []
        for name in names {
            guard let scope = ApplicationScope(rawValue: name) else {
                let known = allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid(field: "scopes", message: "“\(name)” is not a scope; the scopes are \(known)")
            }
            scopes.insert(scope)
        }
        return scopes
    }

    package static func < (left: ApplicationScope, right: ApplicationScope) -> Bool { left.rawValue < right.rawValue }
}
