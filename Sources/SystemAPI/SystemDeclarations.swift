// The declarations of the system routes.

import ProviderSDK
import Requests

enum SystemDeclarations {
    static let health = RouteDeclaration(
        "Say that the process runs.", .json("It runs", .object(.required("status", .constant("ok")))))
    static let verbose = Parameter<String?>.text("verbose", "With any value, the answer says more.")
    private static let background: [Schema.Member] = [
        .optional("background", .choice(["running", "paused"])), .optional("backgroundReason", .text),
    ]
    static let ready = RouteDeclaration(
        "Say whether the host can serve.", parameters: [verbose.declared],
        .json("It is ready", .object([.required("status", .constant("ready"))] + background)),
        .json(
            "It is not ready", status: 503,
            .object([.required("status", .constant("unavailable")), .required("reason", .text)] + background)))
    static let metrics = RouteDeclaration(
        "Read the metrics in the format of Prometheus.",
        .other(200, "The metrics", mediaType: "text/plain; version=0.0.4; charset=utf-8"))
    static let icon = RouteDeclaration(
        "Read a provider's icon.", .other(200, "The icon", mediaType: "image/svg+xml"))
    static let openAPI = RouteDeclaration(
        "Read this document.", .json("The document", .map(of: .anything)))

    /// The shape of the errors of routes that belong to no API.
    static let error = Schema.object(
        .required("success", .boolean.example(false)), .required("error", .text.example("Not found"))
    ).named("SystemError")
}
