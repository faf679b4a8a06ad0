// A writer to be killed: does a fixed amount of work on a data directory and says on standard output what was
// acknowledged, one line each, at once. Whoever killed it checks the directory against those lines.
//
//     DocumentStoreCrashWriter DIRECTORY documents|records ROUNDS
//     DocumentStoreCrashWriter DIRECTORY backup|restore ARCHIVE KEY

import CLinux
import Cryptography
import DocumentStore
import Glibc
import RecordStore
import Storage
import StoreFiles

@main
struct Program {
    static func main() async {
        let arguments = CommandLine.arguments
        if arguments.count == 5 { return await copy(arguments) }
        guard arguments.count == 4, let rounds = Int(arguments[3]) else { exit(2) }
        do throws(StoreError) {
            var options = StoreOptions()
            options.checkpointDelay = .milliseconds(2)
            options.ioThreadsMax = 4
            let store = try DataDirectory(path: arguments[1], options: options)
            say("ready")
            switch arguments[2] {
            case "documents": await writeDocuments(store.documents, rounds)
            case "records": try await writeRecords(store.records, rounds)
            default: exit(2)
            }
            store.close()
            say("closed")
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    /// Makes a sealed backup of the directory, or restores one into it.
    static func copy(_ arguments: [String]) async {
        let (directory, archive) = (arguments[1], arguments[3])
        let isBackup = arguments[2] == "backup"
        var pem = [UInt8](repeating: 0, count: 8192)
        let key = unsafe open(arguments[4], O_RDONLY)
        let count = unsafe read(key, &pem, pem.count)
        let text = String(decoding: pem[..<max(0, count)], as: UTF8.self)
        let file = unsafe open(archive, isBackup ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0o600)
        guard file >= 0 else { exit(2) }
        do {
            if isBackup {
                let store = try DataDirectory(path: directory)
                let recipient = try SealingRecipient(pem: text)
                let output = ArchiveOutput(descriptor: file, name: archive, recipient: recipient)
                _ = try await store.backup(to: output)
                store.close()
            } else {
                let input = ArchiveInput(descriptor: file, name: archive, identity: try SealingIdentity(pem: text))
                _ = try DataDirectory.restore(from: input, to: directory)
            }
            say("closed")
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    /// One line in one write, so that a kill never cuts it.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        guard unsafe write(1, bytes, bytes.count) == bytes.count else { exit(3) }
    }

    /// Four writers with two documents each: saves, and now and then a deletion.
    static func writeDocuments(_ documents: Documents, _ rounds: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask { await change(documents, rounds, writer: writer) }
            }
        }
    }

    private static func change(_ documents: Documents, _ rounds: Int, writer: Int) async {
        for round in 1...rounds {
            let id = "writer-\(writer)-\(round % 2)"
            let key = DocumentKey(collection: "users", id: Array(id.utf8))
            let filler = String(repeating: "x", count: (round * 911) % 5000)
            do throws(StoreError) {
                if round % 7 == 0 {
                    say("try \(id) \(round) delete")
                    _ = try await documents.delete(key, expecting: .any)
                } else {
                    say("try \(id) \(round) save")
                    let text = "{\"round\":\(round),\"filler\":\"\(filler)\",\"end\":\(round)}"
                    _ = try await documents.save(key, Array(text.utf8), expecting: .any)
                }
                say("done \(id) \(round)")
            } catch { say("error \(error)") }
        }
    }

    /// Pages of records whose checkpoint tells the page, then a full synchronisation that drops every second record.
    static func writeRecords(_ records: Records, _ rounds: Int) async throws(StoreError) {
        let stream = StreamID("stream")
        for page in 1...rounds {
            var batch = RecordBatch(dataType: "payments", checkpoint: Array("\(page)".utf8))
            for index in 0..<5 { add("\(page)-\(index)", to: &batch) }
            say("page \(page)")
            _ = try await records.append(batch, to: stream)
            say("paged \(page)")
        }
        let generation = try await records.beginGeneration(of: "payments", in: stream)
        for page in 1...rounds {
            var batch = RecordBatch(dataType: "payments", checkpoint: Array("full \(page)".utf8))
            for index in stride(from: 0, to: 5, by: 2) { add("\(page)-\(index)", to: &batch) }
            _ = try await records.append(batch, to: generation)
            say("staged \(page)")
        }
        say("commit")
        _ = try await records.commit(generation, timestampMilliseconds: 1)
        say("committed")
    }

    private static func add(_ id: String, to batch: inout RecordBatch) {
        batch.upsert(id: Array(id.utf8), timestampMilliseconds: 1, payload: Array("{\"id\":\"\(id)\"}".utf8))
    }
}
