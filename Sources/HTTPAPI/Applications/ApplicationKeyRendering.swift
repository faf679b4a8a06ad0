// Application keys as JSON, for the routes and for the command. A key's secret is not part of it.

import ConnectionModel
package import ProviderSDK
package import Sessions
import Users

package enum ApplicationKeyRendering {
    /// Writes a key as an object.
    package static func key(_ key: ApplicationKey, to writer: inout JSONWriter) {
        writer.object { writer in members(key, to: &writer) }
    }

    /// Writes the members of a key.
    static func members(_ key: ApplicationKey, to writer: inout JSONWriter) {
        writer.member("id", key.id)
        writer.member("name", key.name)
        writer.member("scopes", key.scopes.sorted().map(\.rawValue))
        writer.member("createdAt", key.createdAt.description)
        writer.member("expiresAt", key.expiresAt?.description)
        writer.member("lastUsedAt", key.lastUsedAt?.description)
        writer.member("replacedSecretEndsAt", key.replacedSecretEndsAt?.description)
    }
}
