// The providers of a full house: an upstream that gives each account the worst pages of one kind. The account is in the access token, and
// the token in the code of its authorization.

import HTTPServer
import ProviderSDK

/// A kind of bad page.
enum BadPage: Int, CaseIterable {
    /// Few records of much text.
    case large
    /// Millions of elements that are no records.
    case elements
    /// One byte a second.
    case drip
    /// Brackets in brackets.
    case deep
    /// Records of many members.
    case members
    /// Records that cannot be mapped.
    case unmappable
    /// Good pages without an end.
    case endless
    /// A refusal for a year, with long header fields.
    case limited
    /// Records that are no JSON.
    case damaged
    /// Texts of nothing but escapes.
    case escapes

    /// Bytes of one page.
    static let bytesMax = 30 << 20

    /// The whole body.
    var body: [UInt8] {
        switch self {
        case .large: Self.page(100) { Self.record($0, "\"description\":\"\(String(repeating: "d", count: 300_000))\"") }
        case .elements: Self.page(Self.bytesMax / 2) { _ in "1" }
        case .deep: Self.page(1) { _ in String(repeating: "[", count: Self.bytesMax) }
        case .members:
            Self.page(10) { number in
                Self.record(number, (0..<90_000).map { "\"m\($0)\":{}" }.joined(separator: ","))
            }
        case .unmappable: Self.page(45_000) { Self.record($0, "\"amount\":\"\(String(repeating: "x", count: 500))\"") }
        case .endless, .drip, .limited: Self.page(100, hasMore: true) { Upstream.payment($0) }
        case .damaged:
            Self.page(45_000) { Self.record($0, "\"amount\":tru,\"x\":\"\(String(repeating: "y", count: 400))\"") }
        case .escapes:
            Self.page(10) { Self.record($0, "\"description\":\"\(String(repeating: "\\u0041", count: 400_000))\"") }
        }
    }

    private static func record(_ number: Int, _ members: String) -> String {
        "{\"id\":\"pi_\(number)\",\"object\":\"payment_intent\",\"created\":1704067200,\(members)}"
    }

    private static func page(_ count: Int, hasMore: Bool = false, _ element: (Int) -> String) -> [UInt8] {
        var body = Array("{\"object\":\"list\",\"has_more\":\(hasMore),\"data\":[".utf8)
        for number in 0..<count {
            if number > 0 { body.append(UInt8(ascii: ",")) }
            body += element(number).utf8
        }
        return body + Array("]}".utf8)
    }
}

/// Serves payments; `Authorization: Bearer sk_N` gets bad pages of the kind `N`, and `sk_good` good ones.
struct WorstUpstream: HTTPApplication {
    private static let pieceBytes = 256 * 1024
    private let bodies: [[UInt8]] = BadPage.allCases.map(\.body)
    private let good = Upstream(count: 2000)

    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        let path = request.path.string ?? ""
        if path == "/token" {
            let body = request.body.string ?? ""
            let code = body.split(separator: "&").first { $0.hasPrefix("code=") }?.dropFirst(5) ?? "good"
            response.header("Content-Type", "application/json")
            response.body.append(
                "{\"access_token\":\"sk_\(code)\",\"token_type\":\"bearer\",\"stripe_user_id\":\"acct_\(code)\"}")
            return nil
        }
        let token = request.header("authorization")?.string?.split(separator: "_").last ?? ""
        guard path == "/v1/payment_intents", let number = Int(token) else {
            return good.respond(to: request, &response)
        }
        let kind = BadPage.allCases[number % BadPage.allCases.count]
        let body = bodies[kind.rawValue]
        return DeferredResponse {
            if kind == .limited {
                return HTTPResponse(
                    status: .tooManyRequests,
                    headers: [(name: "Retry-After", value: "31536000")]
                        + (0..<30).map { (name: "X-Pad-\($0)", value: String(repeating: "p", count: 1000)) })
            }
            return HTTPResponse(
                status: .ok, headers: [("Content-Type", "application/json")],
                stream: StreamedBody { writer in
                    if kind == .drip {
                        for byte in body {
                            try await writer.write([byte])
                            try await Task.sleep(for: .seconds(1))
                        }
                    }
                    for start in stride(from: 0, to: body.count, by: Self.pieceBytes) {
                        try await writer.write(Array(body[start..<min(body.count, start + Self.pieceBytes)]))
                    }
                })
        }
    }
}
