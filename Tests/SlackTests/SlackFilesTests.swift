// The files and attachments of messages, as arrays of objects.

import ProviderSDK
import Testing

@testable import Slack

@Suite("Slack files and attachments", .timeLimit(.minutes(2)))
struct SlackFilesTests {
    @Test("Files and attachments of a message are arrays of objects, with what each has")
    func arrays() throws {
        let record = try SlackMappingTests.map(
            "messages",
            [
                "files": [
                    [
                        "id": "F1", "name": "plan.pdf", "title": "Plan", "mimetype": "application/pdf", "size": 2048,
                        "url_private": "https://files.example.com/F1",
                    ],
                    ["id": "F2", "mode": "tombstone"],
                ],
                "attachments": [
                    [
                        "id": 1, "fallback": "A link", "title": "Title", "title_link": "https://a.example.com",
                        "text": "Text", "fields": [["title": "State", "value": "Open", "short": true]],
                    ]
                ],
            ])
        #expect(record["fileIds"] == ["F1", "F2"])
        #expect(
            record["files"]
                == [
                    [
                        "id": "F1", "name": "plan.pdf", "title": "Plan", "type": "application/pdf", "size": 2048,
                        "url": "https://files.example.com/F1",
                    ],
                    ["id": "F2", "name": .null, "title": .null, "type": .null, "size": .null, "url": .null],
                ])
        let attachment = try #require(record["attachments"]?[0])
        #expect(attachment["title"] == "Title" && attachment["url"] == "https://a.example.com")
        #expect(attachment["fields"]?[0]?["value"] == "Open" && attachment["imageUrl"] == .null)
        #expect(try SlackMappingTests.map("messages", [:])["files"] == .null)
    }
}
