// The accepted webhook URLs: a URL into the host's own network, or one that parsers read differently, is refused.

import HTTPClient
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Notifications

@Suite("Webhook URLs", .timeLimit(.minutes(2)))
struct WebhookURLTests {
    /// Refused everywhere, also if private addresses are allowed.
    static let malformed: [String] = [
        "", " ", "https", "https:", "https:/", "https://", "https:///", "https:///path", "https://?", "https://#",
        "//example.com/", "/hook", "example.com", "example.com/hook", "ftp://example.com/", "file:///etc/passwd",
        "file://example.com/", "gopher://example.com/", "dict://example.com/", "data:text/plain,x",
        "javascript:alert(1)",
        "ws://example.com/", "unix:///run/x.sock", "https:example.com", "https:/example.com", "https:\\\\example.com",
        "https://user@example.com/", "https://user:pass@example.com/", "https://@example.com/",
        "https://:@example.com/",
        "https://example.com@127.0.0.1/", "https://127.0.0.1\\@example.com/", "https://example.com\\@127.0.0.1/",
        "https://example.com#@127.0.0.1/", "https://example.com/#", "https://example.com/#fragment",
        "https://example.com/hook?a=b#c", "https://exa mple.com/", "https://example.com/a b", "https://example.com/\t",
        "https://example.com/\r\nHost: x", "\nhttps://example.com/", " https://example.com/", "https://example.com/ ",
        "https://exämple.com/", "https://example.com/ä", "https://①②⑦.⓪.⓪.①/", "https://１２７.０.０.１/",
        "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "https://127。0。0。1/", "https://localhost\u{0}.example.com/", "https://%6c%6f%63al/",
        "https://example.com%2f@evil.com/", "https://exam%70le.com/", "https://example.com/%",
        "https://example.com/%z1",
        "https://example.com/%2", "https://example.com/?%", "https://example.com/<x>", "https://example.com/\"x\"",
        "https://example.com/{x}", "https://example.com/a|b", "https://example.com/a^b", "https://example.com/`",
        "https://example.com/a\\b", "https://example.com/[x]", "https://.example.com/", "https://example..com/",
        "https://example.com./", "https://./", "https://../", "https://-example.com/", "https://example-.com/",
        "https://exa_mple.com/", "https://exa*mple.com/", "https://*.com/", "https://example.com:/",
        "https://example.com:0/",
        "https://example.com:65536/", "https://example.com:99999/", "https://example.com:123456/",
        "https://example.com:0443/",
        "https://example.com:+443/", "https://example.com:-1/", "https://example.com:443a/", "https://example.com:a/",
        "https://example.com:443:443/", "https://example.com: 443/", "https://127.1/", "https://127.0.1/",
        "https://2130706433/", "https://0/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0x7f.1/",
        "https://0177.0.0.1/", "https://017700000001/", "https://127.0.0.01/", "https://127.0.0.0x1/",
        "https://127.0.0.1.5/", "https://256.1.1.1/", "https://1.2.3/", "https://example.1/", "https://example.0x1/",
        "https://8.8.8.08/", "https://08.8.8.8/", "https://8.8.2056/", "https://134744072/", "https://[", "https://[]/",
        "https://[::1", "https://::1/", "https://[::1]x/", "https://[::1%25lo]/", "https://[fe80::1%eth0]/",
        "https://[g::]/",
        "https://[1::2::3]/", "https://[12345::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
        "https://[::ffff:808:808]/", "https://[::ffff:8.8.8.8]/", "https://[2606:4700:4700:0:0:0:0:1111]/",
        "https://[2606:4700:4700::0:1111]/", "https://[2606:4700:4700::01111]/", "https://[2606:4700:4700::ABCD]/",
        "https://[2606:4700::1:0:0:1:1111]/0", "https://[v1.x]/",
    ]

