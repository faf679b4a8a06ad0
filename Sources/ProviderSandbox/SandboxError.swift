// Why a sandbox did not start.

import HTTPServer

/// Why a sandbox could not start.
public enum SandboxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The server could not listen; the text says why and what to do.
    case server(String)
    /// `start()` was called twice.
    case alreadyStarted

    init(_ error: ServerError) { self = error == .alreadyStarted ? .alreadyStarted : .server(error.description) }

    /// What happened, why, and what to do.
    public var description: String {
        switch self {
        case .server(let reason): reason
        case .alreadyStarted: "The sandbox was started already: make a new one to start again."
        }
    }
}
