// What an application gets of the provider's answer to an action.

/// One member of the output of an action.
public struct ActionOutput: Sendable {
    /// Its name.
    public let name: String
    /// Where it stands in the answer: the first of these paths that leads to a text, a number, a boolean, or a short list.
    public let paths: [ValuePath]
    /// What it is, in one sentence.
    public let description: String

    /// The member `name`, from one of `paths`.
    public init(_ name: String, _ paths: [ValuePath], _ description: String) {
        self.name = name
        self.paths = paths
        self.description = description
    }

    /// The member `name`, from `path`.
    public init(_ name: String, _ path: ValuePath, _ description: String) { self.init(name, [path], description) }

    /// Longest output of a run, in bytes; members behind it are null.
    public static let bytesMax = 16_384

    /// The output that `answer` gives.
    static func output(_ outputs: [ActionOutput], of answer: JSONValue) -> JSONValue {
        var left = bytesMax
        return .object(
            outputs.map { output in
                let value = output.paths.lazy.compactMap { output.value(at: $0, in: answer) }.first ?? .null
                let size = value.serialized.count
                guard size <= left else { return (output.name, .null) }
                left -= size
                return (output.name, value.detached)
            })
    }

    private func value(at path: ValuePath, in answer: JSONValue) -> JSONValue? {
        if path.isPlural { return .array(path.all(in: answer)) }
        guard let value = path.first(in: answer), !value.isNull else { return nil }
        return value
    }
}
