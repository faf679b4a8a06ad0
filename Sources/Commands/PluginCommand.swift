// `integration-host plugin new NAME` and `plugin verify NAME|FILE`: the commands for plugin authors.

import CLinux
import Configuration
import Glibc
import PluginLoading
import Processes

enum PluginCommand {
    static func run(_ arguments: Arguments) throws {
        guard let action = arguments.operands.first, ["new", "verify"].contains(action) else {
            throw UsageError("say what to do: new NAME, or verify NAME or FILE")
        }
        guard arguments.operands.count == 2 else {
            throw UsageError(action == "new" ? "the name of the plugin is needed" : "a plugin or a file is needed")
        }
        if action == "new" { return try make(arguments.operands[1]) }
        try verify(arguments.operands[1], try Configuration.load(arguments))
    }

    // MARK: new

    /// Writes the files of a new plugin into the package in the current directory.
    private static func make(_ name: String) throws {
        guard let template = PluginTemplate(name) else {
            throw UsageError(
                "“\(name)” cannot be the name of a plugin: it is the name of a Swift module, 1 to 24 ASCII letters and digits, beginning with a capital, such as Acme"
            )
        }
        for needed in ["Package.swift", "Plugins", "Tests", "Sources/ProviderSDK"] where !exists(needed) {
            throw PluginCommandError("\(needed) is missing; run this in the root of the host's repository.")
        }
        for planned in ["Plugins/\(name)", "Sources/\(name)", "Tests/\(name)", "Tests/\(name)Tests"] {
            if let found = existing(planned) {
                throw PluginCommandError("\(found) exists already; choose another name.")
            }
        }
        for folder in ["Plugins/\(name)", "Tests/\(name)Tests"] where unsafe mkdir(folder, 0o755) != 0 {
            throw PluginCommandError("\(folder) cannot be made (\(unsafe String(cString: strerror(errno)))).")
        }
        for file in template.files { try write(file.text, to: file.path) }
        StandardOutput.line(
            """
            Written:
            \(template.files.map { "  " + $0.path }.joined(separator: "\n"))

            Build and test it as it is, then change it line by line:
              scripts/test --filter \(name)Tests
              .build/debug/integration-host plugin verify \(name)
            """)
    }

    private static func write(_ text: String, to path: String) throws {
        // Sources are readable by all users, unlike the host's data.
        let descriptor = unsafe cl_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw PluginCommandError("\(path) cannot be made (\(unsafe String(cString: strerror(errno)))).")
        }
        defer { close(descriptor) }
        fchmod(descriptor, 0o644)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw PluginCommandError("\(path) cannot be written (\(unsafe String(cString: strerror(errno)))).")
            }
            rest = rest.dropFirst(written)
        }
    }

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Returns the existing entry of that name, ignoring case, as some file systems do.
    private static func existing(_ path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let folder = String(path[..<slash])
        let name = path[path.index(after: slash)...].lowercased()
        return FolderNames.of(folder).first { $0.lowercased() == name }.map { folder + "/" + $0 }
    }

    // MARK: verify

    /// Loads one plugin alone, checks it and prints the report.
    private static func verify(_ name: String, _ configuration: Configuration) throws {
        let file = try file(of: name, configuration)
        var loader = PluginLoader()
        loader.load(file: file)
        if let rejection = loader.rejections.first { throw PluginCommandError("refused: \(rejection)") }
        guard let plugin = loader.plugins.first else {
            throw PluginCommandError("\(file) is the SDK's own library, not a plugin.")
        }
        let report = PluginReport(plugin)
        StandardOutput.line(report.text)
        guard report.problems.isEmpty else {
            throw PluginCommandError("\(file) failed the conformance checks.")
        }
    }

    /// Returns the file to verify: a path, or the library with this name in the plugin folders.
    private static func file(of name: String, _ configuration: Configuration) throws -> String {
        if name.contains("/") || name.hasSuffix(".so") { return name }
        let wanted = "lib\(name).so".lowercased()
        let folders = PluginFolders.paths(configuration)
        for folder in folders {
            if let found = FolderNames.of(folder).sorted().first(where: { $0.lowercased() == wanted }) {
                return folder + "/" + found
            }
        }
        throw PluginCommandError(
            "there is no lib\(name).so in \(folders.joined(separator: ", ")): build it, or give the path of a file.")
    }
}

/// Why a command for plugins failed, in one sentence.
struct PluginCommandError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The names in a folder.
private enum FolderNames {
    /// All names in the folder; none when it cannot be read.
    static func of(_ folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            names.append(
                unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
                })
        }
        return names
    }
}
