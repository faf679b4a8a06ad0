// The checks that a request passes before anything is done with it: header fields that cannot smuggle a second request, limits
// in range, a method that takes its body.

import Primitives

/// Field names that decide framing or routing, which are the client's own.
private let reservedFields: Set<String> = [
    "connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",
]

extension HTTPClient.Request {
    /// Checks everything that can be known without the network.
    func validated() throws(HTTPClientError) -> RequestTarget {
        let target = try RequestTarget(url: url)
        func refuse(_ fault: HTTPClientError.InvalidRequest) -> HTTPClientError {
            HTTPClientError(.invalidRequest(fault), host: target.host)
        }
        guard target.isSecure || !requiresHTTPS else { throw refuse(.notHTTPS) }
        if let allowedPorts, !allowedPorts.contains(target.port) { throw refuse(.port(target.port)) }
        for limit in [timeouts.connect, timeouts.firstByte, timeouts.total] {
            guard limit >= .milliseconds(1), limit <= HTTPClientLimits.timeoutMax else { throw refuse(.limit) }
        }
        guard responseBodyBytesMax >= 0 else { throw refuse(.limit) }
        if let body {
            guard method != .get, method != .head, body.count <= HTTPClientLimits.requestBodyBytesMax else {
                throw refuse(.body)
            }
        }
        try checkHeaders(host: target.host)
        return target
    }

    private func checkHeaders(host: String) throws(HTTPClientError) {
        guard headers.count <= HTTPClientLimits.requestHeaderFieldsMax else {
            throw HTTPClientError(.invalidRequest(.headersTooLarge), host: host)
        }
        var byteCount = 0
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ ASCII.token.contains($0) }) else {
                throw HTTPClientError(.invalidRequest(.headerName), host: host)
            }
            guard !reservedFields.contains(ASCII.lowercased(name)) else {
                throw HTTPClientError(.invalidRequest(.headerReserved(name: name)), host: host)
            }
            for byte in value.utf8 where byte != ASCII.tab && ASCII.isControl(byte) {
                throw HTTPClientError(.invalidRequest(.headerValue(name: name)), host: host)
            }
            byteCount += name.utf8.count + value.utf8.count + 4
        }
        guard byteCount <= HTTPClientLimits.requestHeaderBytesMax else {
            throw HTTPClientError(.invalidRequest(.headersTooLarge), host: host)
        }
    }
}
