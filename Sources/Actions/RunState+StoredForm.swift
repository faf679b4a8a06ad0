// The stored form of runs.

import ConnectionModel
import ProviderSDK

extension ActionRunRecord {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("action", action)
            writer.member("fingerprint", fingerprint)
            writer.member("phase", phase.rawValue)
            writer.moment("startedAt", startedAt)
            writer.moment("sentAt", sentAt)
            writer.moment("completedAt", completedAt)
            writer.member("inputs", sealedInputs)
            writer.key("output")
            writer.value(output ?? .null)
            if let failure {
                writer.key("error")
                writer.object { writer in
                    writer.member("reason", failure.reason.rawValue)
                    writer.member("code", failure.code)
                    writer.member("message", failure.message)
                    writer.member("retryable", failure.isRetryable)
                }
            }
            if settleCount > 0 { writer.member("settleCount", settleCount) }
            if let settleAt { writer.moment("settleAt", settleAt) }
        }
    }

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, let action = json["action"]?.string,
            let fingerprint = json["fingerprint"]?.string, let startedAt = json.moment("startedAt"),
            let phase = json["phase"]?.string.flatMap(Phase.init)
        else { return nil }
        self.init(
            id: id, action: action, fingerprint: fingerprint, sealedInputs: json["inputs"]?.string, at: startedAt)
        self.phase = phase
        sentAt = json.moment("sentAt")
        completedAt = json.moment("completedAt")
        output = json["output"].flatMap { $0.isNull ? nil : $0.detached }
        if let error = json["error"], let message = error["message"]?.string {
            failure = RunFailure(
                error["reason"]?.string.flatMap(RunFailure.Reason.init) ?? .unknown, message,
                code: error["code"]?.string, isRetryable: error["retryable"]?.boolean ?? false)
        }
        settleCount = json.count("settleCount") ?? 0
        settleAt = json.moment("settleAt")
    }
}