    /// Refused unless private addresses are allowed.
    static let inner: [String] = [
        "http://example.com/", "HTTP://example.com/", "http://8.8.8.8/", "https://example.com:80/",
        "https://example.com:8080/", "https://example.com:22/", "https://example.com:25/", "https://example.com:6379/",
        "https://example.com:444/", "https://example.com:65535/", "https://localhost/", "https://LOCALHOST/",
        "https://foo.localhost/", "https://a.b.localhost:8443/", "https://intranet/", "https://router/",
        "https://metadata/",
        "https://printer.local/", "https://nas.lan/", "https://db.internal/", "https://metadata.google.internal/",
        "https://host.docker.internal/", "https://x.home.arpa/", "https://x.corp/", "https://x.home/",
        "https://x.private/", "https://api.default.svc/", "https://api.default.svc.cluster.local/",
        "https://x.test/", "https://x.example/", "https://x.invalid/", "https://x.onion/", "https://x.alt/",
        "https://a.localdomain/", "https://127.0.0.1/", "https://127.0.0.1:443/", "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://0.1.2.3/", "https://10.0.0.1/", "https://10.255.255.255/", "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://169.254.169.254/latest/meta-data/", "https://169.254.0.1/", "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.1/", "https://192.0.2.1/", "https://192.88.99.1/", "https://192.168.0.1/",
        "https://192.168.255.255/",
        "https://198.18.0.1/", "https://198.19.255.255/", "https://198.51.100.1/", "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://239.255.255.255/", "https://240.0.0.1/", "https://255.255.255.255/", "https://[::]/", "https://[::1]/",
        "https://[::2]/", "https://[::7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::808:808]/",
        "https://[64:ff9b:1::1]/", "https://[100::1]/", "https://[2001::1]/", "https://[2001:0:53aa:64c::1]/",
        "https://[2001:db8::1]/", "https://[2002:7f00:1::1]/", "https://[3fff::1]/", "https://[5f00::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/", "https://[fe80::1]/", "https://[fec0::1]/", "https://[ff02::1]/",
        "https://[4000::1]/",
    ]

    static let accepted: [String] = [
        "https://example.com", "https://example.com/", "https://example.com?a=b", "https://example.com:443/hook",
        "https://example.com:8443/hook", "HTTPS://Example.COM/Hook", "https://api.example.com/webhooks/stripe",
        "https://xn--exmple-cua.com/", "https://a-b.c--d.example.com/~x/;v=1,2!$&'()*+:@?a=/?%20%C3%A4&b",
        "https://8.8.8.8/", "https://1.1.1.1:8443/x", "https://172.32.0.1/", "https://192.0.1.1/",
        "https://[2606:4700:4700::1111]/", "https://[2a00:1450:4001:0:1::1]:443/", "https://0x.example.com/",
        "https://1.example.com/", "https://localhost.example.com/", "https://mylocal.example.com/",
        "https://testing.com/",
    ]

    @Test("A malformed URL is refused on every host", arguments: malformed)
    func refusesAnywhere(_ url: String) {
        for isPrivateAllowed in [false, true] {
            #expect(NotificationURLPolicy(allowsPrivateAddresses: isPrivateAllowed).refusal(of: url) != nil)
        }
    }

    @Test("A URL into a private network is refused unless private addresses are allowed", arguments: inner)
    func refusesInner(_ url: String) {
        #expect(NotificationURLPolicy(allowsPrivateAddresses: false).refusal(of: url) != nil)
        #expect(NotificationURLPolicy(allowsPrivateAddresses: true).refusal(of: url) == nil)
    }

    @Test("A public URL is accepted", arguments: accepted)
    func accepts(_ url: String) {
        #expect(NotificationURLPolicy(allowsPrivateAddresses: false).refusal(of: url) == nil)
    }

    @Test("The tables contain at least 200 refused URLs")
    func size() { #expect(Self.malformed.count + Self.inner.count >= 200) }

    @Test("The length is limited, and the refusal names the field")
    func bounds() {
        let policy = NotificationURLPolicy(allowsPrivateAddresses: false)
        let host = String(repeating: "a.", count: 124) + "aa.co"
        #expect(host.utf8.count == 253)
        #expect(policy.refusal(of: "https://\(host)/") == nil)
        #expect(policy.refusal(of: "https://a\(host)/") != nil)
        #expect(policy.refusal(of: "https://\(String(repeating: "a", count: 64)).com/") != nil)
        let long = "https://example.com/"
        #expect(policy.refusal(of: long + String(repeating: "a", count: 2048 - long.utf8.count)) == nil)
        #expect(policy.refusal(of: long + String(repeating: "a", count: 2049 - long.utf8.count)) != nil)
        #expect(throws: ServiceError.invalid(field: "settings.webhookUrl", message: "The webhook URL must use https")) {
            try policy.check("http://example.com/")
        }
    }

    @Test("Addresses are written in their canonical form")
    func canonical() throws {
        for text in [
            "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:0:2::3", "1::2:0:0:3", "2001:db8::1", "1:2:3:4:5:6:7:0", "0:1::2",
            "fe80::1", "255.0.10.1",
        ] {
            #expect(try #require(IPAddress(text)).canonicalText == text)
        }
    }
}
