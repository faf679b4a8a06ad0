// The page for a person whose browser comes back from a provider without a session. It contains nothing of the request, so
// neither state nor code: its link opens the address of the page again.

import Requests

enum SignInPage {
    static func reply(status: Int) -> Reply {
        Reply(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"),
                (
                    "Content-Security-Policy",
                    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                ),
                ("Vary", "Accept, Cookie"),
            ], body: Array(text.utf8))
    }

    // The empty link is this address. A browser that follows it sends cookies that it keeps from links of other sites.
    private static let text = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Sign in to finish connecting</title>
        <h1>Sign in to finish connecting</h1>
        <p>Nothing is connected yet, because you are not signed in here. Nothing was used up.</p>
        <p>Sign in to the application in this browser, or return to the window where you are signed in.
        Then continue within ten minutes.</p>
        <p><a href="">Continue</a></p>
        </html>

        """
}
