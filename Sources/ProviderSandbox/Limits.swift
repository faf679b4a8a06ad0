// Every bound of the sandbox in one place. Stand-ins keep their providers' own limits beside their tables.

enum SandboxLimits {
    /// Bytes of a request body.
    static let bodyBytesMax = 4 * 1024 * 1024
    /// Parameters of a query or a form.
    static let parametersMax = 200
    /// Faults that wait at the same time.
    static let faultsMax = 1000
    /// Bytes that a "huge-body" fault may answer with.
    static let hugeBodyBytesMax = 1 << 30
    /// Bytes that a "huge-body" fault answers with by default.
    static let hugeBodyBytes = 64 << 20
    /// Milliseconds that a fault may delay an answer.
    static let delayMillisecondsMax = 600_000
    /// Objects that one data command creates, changes or deletes.
    static let objectsPerCommandMax = 10_000
    /// Deliveries that one data command causes.
    static let deliveriesPerCommandMax = 100
    /// Objects of one type in one account, generated and created together.
    static let objectsPerTypeMax = 1_000_000
    /// Accounts that a provider can have.
    static let accountsMax = 1000
    /// Grants kept of one client; the oldest are forgotten beyond it.
    static let grantsMax = 100_000
    /// How far the clock is set forward by one command, in seconds: ten years.
    static let advanceSecondsMax: Int64 = 315_576_000
}
