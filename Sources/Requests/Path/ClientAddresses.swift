// The address that a request without a user counts for. Behind a trusted proxy it is the address that the proxy forwards.

package import HTTPServer

/// Client addresses, with the proxies whose word about them counts.
package struct ClientAddresses: Sendable {
    /// The largest number of forwarded addresses that are read, from the nearest on.
    static let hopsMax = 16

    private let trusted: [AddressRange]

    /// - Parameter trusted: the addresses of proxies; a request from any other address is its client's.
    package init(trusted: [AddressRange] = []) { self.trusted = trusted }

    func client(of request: borrowing HTTPRequest) -> String {
        guard isTrusted(request.remoteAddress) else { return request.remoteAddress.clientName }
        var fields: [String] = []
        var start = 0
        while let index = request.headerIndex("x-forwarded-for", from: start) {
            fields.append(request.header(at: index).value.string ?? "")
            start = index + 1
        }
        return client(forwarded: fields, by: request.remoteAddress)
    }

    func client(of request: HTTPRequestSnapshot) -> String {
        guard isTrusted(request.remoteAddress) else { return request.remoteAddress.clientName }
        let fields = request.headers("x-forwarded-for").map { String(validating: $0, as: UTF8.self) ?? "" }
        return client(forwarded: fields, by: request.remoteAddress)
    }

    private func isTrusted(_ address: SocketAddress) -> Bool { trusted.contains { $0.contains(address) } }

    /// Returns the last forwarded address that is not a trusted proxy's.
    ///
    /// Each proxy adds the address of its peer at the end, so only what trusted proxies added counts. What is not an
    /// address ends the search.
    func client(forwarded fields: [String], by peer: SocketAddress) -> String {
        var nearest = peer
        let hops = fields.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for hop in hops.reversed().prefix(Self.hopsMax) {
            let text = hop.drop { $0 == " " }.trimmingSuffix { $0 == " " }
            guard let address = SocketAddress(host: text) ?? (try? SocketAddress(String(text))) else { break }
            nearest = address
            if !isTrusted(address) { break }
        }
        return nearest.clientName
    }
}

extension Substring {
    /// The text without the characters at its end that satisfy `predicate`.
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
