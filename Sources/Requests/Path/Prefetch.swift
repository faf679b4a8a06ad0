// Requests that a browser sends before a person asks for the page: prefetches, prerenders and previews.

import HTTPServer
import Primitives

enum Prefetch {
    /// The fields that announce one: the standard field, and those of older browsers.
    private static let fields: [StaticString] = ["sec-purpose", "purpose", "x-purpose", "x-moz"]
    private static let purposes = ["prefetch", "prerender", "preview", "instant"]

    /// Whether a browser sends `request` before a person asks for the page.
    static func isOne(_ request: borrowing some HeaderFields & ~Copyable) -> Bool {
        fields.contains { field in
            guard let value = request.headerText(field) else { return false }
            return value.utf8.split { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ",") }.contains { part in
                let word = ASCII.lowercased(part.filter { $0 != ASCII.space && $0 != ASCII.tab })
                return purposes.contains { word.elementsEqual($0.utf8) }
            }
        }
    }
}
