"""Drives the sandbox's Messenger with a client library that knows nothing of us.

    deploy/sandbox/sdk/check http://127.0.0.1:8090 pages

It stores a page of its own in the sandbox, and ends with 0 if everything was as the library expects.
"""

import collections
import collections.abc
import hashlib
import hmac
import json
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

# The library is older than the Python that took these names away.
collections.Iterable = collections.abc.Iterable

from fbmessenger import BaseMessenger, elements, quick_replies, templates

SANDBOX = sys.argv[1].rstrip("/")
PAGE = str(uuid.uuid4().int)[:16]
TOKEN, SECRET = uuid.uuid4().hex, uuid.uuid4().hex
CONTACT = "65" + str(uuid.uuid4().int)[:14]
RECEIVED = Queue()
FIELDS = ["messages", "messaging_postbacks", "message_deliveries", "message_reads"]


class Receiver(BaseHTTPRequestHandler):
    """The business's webhook."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        RECEIVED.put((self.headers["x-hub-signature-256"] == signed, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Messenger(BaseMessenger):
    """The library's own dispatcher: each handler says what it was given."""

    def message(self, message):
        return ("message", message["message"]["text"])

    def postback(self, message):
        return ("postback", message["postback"]["payload"])

    def delivery(self, message):
        return ("delivery", message["delivery"]["mids"])

    def read(self, message):
        return ("read", message["read"]["watermark"])

    def account_linking(self, message):
        raise AssertionError(message)

    optin = account_linking


def control(path, body):
    """Calls a control endpoint of the sandbox."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(SANDBOX + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))


def says(kind, thing):
    """Does something as the contact."""
    control(f"/contacts/{CONTACT}/messages", {"channel": "messenger", "to": PAGE, "type": kind, kind: thing})


def told(messenger, kind):
    """What the library makes of the next webhook, whose signature must fit."""
    genuine, payload = RECEIVED.get(timeout=10)
    assert genuine, "the signature does not fit"
    got, what = messenger.handle(payload)
    assert got == kind, (got, what)
    return what


def main():
    """A conversation."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    control("/control/pages", {
        "id": PAGE, "platform": "messenger", "name": "SDK", "accessToken": TOKEN, "appSecret": SECRET,
        "webhookUrl": f"http://127.0.0.1:{server.server_port}/", "subscribedFields": FIELDS,
    })
    messenger = Messenger(TOKEN, app_secret=SECRET)
    messenger.client.graph_url = f"{SANDBOX}/v24.0"
    says("text", {"body": "Grüße 👋"})
    assert told(messenger, "message") == "Grüße 👋"
    sent = messenger.send(elements.Text("Hello").to_dict())
    assert sent["recipient_id"] == CONTACT, sent
    assert told(messenger, "delivery") == [sent["message_id"]]
    replies = quick_replies.QuickReplies([quick_replies.QuickReply("Yes", "YES"), quick_replies.QuickReply("No", "NO")])
    button = elements.Button(button_type="postback", title="Buy", payload="BUY")
    card = elements.Element(title="Shoes", subtitle="40", image_url="https://example.com/a.png", buttons=[button])
    for payload in (
        elements.Text("Which?", quick_replies=replies).to_dict(),
        templates.GenericTemplate([card]).to_dict(),
        templates.ButtonTemplate("Which?", [button]).to_dict(),
    ):
        sent = messenger.send(payload)
        assert "message_id" in sent, sent
        assert told(messenger, "delivery") == [sent["message_id"]]
    assert messenger.send_action("mark_seen") == {"recipient_id": CONTACT}
    says("postback", {"title": "Buy", "payload": "BUY"})
    assert told(messenger, "postback") == "BUY"
    control(f"/contacts/{CONTACT}/read", {"channel": "messenger", "to": PAGE})
    assert told(messenger, "read") > 0
    late = messenger.send(elements.Text("Hello").to_dict(), messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE")
    assert late["error"]["code"] == 100, late
    messenger.client.page_access_token = "wrong"
    del messenger.client._auth_args
    assert messenger.send(elements.Text("Hello").to_dict())["error"]["code"] == 190
    print("the library and the sandbox understand each other")


if __name__ == "__main__":
    main()
