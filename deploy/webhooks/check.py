"""Has the official library for Python verify what Switchboard posts: a test, then one while a secret is replaced, and forgeries."""

import json
import os
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from standardwebhooks import Webhook, WebhookVerificationError

RECEIVED = Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        RECEIVED.put((body, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def call(method, path, body=None):
    data = json.dumps(body or {}).encode() if method == "POST" else None
    headers = {"Authorization": f"Bearer {os.environ['API_KEY']}", "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["API_URL"] + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def verifies(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    created = call("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{server.server_port}/hook"})
    path = f"/v1/webhooks/{created['id']}"
    try:
        call("POST", f"{path}/test")
        body, headers = RECEIVED.get(timeout=30)
        assert verifies(created["secret"], body, headers), "the library does not take our signature"
        assert json.loads(body)["id"] == headers["webhook-id"]
        assert not verifies(created["secret"], body + b" ", headers), "another body passes"
        for name, other in [("webhook-id", "evt_other"), ("webhook-timestamp", "1700000000")]:
            assert not verifies(created["secret"], body, headers | {name: other}), f"another {name} passes"
        rotated = call("POST", f"{path}/rotate-secret")
        call("POST", f"{path}/test")
        body, headers = RECEIVED.get(timeout=30)
        for secret in (created["secret"], rotated["secret"]):
            assert verifies(secret, body, headers), "a secret that is being replaced, or its successor, does not verify"
        assert len(headers["webhook-signature"].split()) == 2
    finally:
        call("DELETE", path)
    print("standardwebhooks (Python): verified")


main()
