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
        if start > 0 { return client(forwarded: fields, by: request.remoteAddress) }
        start = 0
        while let index = request.headerIndex("forwarded", from: start) {
            fields.append(request.header(at: index).value.string ?? "")
            start = index + 1
        }
        return client(hops: ForwardedField.hops(fields), by: request.remoteAddress)
    }

    func client(of request: HTTPRequestSnapshot) -> String {
        guard isTrusted(request.remoteAddress) else { return request.remoteAddress.clientName }
        let fields = request.headers("x-forwarded-for").map { String(validating: $0, as: UTF8.self) ?? "" }
        if !fields.isEmpty { return client(forwarded: fields, by: request.remoteAddress) }
        let standard = request.headers("forwarded").map { String(validating: $0, as: UTF8.self) ?? "" }
        return client(hops: ForwardedField.hops(standard), by: request.remoteAddress)
    }

    private func isTrusted(_ address: SocketAddress) -> Bool { trusted.contains { $0.contains(address) } }

    /// Returns the last forwarded address that is not a trusted proxy's.
    ///
    /// Each proxy adds the address of its peer at the end, so only what trusted proxies added counts. What is not an
    /// address ends the search.
    func client(forwarded fields: [String], by peer: SocketAddress) -> String {
        client(hops: fields.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }, by: peer)
    }

    private func client(hops: [Substring], by peer: SocketAddress) -> String {
        var nearest = peer
        for hop in hops.reversed().prefix(Self.hopsMax) {
            let text = hop.drop { $0 == " " }.trimmingSuffix { $0 == " " }
            guard let address = SocketAddress(host: text) ?? (try? SocketAddress(String(text))) else { break }
            nearest = address
            if !isTrusted(address) { break }
        }
        return nearest.clientName
    }
}

/// The field `Forwarded` (RFC 7239): elements with commas between them, each with pairs of which `for` names a client.
enum ForwardedField {
    /// Returns the client of each element, from the farthest to the nearest; empty for an element that names none, and for one that cannot
    /// be read.
    static func hops(_ fields: [String]) -> [Substring] {
        fields.flatMap { field -> [Substring] in
            // A quote that is not closed could hide a comma: then nothing of the field counts.
            guard let elements = split(field[...], at: ",") else { return [""] }
            return elements.map { element in
                let pairs = split(element, at: ";") ?? []
                let clients = pairs.compactMap(client)
                return clients.count == 1 ? clients[0] : ""
            }
        }
    }

    /// The value of a pair `for=…` without its quotes; nil for any other pair.
    private static func client(_ pair: Substring) -> Substring? {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].drop(while: { $0 == " " }).lowercased() == "for" else { return nil }
        let value = parts[1].trimmingSuffix { $0 == " " }
        guard value.hasPrefix("\"") else { return value }
        // An escape stands for no part of an address.
        guard value.utf8.count >= 2, value.hasSuffix("\""), !value.contains("\\") else { return "" }
        return value.dropFirst().dropLast()
    }

    /// Splits at a separator outside of quotes; nil where a quote is not closed.
    private static func split(_ text: Substring, at separator: Character) -> [Substring]? {
        var parts: [Substring] = []
        var (start, isQuoted, isEscaped) = (text.startIndex, false, false)
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if character == "\\", isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == separator, !isQuoted {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        return isQuoted ? nil : parts + [text[start...]]
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
