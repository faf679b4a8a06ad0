// Which permissions an application may ask for at a provider: the documented ones, and the provider's own scopes. Asks for nothing.

package import ConnectionModel
package import ProviderSDK

extension ConfiguredProvider {
    /// The permissions that an authorization of `variant` may name, the documented ones first.
    ///
    /// Nil stands for the default variant. A provider that has variants and no default one then accepts those of all.
    package func acceptedScopes(_ variant: String?) -> [Scope] {
        let isOpen = variant == nil && manifest.defaultVariant == nil
        let variants: [String?] = isOpen && !manifest.variants.isEmpty ? manifest.variants.map(\.id) : [variant]
        var accepted: [Scope] = []
        for variant in variants {
            for scope in scopes(of: variant) where !accepted.contains(where: { $0.name == scope.name }) {
                accepted.append(scope)
            }
        }
        return accepted
    }

    private func scopes(of variant: String?) -> [Scope] {
        let table = scopes(variant)
        let types = dataTypes(variant ?? manifest.defaultVariant)
        let always = table.alwaysSetting.flatMap { publicSettings[$0] }?.split(separator: " ").map(String.init) ?? []
        let needed = table.limitsNothing ? [] : types.flatMap(\.scopes)
        let own =
            table.documented.flatMap(\.grants) + table.always + always + needed + types.flatMap(\.optionalScopes)
            + manifest.offeredActions.flatMap(\.scopes)
            + table.contains.sorted { $0.key < $1.key }.flatMap { [$0.key] + $0.value }
        let documented = Set(table.documented.map(\.name))
        return table.documented + own.withoutRepeats.filter { !documented.contains($0) }.map { Scope($0) }
    }

    /// The permissions that are asked for when an application names none.
    package func standardScopes(_ variant: String?) -> [String] {
        let table = scopes(variant)
        return table.standard ?? table.documented.map(\.name)
    }

    /// Checks that an authorization of `variant` may name `permissions`.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` that names the first unknown permission and the accepted ones.
    package func check(
        _ permissions: [String], variant: String?, field: String = "permissions"
    ) throws(ServiceError) {
        guard !permissions.isEmpty else { return }
        let accepted = acceptedScopes(variant).map(\.name)
        guard let unknown = permissions.first(where: { !accepted.contains($0) }) else { return }
        let list = accepted.isEmpty ? "it accepts none" : "accepted are \(accepted.joined(separator: ", "))"
        throw .invalid(field: field, message: "“\(unknown)” is no permission of \(manifest.name); \(list)")
    }

    /// Those of `permissions` that an authorization of `variant` may name.
    package func known(_ permissions: [String], variant: String?) -> [String] {
        let accepted = Set(acceptedScopes(variant).map(\.name))
        return permissions.filter(accepted.contains)
    }
}
