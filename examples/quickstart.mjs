#!/usr/bin/env node
// Connects an account in a browser, syncs it, and prints its first records. Needs Node 18.
//
//     node quickstart.mjs HOST KEY [SERVICE]
//
// HOST is the URL of the integration host, and KEY an application key: `integration-host app-key create quickstart` prints one.
// The setting connect.returnTo must have http://127.0.0.1:8090/connected (or the PORT of the environment); the demo has it.
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const [host, key, service = "stripe"] = process.argv.slice(2);
const user = "alice"; // the id of the user in your application
const port = Number(process.env.PORT ?? 8090);

/** Sends a request for the user and returns the answer. Waits where the host asks to. */
async function call(method, path, body) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(host + path, {
      method,
      headers: { Authorization: `Bearer ${key}`, "X-User-Id": user, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (answer.ok) return answer.json();
    if (![429, 503].includes(answer.status) || attempt === 5) {
      throw new Error(`${method} ${path}: ${await answer.text()}`);
    }
    await pause(1000 * Number(answer.headers.get("Retry-After") ?? 1));
  }
}

/** Waits until the browser comes back to the page of the application. */
function comeBack() {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const isPage = request.url.startsWith("/connected");
      response.writeHead(isPage ? 200 : 404, { Connection: "close" }).end("Thank you. You can close this page.");
      if (isPage) server.close(resolve);
    }).listen(port, "127.0.0.1");
  });
}

const returned = comeBack();
const link = { userId: user, services: [service], returnTo: `http://127.0.0.1:${port}/connected` };
const session = await call("POST", "/api/connect/sessions", link);
console.log(`Open this link and allow access: ${session.url}`);
await returned;

// The query of the page is only a hint. The session says what happened.
const state = (await call("GET", `/api/connect/sessions/${session.id}`)).session;
if (state.state !== "connected") throw new Error(`Not connected: ${state.reason ?? state.state}`);
const connection = `/api/integrations/connections/${state.connectionId}`;
console.log("Connected as", (await call("GET", connection)).connection.accountName);
await call("POST", `${connection}/sync`, { syncType: "full" });
let sync;
while ((sync = (await call("GET", `${connection}/sync`)).sync).status === "running") await pause(500);
console.log(`Sync ${sync.status}: ${sync.recordsSynced} records`);
const page = await call("GET", `${connection}/records?limit=3`); // follow `nextCursor` for all of them
for (const { dataType, change, data } of page.records) console.log(dataType, change, JSON.stringify(data));
