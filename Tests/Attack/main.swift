// Attacks a running host with the cases of HostileCases; scripts/attack builds and runs it. Prints one line for each case, and exits 1
// when something came through.
//   integration-host-attack ADDRESS [--allow] [--token TOKEN] [--other-token TOKEN] [--app-key KEY] [--return-to URI] [--service PROVIDER] [--redirect-uri URI]

import Foundation
import HostTesting
import HostileCases

func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
    exit(2)
}

let usage = """
    Usage: scripts/attack ADDRESS [--allow] [--token TOKEN] [--other-token TOKEN] [--app-key KEY] [--return-to URI] [--service PROVIDER] [--redirect-uri URI]
    ADDRESS is an IPv4 address and a port, such as 127.0.0.1:8080. Other machines than this one need --allow.
    """

var arguments = CommandLine.arguments.dropFirst()
guard let place = arguments.popFirst(), var victim = Victim(place) else { fail(usage) }
var isAllowed = false
while let argument = arguments.popFirst() {
    if argument == "--allow" {
        isAllowed = true
        continue
    }
    guard let value = arguments.popFirst() else { fail(usage) }
    switch argument {
    case "--token": victim.token = value
    case "--other-token": victim.otherToken = value
    case "--app-key": victim.applicationKey = value
    case "--return-to": victim.returnTo = value
    case "--service": victim.service = value
    case "--redirect-uri": victim.redirectURI = value
    default: fail(usage)
    }
}
guard victim.isLoopback || isAllowed else {
    fail("\(place) is not this machine. Attack only hosts that you may attack, and say so with --allow.")
}
guard let health = try? await victim.send("GET", "/healthz"), health.status == 200 else {
    fail("No host answers GET /healthz with 200 at \(place).")
}

var counts = (refused: 0, cameThrough: 0, skipped: 0)
for attack in Attack.all {
    switch await attack.run(victim) {
    case .refused:
        counts.refused += 1
        print("refused       \(attack)")
    case .skipped(let reason):
        counts.skipped += 1
        print("skipped       \(attack): \(reason)")
    case .cameThrough(let text):
        counts.cameThrough += 1
        print("CAME THROUGH  \(attack): \(text.replacing("\n", with: " ").replacing("\r", with: " "))")
    }
}
// A case that broke the host shows here at the latest.
let isAlive = (try? await victim.send("GET", "/healthz"))?.status == 200
print(
    "\(counts.refused) refused, \(counts.cameThrough) came through, \(counts.skipped) skipped\(isAlive ? "" : "; the host no longer answers")"
)
exit(counts.cameThrough == 0 && isAlive ? 0 : 1)
