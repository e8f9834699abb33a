"""Drives the sandbox's RCS with the provider's own library for service accounts, which knows nothing of us.

    deploy/sandbox/sdk/check http://127.0.0.1:8090 rcs

It stores an agent of its own in the sandbox, and ends with 0 if everything was as the library expects.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account

SANDBOX = sys.argv[1].rstrip("/")
SCOPE = "https://www.googleapis.com/auth/rcsbusinessmessaging"
AGENT = "agent_" + uuid.uuid4().hex
TOKEN = uuid.uuid4().hex
CONTACT = "+16505550123"
RECEIVED = Queue()


class Receiver(BaseHTTPRequestHandler):
    """The business's webhook."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        RECEIVED.put((self.headers["X-Goog-Signature"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SANDBOX + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")
    print(f"ok  {what}")


def event(what):
    """The next event, its signature checked by the provider's recipe."""
    signature, body = RECEIVED.get(timeout=10)
    data = base64.b64decode(body["message"]["data"])
    digest = hmac.new(TOKEN.encode(), data, hashlib.sha512).digest()
    expect(f"{what}: its signature", signature, base64.b64encode(digest).decode())
    return json.loads(data)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    webhook = f"http://127.0.0.1:{server.server_port}/"
    email = f"{AGENT}@sandbox.iam.gserviceaccount.com"
    control("POST", "/control/rcs-agents", {
        "agentId": AGENT, "clientEmail": email, "clientToken": TOKEN, "webhookUrl": webhook,
    })
    info = control("GET", f"/control/rcs-agents/{AGENT}/service-account")
    credentials = service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
    session = AuthorizedSession(credentials)
    phone = f"{SANDBOX}/v1/phones/{CONTACT}"
    message = str(uuid.uuid4())
    send = {"contentMessage": {"text": "Hello"}}
    query = {"messageId": message, "agentId": AGENT}
    for _ in range(2):
        answer = session.post(f"{phone}/agentMessages", params=query, json=send)
        expect("a message is taken", (answer.status_code, answer.json()["name"]),
               (200, f"phones/{CONTACT}/agentMessages/{message}"))
    told = event("an event")
    expect("it is delivered", (told["eventType"], told["messageId"]), ("DELIVERED", message))
    entries = control("GET", f"/ledger?sender={AGENT}")["entries"]
    expect("it was taken once", len(entries), 1)
    answer = session.get(f"{phone}/capabilities", params={"requestId": str(uuid.uuid4()), "agentId": AGENT})
    expect("what the phone shows", "RICHCARD_CAROUSEL" in answer.json()["features"], True)
    control("POST", f"/contacts/{CONTACT}/messages", {
        "channel": "rcs", "to": AGENT, "type": "text", "text": {"body": "Hi"},
    })
    told = event("a message")
    expect("what the contact wrote", (told["text"], told["senderPhoneNumber"]), ("Hi", CONTACT))
    read = {"eventType": "READ", "messageId": told["messageId"]}
    answer = session.post(f"{phone}/agentEvents", params={"eventId": str(uuid.uuid4()), "agentId": AGENT}, json=read)
    expect("it is marked as read", answer.status_code, 200)
    # The library gets another token by itself when one is not taken any more.
    control("DELETE", "/control/rcs-tokens")
    answer = session.post(f"{phone}/agentMessages", params={**query, "messageId": str(uuid.uuid4())}, json=send)
    expect("a token that was taken back", answer.status_code, 200)
    answer = session.post(f"{phone}/agentMessages", params={**query, "agentId": "sandbox_agent"}, json=send)
    expect("another's agent", answer.json()["error"]["status"], "PERMISSION_DENIED")
    wrong = service_account.Credentials.from_service_account_info(
        {**info, "client_email": "else@sandbox.iam.gserviceaccount.com"}, scopes=[SCOPE])
    try:
        AuthorizedSession(wrong).get(phone)
        sys.exit("nobody's account got a token")
    except RefreshError as error:
        expect("nobody's account", "account not found" in str(error), True)


main()
