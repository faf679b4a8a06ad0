// The URL under which a process of this machine reaches a host that listens on an address.

package enum LocalAddress {
    /// Returns the URL of `address`, which is a setting `listen`.
    package static func url(of address: String) -> String {
        for (any, loopback) in [("0.0.0.0:", "127.0.0.1:"), ("[::]:", "[::1]:")] where address.hasPrefix(any) {
            return "http://" + loopback + address.dropFirst(any.count)
        }
        return "http://" + address
    }
}
