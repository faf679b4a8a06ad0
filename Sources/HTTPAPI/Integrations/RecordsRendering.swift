// Renders the record stream of a connection and its dead letters.

import ProviderSDK
import Requests
import Sync

enum RecordsRendering {
    static func page(_ page: RecordReader.Page) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.key("records")
            writer.array { writer in
                for record in page.records { write(record, to: &writer) }
            }
            writer.member("nextCursor", page.next.text)
            writer.member("hasMore", page.hasMore)
        }
    }

    private static func write(_ record: SyncedRecord, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", record.id)
            writer.member("dataType", record.dataType)
            writer.member("change", record.change.rawValue)
            writer.member("sourceId", record.sourceID)
            writer.member("updatedAt", record.updatedAt?.text(withMilliseconds: true))
            writer.key("data")
            if record.json.isEmpty { writer.null() } else { writer.raw(record.json) }
            if record.isOutOfReach { writer.member("outOfReach", true) }
        }
    }

    static func deadLetters(_ page: DeadLetterService.Page, connection id: String) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.key("deadLetters")
            writer.array { writer in
                for letter in page.letters { deadLetter(letter, to: &writer) }
            }
            writer.member("nextCursor", page.next.map { DeadLetterCursor($0, connection: id).text })
            writer.member("hasMore", page.next != nil)
            writer.member("total", page.total)
            writer.member("dropped", page.dropped)
        }
    }

    private static func deadLetter(_ letter: DeadLetter, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", letter.id)
            writer.member("dataType", letter.dataType)
            writer.member("sourceId", letter.sourceID)
            writer.member("change", letter.change == .deleted ? "deleted" : "upserted")
            writer.member("field", letter.failure.field)
            writer.member("rule", letter.failure.rule)
            writer.member("reason", letter.failure.problem)
            writer.key("plugin")
            writer.object { writer in
                writer.member("id", letter.pluginID)
                writer.member("version", letter.pluginVersion)
            }
            writer.member("syncId", letter.syncID)
            writer.member("failedAt", letter.at.text(withMilliseconds: true))
            writer.key("payload")
            writer.raw(letter.redacted)
            writer.member("payloadBytes", letter.payloadBytes)
            writer.member("isReplayable", letter.sealed != nil)
        }
    }
}
