// The OpenAPI document of a host against openapi-spec-validator, a Python package, where it is installed.

import Foundation
import HostTesting
import TestSupport
import Testing

private enum Validator {
    static let absence = "openapi-spec-validator is not installed (pip install openapi-spec-validator)"

    static let isInstalled: Bool = {
        let found = try? ChildProcess.run(["/usr/bin/env", "python3", "-c", "import openapi_spec_validator"])
        return found?.code == 0
    }()

    /// What the validator says about a document; nil when it accepts it.
    static func problem(with document: [UInt8]) async throws -> String? {
        let folder = try TemporaryDirectory()
        let file = try folder.write("openapi.json", String(decoding: document, as: UTF8.self))
        let run = try await onOwnThread {
            try ChildProcess.run(["/usr/bin/env", "python3", "-m", "openapi_spec_validator", file])
        }
        withExtendedLifetime(folder) {}
        return run.code == 0 ? nil : run.output + run.errors
    }
}

@Suite(
    "The OpenAPI document for a validator", .timeLimit(.minutes(5)),
    .enabled(if: Validator.isInstalled, Comment(rawValue: Validator.absence)))
struct OpenAPIValidatorTests {
    @Test("The document is valid OpenAPI 3.1, and a damaged one is not")
    func document() async throws {
        let callers = try await Callers()
        let document = try await callers.nobody.get("/openapi.json")
        #expect(document.text.contains(#""openapi":"3.1."#))
        #expect(try await Validator.problem(with: document.body) == nil)
        let damaged = document.text.replacing(#""in":"path""#, with: #""in":"road""#, maxReplacements: 1)
        #expect(try await Validator.problem(with: Array(damaged.utf8)) != nil)
    }
}
