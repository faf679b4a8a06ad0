// The body of an answer with live events. What reads too slowly is held back by the server, and ends when the feed has gone past it.

package import HTTPServer

extension EventHub {
    /// The events of an answer without end.
    ///
    /// The reader is admitted where the body begins: an answer that has no body leaves none behind.
    package func stream(_ audience: EventAudience, caller: String, after lastID: String?) -> StreamedBody {
        StreamedBody { [self] body in
            guard let reader = try? admit(audience, caller: caller, after: lastID) else { return }
            await Self.send(reader, to: body)
        }
    }

    /// Sends events until the reader ends or goes away.
    private static func send(_ reader: EventReader, to body: BodyWriter) async {
        defer { reader.end() }
        body.onEnding { reader.end() }
        do throws(BodyError) {
            try await body.write(reader.opening)
            while true {
                switch await reader.next() {
                case .frames(let bytes): try await body.write(bytes)
                case .comment: try await body.write(Array(":\n\n".utf8))
                case .end: return
                }
            }
        } catch {
            // The reader has gone.
        }
    }
}
