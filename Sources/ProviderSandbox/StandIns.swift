// The list of stand-ins. A new one is added here and nowhere else.

enum StandIns {
    static func all(_ environment: SandboxEnvironment) -> [any StandIn] {
        [
            StripeStandIn(environment), QuickBooksStandIn(environment), XeroStandIn(environment),
            SlackStandIn(environment), KaiStandIn(environment, "flo"), KaiStandIn(environment, "min"),
            KaiStandIn(environment, "eag"), ArcStandIn(environment), DiscordStandIn(environment),
            InstagramStandIn(environment), TikTokStandIn(environment), RedditStandIn(environment),
        ]
    }
}
