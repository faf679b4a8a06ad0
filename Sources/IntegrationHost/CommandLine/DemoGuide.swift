// The text that the demo prints: where everything is, a link for a browser, and shell lines that run the whole flow. The lines
// can be pasted again.

import HTTPAPI
import ProviderSDK
import Providers
import SystemAPI

/// The text that the demo prints.
struct DemoGuide {
    /// The URL of the host.
    let url: String
    /// The link that signs a browser in.
    let link: String
    /// The URL of the stand-ins.
    let sandbox: String
    let token: String
    let dataDirectory: String
    let registry: ProviderRegistry
    /// The program that runs, as it was called.
    private let program = CommandLine.arguments.first ?? "integration-host"

    init(url: String, link: String, sandbox: String, token: String, dataDirectory: String, registry: ProviderRegistry) {
        self.url = url
        self.link = link
        self.sandbox = sandbox
        self.token = token
        self.dataDirectory = dataDirectory
        self.registry = registry
    }

    var text: String {
        let ids = registry.providers.filter(\.isAvailable).map(\.id)
        let provider = DemoRoutes.provider(registry)
        let service = (provider ?? registry.providers.first)?.id ?? "none"
        let types = (provider?.manifest.dataTypes.prefix(2).map { "\"\($0.name)\"" } ?? []).joined(separator: ",")
        return """

            The host is at \(url), the stand-in providers are at \(sandbox).
            Providers: \(ids.joined(separator: ", ")). The session below belongs to the user “\(DemoSession.user)”.

            Connect \(service) in a browser (the link signs it in, once; then click “Allow”):

              \(link)

            Or let an application do it (examples/quickstart.py is one of 60 lines; quickstart.mjs is the same for Node):

              KEY=$(\(program) app-key create quickstart --data \(dataDirectory))
              python3 examples/quickstart.py \(url) $KEY

            Or paste this into another shell to connect \(service), sync it and read the records:

              HOST=\(url)
              TOKEN=\(token)
              api() { curl -s -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" "$@"; echo; }

              api $HOST/api/integrations                                            # what can be connected
              CREATED=$(api $HOST/api/integrations/connections -d '{"service":"\(service)"}')
              AUTH_URL=$(echo "$CREATED" | sed 's/.*"authUrl":"\\([^"]*\\)".*/\\1/')
              CALLBACK=$(curl -s -o /dev/null -w '%{redirect_url}' "$AUTH_URL&decision=allow")   # the user clicks “Allow”
              CONNECTED=$(api "$CALLBACK"); echo "$CONNECTED"                       # code → tokens → connected
              ID=$(echo "$CONNECTED" | sed 's/.*"connectionId":"\\([^"]*\\)".*/\\1/')    # the same account again is the same connection
              api $HOST/api/integrations/connections/$ID
              api $HOST/api/integrations/connections/$ID/sync -d '{"syncType":"full","dataTypes":[\(types)]}'
              while api $HOST/api/integrations/connections/$ID/sync | grep '"running"'; do sleep 1; done     # counts grow
              api $HOST/api/integrations/connections/$ID/sync                       # completed, with its counts
              api "$HOST/api/integrations/connections/$ID/records?limit=3"          # the mapped records

            Stop with Ctrl-C. Connections and records are kept in \(dataDirectory) and are there when you start again; only the
            stand-ins forget their tokens when they stop, so connect again before the next sync.
            """
    }
}
