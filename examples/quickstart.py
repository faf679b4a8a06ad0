#!/usr/bin/env python3
"""Connects an account in a browser, syncs it, and prints its first records.

    python3 quickstart.py HOST KEY [SERVICE]

HOST is the URL of the integration host, and KEY an application key: `integration-host app-key create quickstart` prints one.
The setting connect.returnTo must have http://127.0.0.1:8090/connected (or the PORT of the environment); the demo has it.
"""
import http.server, json, os, sys, time, urllib.error, urllib.request

HOST, KEY, SERVICE = (sys.argv[1:] + ["stripe"])[:3]
USER = "alice"  # the id of the user in your application
PORT = int(os.environ.get("PORT", "8090"))


def call(method, path, body=None):
    """Sends a request for the user and returns the answer. Waits where the host asks to."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}", "X-User-Id": USER, "Content-Type": "application/json"}
    for _ in range(5):
        try:
            with urllib.request.urlopen(urllib.request.Request(HOST + path, data, headers, method=method)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = error.read().decode()
            if error.code not in (429, 503):
                break
            time.sleep(int(error.headers.get("Retry-After", 1)))
    sys.exit(f"{method} {path}: {problem}")


class Page(http.server.BaseHTTPRequestHandler):
    """The page of the application to which the browser comes back."""

    def do_GET(self):
        self.server.returned = self.path.startswith("/connected") or self.server.returned
        self.send_response(200 if self.path.startswith("/connected") else 404)
        self.end_headers()
        self.wfile.write(b"Thank you. You can close this page.")


with http.server.HTTPServer(("127.0.0.1", PORT), Page) as server:
    link = {"userId": USER, "services": [SERVICE], "returnTo": f"http://127.0.0.1:{PORT}/connected"}
    session = call("POST", "/api/connect/sessions", link)
    print(f"Open this link and allow access: {session['url']}", flush=True)
    server.returned = False
    while not server.returned:
        server.handle_request()
# The query of the page is only a hint. The session says what happened.
state = call("GET", f"/api/connect/sessions/{session['id']}")["session"]
if state["state"] != "connected":
    sys.exit(f"Not connected: {state['reason'] or state['state']}")
connection = f"/api/integrations/connections/{state['connectionId']}"
print("Connected as", call("GET", connection)["connection"]["accountName"])
call("POST", connection + "/sync", {"syncType": "full"})
while (sync := call("GET", connection + "/sync")["sync"])["status"] == "running":
    time.sleep(0.5)
print(f"Sync {sync['status']}: {sync['recordsSynced']} records")
for record in call("GET", connection + "/records?limit=3")["records"]:  # follow `nextCursor` for all of them
    print(record["dataType"], record["change"], json.dumps(record["data"]))
