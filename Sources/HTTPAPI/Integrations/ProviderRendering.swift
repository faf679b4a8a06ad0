// Renders what can be connected at a provider: how, with which permissions, and which records come of it.

import ConnectionModel
import ProviderSDK
import Providers
import Requests

enum ProviderRendering {
    /// The ways in which accounts are connected, as the API names them.
    static let authKinds = ["oauth2", "apiKey", "accountId", "linkToken", "none"]

    /// The shape of a field of records.
    static let fieldSchema = Schema.object(
        .required("name", .text.example("lines[].amount").noted("Its place; `[]` stands for each element of a list.")),
        .required("type", .choice(FieldRow.Form.allCases.map(\.rawValue)).example("number")),
        .required("isNullable", .boolean),
        .optional("values", .list(of: .text).noted("The texts of a choice.")),
        .required(
            "sources",
            .list(of: .text.example("lines.data[].amount")).noted("The provider's fields that it is made from."))
    ).named("RecordField")

    /// Writes the members behind those of the published API.
    static func details(_ provider: ConfiguredProvider, to writer: inout JSONWriter) {
        let manifest = provider.manifest
        writer.member("auth", authKind(manifest.auth))
        form(manifest.auth, to: &writer)
        writer.member("defaultVariant", manifest.defaultVariant)
        writer.key("variants")
        writer.array(of: manifest.variants) { variant, writer in
            writer.object { writer in
                writer.member("id", variant.id)
                writer.member("name", variant.name)
                writer.member("description", variant.description.orNil)
                writer.member("isAvailable", provider.isAvailable(provider.stored(variant.id)))
            }
        }
        let standard = provider.standardScopes(nil)
        writer.key("scopes")
        writer.array(of: provider.acceptedScopes(nil)) { scope, writer in
            self.scope(scope, isStandard: standard.contains(scope.name), to: &writer)
        }
        writer.key("dataTypes")
        writer.array(of: provider.dataTypes(nil)) { dataType($0, to: &$1) }
    }

    private static func authKind(_ auth: AuthKind) -> String {
        switch auth {
        case .oauth2: "oauth2"
        case .apiKey: "apiKey"
        case .accountID: "accountId"
        case .linkToken: "linkToken"
        case .none: "none"
        @unknown default: "none"
        }
    }

    /// Writes what a person types; null for a provider that needs nothing typed.
    private static func form(_ auth: AuthKind, to writer: inout JSONWriter) {
        writer.key("form")
        switch auth {
        case .accountID(let auth):
            let field = auth.field ?? FormField("Account ID")
            form(field, "accountId", isSecret: false, bytesMax: auth.bytesMax, to: &writer)
        case .apiKey(let auth):
            let field = auth.field ?? FormField("API key")
            form(field, "apiKey", isSecret: true, bytesMax: ConnectionLimits.tokenBytesMax, to: &writer)
        default: writer.null()
        }
    }

    private static func form(
        _ field: FormField, _ name: String, isSecret: Bool, bytesMax: Int, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.key("fields")
            writer.array { writer in
                writer.object { writer in
                    writer.member("name", name)
                    writer.member("title", field.title)
                    writer.member("description", field.description.orNil)
                    writer.member("link", field.link)
                    writer.member("isSecret", isSecret)
                    writer.member("isRequired", true)
                    writer.member("maxBytes", bytesMax)
                }
            }
        }
    }

    private static func scope(_ scope: Scope, isStandard: Bool, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", scope.name)
            writer.member("meaning", scope.meaning?.phrase)
            writer.member("covers", scope.meaning?.covers.orNil)
            writer.member("writes", (scope.meaning?.writes).map(JSONValue.boolean) ?? .null)
            writer.member("isStandard", isStandard)
            writer.member("grants", scope.grants)
        }
    }

    private static func dataType(_ dataType: DataType, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", dataType.name)
            writer.member("scopes", dataType.scopes)
            writer.member("optionalScopes", dataType.optionalScopes)
            writer.member("variants", dataType.variants)
            writer.key("fields")
            writer.array(of: dataType.recordFields.flatMap(\.rows)) { row, writer in
                writer.object { writer in
                    writer.member("name", row.name)
                    writer.member("type", row.form.rawValue)
                    writer.member("isNullable", row.isNullable)
                    if !row.values.isEmpty { writer.member("values", row.values) }
                    writer.member("sources", row.sources)
                }
            }
        }
    }
}

extension String {
    /// The text; nil for an empty one.
    fileprivate var orNil: String? { isEmpty ? nil : self }
}
