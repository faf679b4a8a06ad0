// The page on which a user of the sandbox allows or denies, and the page for requests that cannot be sent back. All
// text that comes from a request is escaped; the pages run no script and load nothing.

enum AuthorizePage {
    /// Allow or deny.
    ///
    /// The form goes to the address of the page itself, whose query still has the request.
    static func question(_ server: OAuthServer, scopes: [String], target: String) -> Answer {
        let options = server.accounts.enumerated().map { number, account in
            "<option value=\"\(number)\">\(Encoded.html(account.name)) (\(Encoded.html(account.id)))</option>"
        }
        let items = scopes.map { "<li><code>\(Encoded.html($0))</code></li>" }
        let body = """
            <p>The application <code>\(Encoded.html(server.rules.clientID))</code> asks for access to your account.</p>
            <ul>\(items.joined())</ul>
            <form method="post"><p><label>Account <select name="account">\(options.joined())</select></label></p>
            <p><button name="decision" value="allow">Allow</button>
            <button name="decision" value="deny">Deny</button></p></form>
            <p><small>You will be sent back to <code>\(Encoded.html(target))</code>.</small></p>
            """
        return page(200, server.title, body)
    }

    /// A request that must not be redirected (RFC 6749 section 4.1.2.1).
    static func problem(_ title: String, _ sentence: String) -> Answer {
        page(400, title, "<p>\(Encoded.html(sentence))</p>")
    }

    private static func page(_ status: UInt16, _ title: String, _ body: String) -> Answer {
        let html = """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>\(Encoded.html(title)) sandbox</title>
            <meta name="viewport" content="width=device-width, initial-scale=1"><style>
            body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:10vh auto;padding:0 1rem;color:#1a1a2e}
            button,select{font:inherit;padding:.5rem 1rem}button[value=allow]{background:#2d5bff;color:#fff;border:0}
            </style></head><body><h1>\(Encoded.html(title)) sandbox</h1>
            \(body)
            </body></html>

            """
        return Answer(
            status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
                ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
                ("Referrer-Policy", "no-referrer"),
            ], body: Array(html.utf8))
    }
}
