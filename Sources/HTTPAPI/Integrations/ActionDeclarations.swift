// The declarations of the routes of actions.

import Actions
import ConnectionModel
import ProviderSDK
import Requests

extension IntegrationsDeclarations {
    static let actionKey = Parameter<String>(
        "Idempotency-Key", in: .header,
        Schema.text(bytesMax: ActionLimits.keyBytesMax, isEmptyAllowed: false).example("order-4711")
            .noted("A text of your own for this run; the same key never runs an action twice. It is kept for 30 days."),
        isRequired: true
    ) { (text) throws(ServiceError) in
        guard let text, 1...ActionLimits.keyBytesMax ~= text.utf8.count,
            text.utf8.allSatisfy({ 0x20...0x7E ~= $0 })
        else {
            throw .invalid(
                field: "Idempotency-Key",
                message: "“Idempotency-Key” must be 1 to \(ActionLimits.keyBytesMax) printable ASCII characters")
        }
        return text
    }

    static let runLimit = ListParameters.limit(standard: 50, max: ActionLimits.listedRunsMax)

    private static let run = Schema.object(
        .required("id", .text.example("run_5d41402abc4b2a76b971")), .required("action", .text.example("sendMessage")),
        .required(
            "status",
            .choice(["running", "succeeded", "failed", "unknown"]).noted(
                "`unknown`: the answer of the provider was lost, and the action may have been carried out.")),
        .required(
            "output", .object([], rest: .anything).orNull.noted("What the action gives, by the names in the list.")),
        .required(
            "error",
            Schema.object(
                .required(
                    "reason",
                    .choice(RunFailure.Reason.allCases.map(\.rawValue)).noted(
                        "`refused` and `notSent` say that nothing was done.")),
                .required("code", .text.orNull.noted("The provider's own code.")), .required("message", .text),
                .required("retryable", .boolean.noted("Whether it may succeed later, with another key."))
            ).orNull),
        .required("settling", .boolean.noted("Whether the host still finds out its outcome.")),
        .required("startedAt", .moment), .required("completedAt", .moment.orNull)
    ).named("ActionRun")

    static let listActions = RouteDeclaration(
        "List what an application can do at the provider of a connection.",
        .json(
            "The actions",
            CommonSchemas.success(
                .required(
                    "actions",
                    .list(
                        of: .object(
                            .required("name", .text.example("sendMessage")), .required("title", .text),
                            .required("description", .text), .required("scopes", .list(of: .text)),
                            .required("available", .boolean.noted("Whether the user granted what it needs.")),
                            .required(
                                "settles", .boolean.noted("Whether the host can settle a run whose answer is lost.")
                            ),
                            .required(
                                "input", .object([], rest: .anything).noted("A JSON Schema of the body of a run.")),
                            .required("output", .map(of: .text).noted("The members of the output and what they are."))))
                ))))
    static let runAction = RouteDeclaration(
        "Run an action once for each Idempotency-Key.", parameters: [actionKey.declared],
        body: BodyDeclaration(namedByPath: .anything, "The inputs of the action."),
        .json("The run", CommonSchemas.success(.required("run", run))))
    static let listRuns = RouteDeclaration(
        "List the newest runs of actions.", parameters: [runLimit.declared],
        .json("The runs, the newest first", CommonSchemas.success(.required("runs", .list(of: run)))))
    static let readRun = RouteDeclaration(
        "Read the outcome of a run.", .json("The run", CommonSchemas.success(.required("run", run))))
}
