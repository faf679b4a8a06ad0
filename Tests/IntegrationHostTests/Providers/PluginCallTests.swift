// Errors that a plugin makes of an answer: they may repeat what was sent.

import HTTPClient
import HTTPServer
import Primitives
import ProviderSDK
import Testing

@testable import Configuration
@testable import ConnectionModel
@testable import Observability
@testable import Providers

@Suite("Plugin calls", .timeLimit(.minutes(1)))
struct PluginCallTests {
    /// An upstream that repeats the credential in an answer with status 200.
    private struct Echo: HTTPApplication {
        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            let sent = request.header("authorization")?.string ?? ""
            response.body.append("{\"ok\":false,\"error\":\"bad \(sent)\"}")
            return nil
        }
    }

    /// A provider that tells of failures in answers with status 200.
    private struct Talkative: Provider {
        let manifest = ProviderManifest(id: "talkative", name: "Talkative") { $0.auth = .oauth2(OAuth2()) }

        private func ask(_ context: ProviderContext) async throws(ProviderError) -> ProviderError {
            let answer = try await context.http.send(.get("/x")).json()
            return ProviderError(.permanent, "It said: \(answer["error"]?.string ?? "")", code: answer["error"]?.string)
        }

        func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
            throw try await ask(context)
        }

        func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity
        {
            throw try await ask(context)
        }

        func detach(in context: ProviderContext) async throws(ProviderError) -> Detachment {
            throw try await ask(context)
        }
    }

    private struct Token: CredentialSource {
        func accessToken() async throws(ProviderError) -> Secret { Secret("tok-plain") }
        func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? { nil }
    }

    /// A provider with one page, whose cursor and memory are parts of a long answer.
    private struct Lister: Provider {
        let manifest = ProviderManifest(id: "lister", name: "Lister") { $0.auth = .none }

        func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
            let text =
                "{\"pad\":\"\(String(repeating: "x", count: 10_000))\",\"next\":[\"c\",2],\"memory\":{\"a\":null}}"
            let answer = try ProviderResponse(status: 200, body: Array(text.utf8)).json()
            var page = SyncPage([], next: answer["next"])
            page.memory = answer["memory"]
            return page
        }
    }

    @Test("The cursor and the memory that a page leaves are no parts of its answer, which they would keep in memory")
    func detached() async throws {
        let gateway = ProviderGateway(
            client: try HTTPClient(), limiter: ProviderRateLimiter(time: .system), time: .system,
            log: Log(level: .error))
        let provider = ConfiguredProvider(LoadedPlugin(provider: Lister(), path: ""), configuration: .init())
        let session = ProviderSession(gateway, provider, account: ProviderContext.Account(), credentials: Token())
        let page = try await session.page(PageRequest(dataType: "x")).page
        #expect(page.next == ["c", 2] && page.next?.sourceOffset == 0)
        #expect(page.memory == ["a": .null] && page.memory?.sourceOffset == 0)
    }

    @Test("What a 200 answer repeats of a credential is in no error of a page, an identity or a detachment")
    func echo() async throws {
        let server = try HTTPServer(
            ServerConfiguration(address: SocketAddress("127.0.0.1:0"), loopCount: 1), application: Echo())
        let origin = "http://\(try server.start())"
        var client = HTTPClient.Configuration()
        client.addressPolicy = .any
        let gateway = ProviderGateway(
            client: try HTTPClient(client), limiter: ProviderRateLimiter(time: .system), time: .system,
            log: Log(level: .error))
        var settings = ProviderConfiguration()
        settings.endpoints["api"] = origin
        let provider = ConfiguredProvider(LoadedPlugin(provider: Talkative(), path: ""), configuration: settings)
        let session = ProviderSession(
            gateway, provider, account: ProviderContext.Account(), credentials: Token())
        let grant = TokenGrant(response: .null, claims: .null, callback: .null)
        var errors: [ProviderError] = []
        do throws(ProviderError) { _ = try await session.page(PageRequest(dataType: "x")) } catch {
            errors.append(error)
        }
        do throws(ProviderError) { _ = try await session.identity(of: grant) } catch { errors.append(error) }
        do throws(ProviderError) { _ = try await session.detach() } catch { errors.append(error) }
        #expect(errors.map(\.message) == Array(repeating: "It said: bad Bearer …", count: 3))
        #expect(errors.allSatisfy { !($0.code ?? "").contains("tok-plain") })
        await server.shutdown(grace: .zero)
    }
}
