// How a run whose answer was lost is settled: by sending it again where the provider knows it again, or by a look-up.

/// How a provider takes the same request twice.
public struct ActionIdempotency: Sendable {
    /// How the provider knows a request again.
    public enum Means: Sendable, Equatable {
        /// By the key in this header field.
        case header(String)
        /// By the key in this parameter of the query.
        case query(String)
        /// By the key that the body has: the template contains ``ActionValue/key``.
        case body
        /// It does not have to: done twice, the action has the same effect as done once.
        case repeatable
    }

    /// How the provider knows a request again.
    public var means: Means
    /// How long after the first request it does.
    public var window: Duration
    /// The provider's codes for a request with a known key and another content, which say nothing about the first one.
    public var mismatchCodes: [String] = []
    /// The provider's codes that say, of a request that is sent again, that the first one did it.
    public var doneCodes: [String] = []

    /// A key that the provider keeps for `window`.
    public init(
        _ means: Means, window: Duration, _ configure: (inout ActionIdempotency) -> Void = { _ in }
    ) {
        self.means = means
        self.window = window
        configure(&self)
    }

    /// An action that can be done twice without harm; an answer of `doneCodes` says that it was done before.
    public static func repeatable(doneCodes: [String] = []) -> ActionIdempotency {
        ActionIdempotency(.repeatable, window: .seconds(86_400)) { $0.doneCodes = doneCodes }
    }
}

/// A request that finds out whether a run was carried out.
public struct ActionLookUp: Sendable {
    /// The request, which reads only.
    public var request: ActionRequest
    /// The objects among which that of the run is; the empty path means the answer itself.
    public var objects: ValuePath
    /// Where an object has the key of its run.
    public var key: ValuePath
    /// How far before the beginning of the run the provider's clock may be, for ``since``.
    public var margin: Duration = .seconds(300)
    /// The parameter of the query that takes the moment, in seconds, from which on objects are wanted; nil for none.
    public var since: String?

    /// A look-up by `request` of the object that has the run's key at `key`.
    public init(
        _ request: ActionRequest, objects: ValuePath, key: ValuePath,
        _ configure: (inout ActionLookUp) -> Void = { _ in }
    ) {
        self.request = request
        self.objects = objects
        self.key = key
        configure(&self)
    }
}
