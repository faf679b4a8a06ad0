// Which proxy a request goes through: the operator's, except for hosts that are reached directly. Read from a setting or
// from the environment; a pure function of a request's target.

import Primitives

/// A proxy that requests go through.
public struct Proxy: Sendable, Equatable {
    /// Its URL, perhaps with a user and a password: a secret.
    let url: String
    /// Its host and port, for messages.
    public let name: String

    private static let schemes = ["http", "https", "socks5", "socks5h"]

    /// The proxy at `text`, such as `http://proxy.example:3128`; without a scheme it is an HTTP proxy.
    ///
    /// Nil when it is no such URL.
    public init?(_ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = parts.count == 2 ? ASCII.lowercased(String(parts[0])) : "http"
        guard Self.schemes.contains(scheme) else { return nil }
        var rest = parts[parts.count - 1]
        if rest.utf8.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        let userInfo = rest.lastIndex(of: "@").map { rest[...$0] } ?? rest.prefix(0)
        let authority = rest[userInfo.endIndex...]
        guard let target = try? RequestTarget(url: "http://\(authority)"),
            !authority.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }),
            userInfo.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "/") })
        else { return nil }
        // A proxy without a port listens where its scheme does.
        let hasPort =
            authority.utf8.last != UInt8(ascii: "]") && authority.split(separator: "]").last?.contains(":") == true
        let port = hasPort ? target.port : scheme == "http" ? 80 : scheme == "https" ? 443 : 1080
        let host = target.host.contains(":") ? "[\(target.host)]" : target.host
        name = "\(host):\(port)"
        url = "\(scheme)://\(userInfo)\(name)"
    }
}

/// The proxies of a client.
public struct ProxyRules: Sendable {
    /// The proxy for `http` URLs.
    public var plain: Proxy?
    /// The proxy for `https` URLs.
    public var secure: Proxy?
    private var exceptions: [Exception] = []

    /// A host that is reached directly.
    private enum Exception: Sendable, Equatable {
        case all
        case name(String, port: Int?)
        case network(IPAddress, prefix: Int, port: Int?)
    }

    /// Every request goes directly.
    public init() {}

    /// Requests go through `proxy`, except those to the hosts that `exceptions` names.
    ///
    /// - Parameter exceptions: names (each with those below it), addresses or networks, all with or without a port; `*` is all.
    public init(_ proxy: Proxy, except exceptions: [String]) {
        plain = proxy
        secure = proxy
        self.exceptions = exceptions.compactMap(Self.exception)
    }

    /// The rules of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, which may also be in lower case.
    ///
    /// - Parameter invalid: called with the name of a variable that holds no proxy.
    public init(environment: [String: String], invalid: (String) -> Void = { _ in }) {
        func value(_ name: String) -> (name: String, text: String)? {
            for name in [name.lowercased(), name] {
                if let text = environment[name], !text.isEmpty { return (name, text) }
            }
            return nil
        }
        func proxy(_ name: String) -> Proxy? {
            guard let (name, text) = value(name) ?? value("ALL_PROXY") else { return nil }
            guard let proxy = Proxy(text) else {
                invalid(name)
                return nil
            }
            return proxy
        }
        plain = proxy("HTTP_PROXY")
        secure = proxy("HTTPS_PROXY")
        exceptions = Self.exceptions(in: value("NO_PROXY")?.text ?? "").compactMap(Self.exception)
    }

    /// The entries of a text like that of `NO_PROXY`, separated by commas or spaces.
    public static func exceptions(in text: String) -> [String] {
        text.split { $0 == "," || $0 == " " }.map(String.init)
    }

    /// Whether no request goes through a proxy.
    public var isEmpty: Bool { plain == nil && secure == nil }

    /// The proxy for a target; nil for one that is reached directly.
    func proxy(for target: RequestTarget) -> Proxy? {
        guard let proxy = target.isSecure ? secure : plain else { return nil }
        let address = IPAddress(target.host)
        let isExcepted = exceptions.contains { exception in
            switch exception {
            case .all: true
            case .name(let name, let port):
                (port ?? target.port) == target.port && address == nil && Self.isWithin(target.host, name)
            case .network(let network, let prefix, let port):
                (port ?? target.port) == target.port && address?.isWithin(network, prefix: prefix) == true
            }
        }
        return isExcepted ? nil : proxy
    }

    /// Whether `host` is `name` or below it; both are in lower case.
    private static func isWithin(_ host: String, _ name: String) -> Bool {
        let host = host.utf8.last == UInt8(ascii: ".") ? host.utf8.dropLast() : host.utf8[...]
        return host.elementsEqual(name.utf8) || host.suffix(name.utf8.count + 1).elementsEqual(".\(name)".utf8)
    }

    private static func exception(_ text: String) -> Exception? {
        if text == "*" { return .all }
        var (host, port) = (Substring(text), Int?.none)
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            port = host[end...].dropFirst().hasPrefix(":") ? Int(host[end...].dropFirst(2)) : nil
            host = host[host.index(after: host.startIndex)..<end]
        } else if host.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1, let colon = host.lastIndex(of: ":") {
            port = Int(host[host.index(after: colon)...])
            host = host[..<colon]
        }
        let parts = host.split(separator: "/", maxSplits: 1)
        if let first = parts.first, let address = IPAddress(String(first)) {
            let width = if case .v4 = address { 32 } else { 128 }
            guard let prefix = parts.count == 2 ? Int(parts[1]) : width, 0...width ~= prefix else { return nil }
            return .network(address, prefix: prefix, port: port)
        }
        var name = ASCII.lowercased(String(host))
        if name.hasPrefix("*.") { name.removeFirst(2) }
        if name.hasPrefix(".") { name.removeFirst() }
        return name.isEmpty ? nil : .name(name, port: port)
    }
}

extension IPAddress {
    /// Whether the first `prefix` bits are those of `network`.
    fileprivate func isWithin(_ network: IPAddress, prefix: Int) -> Bool {
        switch (unmapped, network.unmapped) {
        case (.v4(let address), .v4(let network)):
            // A network of mapped addresses counts the 96 bits in front.
            let bits = min(32, prefix > 32 ? max(0, prefix - 96) : prefix)
            return bits == 0 || (address ^ network) >> UInt32(32 - bits) == 0
        case (.v6(let high, let low), .v6(let networkHigh, let networkLow)):
            let first = min(64, prefix)
            if first > 0, (high ^ networkHigh) >> UInt64(64 - first) != 0 { return false }
            let second = max(0, prefix - 64)
            return second == 0 || (low ^ networkLow) >> UInt64(64 - second) == 0
        default: return false
        }
    }
}
