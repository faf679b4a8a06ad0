// Bodies with byte order marks and charset labels, true and wrong ones.

import Testing

@testable import Providers

@Suite("Text of answers", .timeLimit(.minutes(2)))
struct BodyTextTests {
    @Test(
        "A body becomes UTF-8 by its mark, its bytes and its label, in this order",
        arguments: [
            (Array("é".utf8), nil, "é"), ([0xEF, 0xBB, 0xBF] + Array("é".utf8), nil, "é"),
            ([0xEF, 0xBB, 0xBF] + Array("é".utf8), "application/json; charset=utf-16", "é"),
            (Array("é".utf8), "application/json; charset=ISO-8859-1", "é"),
            ([0x63, 0xE9], "application/json; charset=\"iso-8859-1\"", "cé"),
            ([0x80, 0x93, 0xFF], "text/plain;charset=Windows-1252", "€“ÿ"),
            ([0xA4, 0xE9], "text/plain; Charset = iso-8859-15", "€é"), ([0xE9], "text/plain; charset=us-ascii", "é"),
            ([0xFF, 0xFE, 0x7B, 0, 0x3D, 0xD8, 0, 0xDE], nil, "{😀"), ([0xFE, 0xFF, 0, 0x7B], nil, "{"),
            ([0, 0x7B, 0, 0x7D], "application/json; charset=utf-16", "{}"),
            ([0x7B, 0, 0x7D, 0], "application/json; charset=utf-16le", "{}"),
            (Array("{}".utf8), "application/json; charset=utf-16", "{}"), ([], "x; charset=latin1", ""),
            (Array("{}".utf8), "application/json; charset=shift_jis", "{}"), (Array("{}".utf8), ";;=;charset", "{}"),
        ] as [([UInt8], String?, String)])
    func decodes(body: [UInt8], contentType: String?, text: String) {
        #expect(BodyText.utf8(body, contentType: contentType) == Array(text.utf8))
    }
}
