// A whole HTML document: its head, its one style and script, and the header fields that hold the browser to them. Knows no page.

import Cryptography
package import Requests

/// The document around all pages of one kind.
package struct HTMLDocument: Sendable {
    private let style: HTML
    private let script: HTML
    private let policy: String
    private let isFramed: Bool

    /// - Parameters:
    ///   - script: the script of every page; nil for pages without one.
    ///   - sendsForms: whether forms may be sent to the host, which also governs where their answers may redirect to.
    ///   - connects: whether the script may ask the host.
    ///   - ancestors: the origins whose pages may show these pages in a frame.
    package init(
        style: String, script: String?, sendsForms: Bool = true, connects: Bool = false, ancestors: [String] = []
    ) {
        self.style = .verbatim(style)
        self.script = script.map { "<script>\(.verbatim($0))</script>\n" } ?? .none
        isFramed = !ancestors.isEmpty
        // Only the style and the script of this program may run, by their hashes.
        let rules = [
            "default-src 'none'", "style-src '\(Self.hash(style))'", script.map { "script-src '\(Self.hash($0))'" },
            "img-src 'self'", connects ? "connect-src 'self'" : nil, "form-action '\(sendsForms ? "self" : "none")'",
            "base-uri 'none'", "frame-ancestors \(isFramed ? ancestors.joined(separator: " ") : "'none'")",
        ]
        policy = rules.compactMap(\.self).joined(separator: "; ")
    }

    private static func hash(_ text: String) -> String { "sha256-" + Base64.encode(SHA256.digest(text).bytes) }

    /// Returns a page as an answer.
    ///
    /// - Parameters:
    ///   - head: further elements of the head.
    ///   - attributes: attributes of the body, with a space before each.
    ///   - headers: further header fields.
    package func reply(
        status: Int, title: String, head: HTML = .none, attributes: HTML = .none, body: HTML,
        headers: [(name: String, value: String)]
    ) -> Reply {
        let html: HTML = """
            <!doctype html>
            <html lang="\(Words.language)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>\(title)</title>
            \(head)<link rel="icon" href="/connect/icon.svg">
            <style>\(style)</style>
            </head>
            <body\(attributes)>
            \(body)
            \(script)</body>
            </html>

            """
        return Reply(
            status: status,
            headers: [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)]
                + (isFramed ? [] : [("X-Frame-Options", "DENY")]) + headers, body: Array(html.markup.utf8))
    }

    /// The element that keeps a page out of search engines.
    package static let unlisted: HTML = "<meta name=\"robots\" content=\"noindex\">\n"
}
