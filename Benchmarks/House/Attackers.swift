// The attacking connections of a full house: one thread that opens them, has each do its worst, and opens again what the host closes.
// `Attack` says what each does.

import CLinux
import Glibc

/// One connection.
private struct Attacker {
    let attack: Attack
    let opening: [UInt8]
    var descriptor: Int32 = -1
    /// Bytes of the opening that were sent.
    var sentCount = 0
}

/// Many connections to one host.
@safe
struct Attackers {
    private static let slots = 10
    private let target: sockaddr_in
    private let perSecond: [Attack: [UInt8]]
    private var attackers: [Attacker]
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// `count` connections to a port of this machine, of each of `kinds` in turn.
    init(_ kinds: [Attack], port: UInt16, count: Int, tokens: [String], recordsPath: String) {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        self.target = target
        perSecond = Dictionary(uniqueKeysWithValues: kinds.map { ($0, $0.perSecond) })
        // Openings are shared: ten thousand of a megabyte would be the attackers' own end.
        let openings = kinds.map { kind in
            tokens.map { kind.opening(token: $0, recordsPath: recordsPath) }
        }
        attackers = (0..<count).map { index in
            let kind = index % kinds.count
            return Attacker(attack: kinds[kind], opening: openings[kind][index / kinds.count % tokens.count])
        }
    }

    /// Attacks until the process is ended.
    mutating func run() -> Never {
        var slot = 0
        while true {
            let start = ContinuousClock.now
            for index in stride(from: slot, to: attackers.count, by: Self.slots) { step(index) }
            slot = (slot + 1) % Self.slots
            let next = start + .milliseconds(1000 / Self.slots)
            repeat {
                var moved = false
                for index in attackers.indices where attackers[index].attack.isFlood { moved = pump(index) || moved }
                if !moved { usleep(1000) }
            } while ContinuousClock.now < next
        }
    }

    /// One second of a connection's life.
    private mutating func step(_ index: Int) {
        guard attackers[index].descriptor >= 0 else { return open(index) }
        guard receive(index), send(index) else { return }
        let attacker = attackers[index]
        guard attacker.sentCount == attacker.opening.count, let more = perSecond[attacker.attack], !more.isEmpty
        else { return }
        let count = unsafe Glibc.send(attacker.descriptor, more, more.count, CL_MSG_NOSIGNAL)
        if count < 0 && errno != EAGAIN { close(index) }
    }

    /// Sends what a flood can send now; false where nothing moved.
    private mutating func pump(_ index: Int) -> Bool {
        guard attackers[index].descriptor >= 0 else { return false }
        let before = attackers[index].sentCount
        guard receive(index), send(index) else { return true }
        // The next request.
        if attackers[index].sentCount == attackers[index].opening.count { attackers[index].sentCount = 0 }
        return attackers[index].sentCount != before
    }

    private mutating func open(_ index: Int) {
        let descriptor = socket(AF_INET, CL_SOCK_STREAM | CL_SOCK_NONBLOCK | CL_SOCK_CLOEXEC, 0)
        guard descriptor >= 0 else { return }
        if attackers[index].attack.isSlowReader {
            var bytes: Int32 = 4096
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = target
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        attackers[index].descriptor = descriptor
        attackers[index].sentCount = 0
    }

    private mutating func close(_ index: Int) {
        Glibc.close(attackers[index].descriptor)
        attackers[index].descriptor = -1
    }

    /// Takes answers; false where the connection has ended.
    private mutating func receive(_ index: Int) -> Bool {
        let bytesMax = attackers[index].attack.isSlowReader ? Attack.leastBytes : buffer.count
        let count = unsafe recv(attackers[index].descriptor, &buffer, bytesMax, 0)
        if count > 0 || count < 0 && (errno == EAGAIN || errno == ENOTCONN) { return true }
        close(index)
        return false
    }

    /// Sends of the opening what the host takes; false where the connection has ended.
    private mutating func send(_ index: Int) -> Bool {
        let attacker = attackers[index]
        guard attacker.sentCount < attacker.opening.count else { return true }
        let count = unsafe attacker.opening.withUnsafeBytes { bytes in
            unsafe Glibc.send(
                attacker.descriptor, bytes.baseAddress.map { unsafe $0 + attacker.sentCount },
                bytes.count - attacker.sentCount, CL_MSG_NOSIGNAL)
        }
        if count > 0 {
            attackers[index].sentCount += count
            return true
        }
        if count < 0 && (errno == EAGAIN || errno == ENOTCONN || errno == EINPROGRESS) { return true }
        close(index)
        return false
    }
}
