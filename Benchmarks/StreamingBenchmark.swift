// Bytes per second through a server of this process that reads and writes bodies in pieces, and the memory that it takes. The client sends
// and drops bytes on a thread, with one buffer.

import CLinux
import Foundation
import HTTPServer

enum StreamingBenchmark {
    private static let pieceBytes = 64 * 1024

    /// Counts the body of a POST; answers GET with as many pieces as its target says.
    private struct Application: HTTPApplication {
        func decide(about request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> HeadDecision {
            .stream(bytesMax: .max) { reader in
                var count = 0
                do { while let piece = try await reader.next() { count += piece.count } } catch {
                    return HTTPResponse(status: .badRequest)
                }
                return HTTPResponse(status: .ok, body: Array("\(count)".utf8))
            }
        }

        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            let pieces = Int(request.path.string?.dropFirst() ?? "") ?? 0
            let piece = [UInt8](repeating: 65, count: pieceBytes)
            return DeferredResponse {
                HTTPResponse(
                    status: .ok,
                    stream: StreamedBody { writer in for _ in 0..<pieces { try await writer.write(piece) } })
            }
        }
    }

    /// Sends `gigabytes` each way and prints a line for each.
    static func run(gigabytes: Int) async throws {
        var configuration = ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: 1)
        let memory = MemoryBudget()
        configuration.memory = memory
        let server = try HTTPServer(configuration, application: Application())
        let port = try server.start().port
        let pieces = gigabytes << 30 / pieceBytes
        print("direction | bytes | MB per second | peak of the budget, bytes | peak of the process, KiB")
        for isUpload in [true, false] {
            let start = ContinuousClock.now
            let received = try await onThread { try transfer(port: port, pieces: pieces, isUpload: isUpload) }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let rate = Int(Double(pieces * pieceBytes) / seconds / 1e6)
            print(
                "\(isUpload ? "upload" : "download") | \(received) | \(rate) | \(memory.peakBytes) | \(ProcessFigures.peakKiB(getpid()))"
            )
        }
        await server.shutdown(grace: .zero)
    }

    private static func onThread(_ body: @escaping @Sendable () throws -> Int) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Sends or reads `pieces`; returns the bytes that the server counted, or that came.
    private static func transfer(port: UInt16, pieces: Int, isUpload: Bool) throws -> Int {
        let descriptor = socket(AF_INET, CL_SOCK_STREAM, 0)
        defer { close(descriptor) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        var buffer = [UInt8](repeating: 65, count: pieceBytes)
        func send(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes.withUnsafeBytes {
                    unsafe Glibc.send(descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent, 0)
                }
                if count <= 0 { return }
                sent += count
            }
        }
        if isUpload {
            let length = pieces * pieceBytes
            send(Array("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(length)\r\n\r\n".utf8))
            for _ in 0..<pieces { send(buffer) }
        } else {
            send(Array("GET /\(pieces) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
        }
        var total = 0
        var answer: [UInt8] = []
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            total += count
            if isUpload { answer += buffer[..<count] }
        }
        guard isUpload else { return total }
        let text = String(decoding: answer, as: UTF8.self)
        return Int(text.split(separator: "\r\n").last ?? "") ?? 0
    }
}
