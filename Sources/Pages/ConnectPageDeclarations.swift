// The declarations of the routes of the connect pages.

import ConnectionModel
import ProviderSDK
import Requests

enum ConnectPageDeclarations {
    private static let page = "text/html; charset=utf-8"

    static let session = Parameter<String?>.text(
        "session", bytesMax: PageLimits.tokenBytesMax, "The token of the link.")
    static let outcome = Parameter<String?>.text(
        "outcome", bytesMax: PageLimits.outcomeBytesMax, "What a step ended with, signed by the host.")
    static let query = Parameter<String?>.text("q", bytesMax: PageLimits.searchBytesMax, "What to search for.")
    static let variant = Parameter<String?>.text("variant", bytesMax: 128, "The variant of the provider.")
    static let account = Parameter<Bool>(
        "account", Schema.choice(["other"]).noted("After another account was chosen: connect that one as well.")
    ) { (text) throws(ServiceError) in text == "other" }

    static let open = RouteDeclaration(
        "Open a connect session in a browser.", parameters: [session.declared],
        .other(303, "The first page; the browser gets the session's cookie"))
    static let state = RouteDeclaration(
        "Read how far a connect session has come, by its token.", parameters: [session.declared],
        .json(
            "The state",
            .object(
                .required("success", .boolean), .required("state", .text), .required("connectionId", .text.orNull),
                .required("service", .text.orNull), .required("reason", .text.orNull), .required("expiresAt", .moment)))
    )
    static let result = RouteDeclaration(
        "Show what a step outside of a connect session ended with.", parameters: [outcome.declared],
        .other(200, "The page", mediaType: page))
    static let choose = RouteDeclaration(
        "Choose a provider.", parameters: [query.declared], .other(200, "The page", mediaType: page),
        .other(303, "The only provider, or the result"))
    static let ask = RouteDeclaration(
        "Show what is asked for.", parameters: [variant.declared, account.declared],
        .other(200, "The page", mediaType: page),
        .other(303, "The result"))
    static let proceed = RouteDeclaration(
        "Go to the provider, or connect with what was typed.", .other(200, "The way to the provider", mediaType: page),
        .other(303, "The result"))
    static let sessionResult = RouteDeclaration(
        "Show what a connect session ended with.", .other(200, "The page", mediaType: page),
        .other(303, "The first page, when nothing has ended"))
    static let cancel = RouteDeclaration(
        "Return to the application without connecting.", .other(303, "The application"))
    static let icon = RouteDeclaration(
        "Read the icon of the pages.", .other(200, "The icon", mediaType: "image/svg+xml"))
    static let logo = RouteDeclaration(
        "Read the application's logo.", .other(200, "The logo", mediaType: "image/*"))
    static let script = RouteDeclaration(
        "Read the script with which an application opens connect sessions.",
        .other(200, "The script", mediaType: "text/javascript; charset=utf-8"))
}
