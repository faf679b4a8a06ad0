// Which connections lead to a provider, and which an application only keeps a note of.

package import ConnectionModel

extension Connection {
    /// Whether the host has or had access to an account through it; an integration that is only recorded here has none.
    package var isManaged: Bool { !credentials.isEmpty || accountID != nil || grant.unidentified != nil }
}
