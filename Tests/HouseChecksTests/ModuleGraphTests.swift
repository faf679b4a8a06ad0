import Foundation
import Testing

@testable import HouseChecks

@Suite("Module graph", .timeLimit(.minutes(1)))
struct ModuleGraphTests {
    private static let manifest = Data(
        """
        {"targets": [
            {"name": "CLinux", "type": "system", "path": "Sources/CLinux", "dependencies": []},
            {"name": "Store", "type": "regular", "path": "Sources/Store", "dependencies": [{"byName": ["CLinux", null]}]},
            {"name": "OAuth", "type": "regular", "path": "Sources/OAuth", "dependencies": [{"byName": ["Store", null]},
                {"product": ["SDK", "SDK", null, null]}]},
            {"name": "Program", "type": "executable", "path": "Sources/Program", "dependencies": [{"byName": ["OAuth", null]}]},
            {"name": "OAuthTests", "type": "test", "path": "Tests/OAuthTests", "dependencies": [{"byName": ["Program", null]}]}
        ]}
        """.utf8)

    private static let page = """
        # Architecture

        ```mermaid
        flowchart TD
            Program --> OAuth
            OAuth --> Store & SDK
        ```

        | module | uses |
        |---|---|
        | Program | OAuth |
        | OAuth | SDK, Store |
        | Store | — |

        ```mermaid
        stateDiagram-v2
            pending --> connected
        ```
        """

    @Test("The graph of a manifest holds the modules under Sources and what they use")
    func reads() throws {
        let graph = try ModuleGraph(manifest: Self.manifest)
        #expect(graph.listing == "OAuth → SDK, Store\nProgram → OAuth\nStore")
        #expect(graph == ModuleGraph(table: Self.page))
        #expect(graph.arrows(againstTheFlowOf: ModuleGraph(drawing: Self.page)).isEmpty)
    }

    @Test("An arrow that the page does not draw is found")
    func wrongArrow() throws {
        var graph = try ModuleGraph(manifest: Self.manifest)
        graph.add("Store", ["OAuth"])
        #expect(graph.arrows(missingFrom: ModuleGraph(table: Self.page)).map(\.description) == ["Store → OAuth"])
        #expect(
            graph.arrows(againstTheFlowOf: ModuleGraph(drawing: Self.page)).map(\.description) == ["Store → OAuth"])
        #expect(graph.cycle() == ["OAuth", "Store", "OAuth"])
    }

    @Test("A drawing may leave out an arrow that a longer way implies; a table may not")
    func impliedArrow() throws {
        var graph = try ModuleGraph(manifest: Self.manifest)
        graph.add("Program", ["Store"])
        #expect(graph.arrows(againstTheFlowOf: ModuleGraph(drawing: Self.page)).isEmpty)
        #expect(graph.arrows(missingFrom: ModuleGraph(table: Self.page)).map(\.description) == ["Program → Store"])
    }

    @Test("An import that the manifest does not allow is found")
    func undeclaredImport() throws {
        let graph = try ModuleGraph(manifest: Self.manifest)
        let source = "import Foundation\npackage import OAuth\n@testable import Program\nimport struct Store.Key\n"
        #expect(ModuleGraph.imports(of: source) == ["Foundation", "OAuth", "Program", "Store"])
        #expect(
            graph.undeclaredImports(of: source, in: "Store/A.swift", module: "Store").map(\.imported)
                == ["OAuth", "Program"])
    }
}

@Suite("Lint", .timeLimit(.minutes(1)))
struct LintTests {
    @Test("A word of the list is found as a whole word in any case, and not in quotations")
    func words() {
        let list = WordList("# comment\ntold | said\nlet go of | release\n")
        let text = """
            Nothing.
            Who was Told, and untoldable.
            > told
            Could not let go of it.
            The value `told`, as "told".
            `told` is told.
            """
        #expect(
            list.findings(in: text, file: "a.md").map(\.description) == [
                "a.md:2: “told”: write said", "a.md:4: “let go of”: write release", "a.md:6: “told”: write said",
            ])
    }

    @Test("A package function in a file of the status path must be inlinable")
    func hotPath() {
        let source = """
            // Status path: keeps users.
            @inlinable package func fast() {}
            @inlinable
            package func alsoFast() {}
            package func slow() {}
            public func open() {}
            package struct Value {}
            """
        #expect(HotPath.violations(in: source, file: "A.swift") == ["A.swift:5: package func slow() {}"])
        #expect(HotPath.violations(in: "package func slow() {}", file: "A.swift").isEmpty)
    }

    @Test("A file of the program that imports Foundation is found")
    func costlyImports() {
        let found = ModuleGraph.costlyImports(of: "import Glibc\npackage import Foundation\n", in: "A.swift")
        #expect(found == ["A.swift: Foundation costs every host ten megabytes; do without it."])
        #expect(ModuleGraph.costlyImports(of: "import Glibc\n// import Foundation\n", in: "A.swift").isEmpty)
    }

    @Test("A module, a folder and a file over their bounds are found")
    func sizes() {
        var files = ["Sources/Sync/Engine.swift": 501, "Sources/IntegrationHost/Main.swift": 400]
        for index in 0..<21 { files["Sources/Store/Deep/File\(index).swift"] = 200 }
        #expect(
            SizeBounds.violations(files) == [
                "Sources/Sync/Engine.swift has 501 lines; at most 500.",
                "The module Store has 4200 lines; at most 4000.", "Sources/Store/Deep holds 21 files; at most 20.",
            ])
    }
}
