#!/usr/bin/env python3
"""Sends a Slack message and creates a Stripe invoice.

    python3 actions.py HOST KEY USER CHANNEL

KEY is an application key, and USER has connected Slack with chat:write and Stripe with write:invoices. CHANNEL is the id of a Slack channel.
"""
import json, sys, time, urllib.request

HOST, KEY, USER, CHANNEL = sys.argv[1:]


def call(path, body=None, key=""):
    headers = {"Authorization": f"Bearer {KEY}", "X-User-Id": USER, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(HOST + path, data, headers | ({"Idempotency-Key": key} if key else {}))
    return json.load(urllib.request.urlopen(request))


def run(service, action, inputs, key):
    """Runs an action once for each key, also when this program is started again."""
    actions = f"/api/integrations/connections/{connections[service]}/actions"
    done = call(f"{actions}/{action}", inputs, key)["run"]
    while done["status"] == "running" or done["settling"]:
        time.sleep(0.5)
        done = call(f"{actions}/runs/{done['id']}")["run"]
    print(service, action, done["status"], json.dumps(done["output"] or done["error"]))
    return done["output"] or sys.exit(1)


connections = {c["service"]: c["id"] for c in call("/api/integrations/connections?status=connected")["connections"]}
customer = run("stripe", "createCustomer", {"email": "ada@example.com"}, "customer-1")["customerId"]
draft = {"customerId": customer, "currency": "eur", "daysUntilDue": 14}
invoice = run("stripe", "createInvoice", draft, "invoice-1")["invoiceId"]
item = {"customerId": customer, "invoiceId": invoice, "currency": "eur", "amount": "19.99", "description": "Consulting"}
run("stripe", "addInvoiceItem", item, "invoice-1-item")
url = run("stripe", "finalizeInvoice", {"invoiceId": invoice}, "invoice-1-final")["url"]
run("slack", "sendMessage", {"channelId": CHANNEL, "text": f"The invoice is ready: {url}"}, "invoice-1-message")
