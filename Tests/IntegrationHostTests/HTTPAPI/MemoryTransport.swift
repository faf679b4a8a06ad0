// Sends the bytes of a request through the real parser, an application and the real response writer, without a socket.

import HostTesting

@testable import HTTPServer

enum MemoryTransport {
    /// The answer of `application` to one complete request.
    static func send(_ request: String, to application: some HTTPApplication) async throws -> TestResponse? {
        let bytes = Array(request.utf8)
        let address = try SocketAddress("127.0.0.1:1")
        let parser = RequestParser(HTTPServerLimits())
        var head = RequestHead()
        var progress = HeadProgress()
        var writer = ResponseWriter()
        do throws(RequestRejection) {
            guard try parser.parse(bytes.span, &progress, into: &head) else { return nil }
            if let deferred = respond(bytes, &head, address, application, &writer) {
                writer.write(await deferred.operation())
            }
        } catch {
            let rejected = RejectedRequest(reason: error, remoteAddress: address, bytes: bytes.span, parser: parser)
            writer.status = rejected.status
            application.respond(toRejected: rejected, &writer)
        }
        var output = ByteBuffer()
        var date = DateCache()
        date.set(second: 0)
        writer.finish(into: &output, ResponseFraming(isHead: head.method == .head, closes: true), date: date)
        return RawExchange.response(output.array)
    }

    private static func respond(
        _ bytes: [UInt8], _ head: inout RequestHead, _ address: SocketAddress, _ application: some HTTPApplication,
        _ writer: inout ResponseWriter
    ) -> DeferredResponse? {
        let (start, count) = (head.length, bytes.count - head.length)
        return unsafe withUnsafePointer(to: &head) { head in
            unsafe bytes.withUnsafeBufferPointer { message in
                guard let base = message.baseAddress else { return nil }
                let request = unsafe HTTPRequest(
                    head: head, message: base, bodyStart: start, bodyCount: count, isLastOnConnection: true,
                    remoteAddress: address)
                return application.respond(to: request, &writer)
            }
        }
    }
}
