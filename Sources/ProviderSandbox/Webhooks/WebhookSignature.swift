// How the providers sign what they send. Each scheme signs the bytes that are sent.

import Cryptography
import Primitives
import ProviderSDK

/// The signatures of providers.
enum WebhookSignature {
    /// `t=…,v1=…` over the time and the body.
    static func stripe(_ body: [UInt8], secret: String, signed: Int64) -> SignedWebhook {
        let code = hmac(secret, Array("\(signed).".utf8) + body)
        return SignedWebhook(headers: [("Stripe-Signature", "t=\(signed),v1=\(code.hex)")], body: body)
    }

    /// `v0=…` over the version, the time and the body.
    static func slack(_ body: [UInt8], secret: String, signed: Int64) -> SignedWebhook {
        let code = hmac(secret, Array("v0:\(signed):".utf8) + body)
        return SignedWebhook(
            headers: [("X-Slack-Request-Timestamp", String(signed)), ("X-Slack-Signature", "v0=\(code.hex)")],
            body: body)
    }

    /// Base64 over the body alone.
    static func base64(_ body: [UInt8], secret: String, header: String) -> SignedWebhook {
        SignedWebhook(headers: [(header, Base64.encode(hmac(secret, body).bytes))], body: body)
    }

    /// Ed25519 in hexadecimal over the time and the body.
    static func discord(_ body: [UInt8], key: Ed25519PrivateKey, signed: Int64) throws(ControlFault) -> SignedWebhook {
        let signature: [UInt8]
        do throws(CryptographyError) {
            signature = try key.signature(for: Array(String(signed).utf8) + body)
        } catch { throw .malformed("\(error)") }
        return SignedWebhook(
            headers: [("X-Signature-Timestamp", String(signed)), ("X-Signature-Ed25519", Hex.encode(signature))],
            body: body)
    }

    private static func hmac(_ secret: String, _ message: [UInt8]) -> SHA256Digest {
        HMACSHA256(key: Array(secret.utf8)).code(for: message)
    }

    /// JSON as it is sent.
    static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.value(value)
        return writer.bytes
    }
}
