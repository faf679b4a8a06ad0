// Actions and their runs as JSON; the inputs of an action as a JSON Schema.

import Actions
import ProviderSDK
import Requests

enum ActionRendering {
    static func action(_ action: ActionSpec, isAvailable: Bool, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", action.name)
            writer.member("title", action.title)
            writer.member("description", action.description)
            writer.member("scopes", action.scopes)
            writer.member("available", isAvailable)
            writer.member("settles", action.repeatWindow != nil || action.lookUp != nil)
            writer.key("input")
            schema(of: action.inputs).write(to: &writer)
            writer.key("output")
            writer.object { writer in for output in action.outputs { writer.member(output.name, output.description) } }
        }
    }

    static func run(_ run: ActionRunRecord, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", run.id)
            writer.member("action", run.action)
            writer.member("status", status(of: run.phase))
            writer.key("output")
            writer.value(run.output ?? .null)
            writer.key("error")
            if let failure = run.failure {
                writer.object { writer in
                    writer.member("reason", failure.reason.rawValue)
                    writer.member("code", failure.code)
                    writer.member("message", failure.message)
                    writer.member("retryable", failure.isRetryable)
                }
            } else {
                writer.null()
            }
            writer.member("settling", run.phase == .unsettled)
            writer.member("startedAt", run.startedAt.description)
            writer.member("completedAt", run.completedAt?.description)
        }
    }

    private static func status(of phase: ActionRunRecord.Phase) -> String {
        switch phase {
        case .intended, .sent: "running"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .unsettled, .unknown: "unknown"
        }
    }

    /// The JSON Schema of an object of inputs.
    static func schema(of inputs: [ActionInput]) -> Schema {
        .object(
            inputs.map { input in
                var schema = schema(of: input.kind).noted(input.description)
                if let example = input.example { schema = schema.example(example) }
                return input.isRequired ? .required(input.name, schema) : .optional(input.name, schema)
            })
    }

    private static func schema(of kind: ActionInput.Kind) -> Schema {
        switch kind {
        case .text(let bytesMax, _): .text(bytesMax: bytesMax, isEmptyAllowed: false)
        case .integer(let range): .integer(range)
        case .boolean: .boolean
        case .choice(let texts): .choice(texts)
        case .money: Schema.text(bytesMax: 20, isEmptyAllowed: false).example("19.99")
        case .date: Schema.text(bytesMax: 10, isEmptyAllowed: false).example("2026-01-31")
        case .moment: .moment
        case .list(let inputs, let countMax): .list(of: schema(of: inputs), countMax: countMax)
        @unknown default: .anything
        }
    }
}
