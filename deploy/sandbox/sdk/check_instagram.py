"""Drives the sandbox's Instagram with a client library that knows nothing of us, whose verifier checks every webhook.

    deploy/sandbox/sdk/check http://127.0.0.1:8090 instagram

The library speaks for accounts with a login of their own. It stores one in the sandbox, and ends with 0 if everything was as the
library expects.
"""

import asyncio
import importlib
import json
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from hiinsta import InstagramMessenger, verify_signature
from hiinsta.types.exeptions import InstagramApiException

SANDBOX = sys.argv[1].rstrip("/")
ACCOUNT = str(uuid.uuid4().int)[:15]
TOKEN, SECRET = "IGAA" + uuid.uuid4().hex, uuid.uuid4().hex
CONTACT = "65" + str(uuid.uuid4().int)[:14]
RECEIVED = Queue()
FIELDS = ["messages", "messaging_postbacks", "messaging_seen", "message_reactions", "message_echoes", "message_edit"]
# The library has the provider's address as a constant of the module that its class has the name of.
importlib.import_module("hiinsta.InstagramMessenger")
sys.modules["hiinsta.InstagramMessenger"].INSTAGRAM_BASE_URL = f"{SANDBOX}/v24.0"


class Receiver(BaseHTTPRequestHandler):
    """The business's webhook: the library checks signatures and reads what is told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signature = self.headers["x-hub-signature-256"]
        genuine = verify_signature(SECRET, body, signature) and not verify_signature("another", body, signature)
        RECEIVED.put((genuine, InstagramMessenger.process_payload(json.loads(body))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def control(path, body):
    """Calls a control endpoint of the sandbox."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(SANDBOX + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))


def says(kind, thing, **more):
    """Does something as the contact."""
    message = {"channel": "instagram", "to": ACCOUNT, "type": kind, kind: thing, **more}
    return control(f"/contacts/{CONTACT}/messages", message)["id"]


def told(kind):
    """The next thing that the library read, whose signature must fit."""
    genuine, update = RECEIVED.get(timeout=10)
    assert genuine, "the signature does not fit"
    assert update.object == "instagram" and update.entry[0].id == ACCOUNT, update
    (messaging, standby), *rest = update.iter_messaging()
    assert (messaging.event_type, standby, rest) == (kind, False, []), messaging
    return messaging


def refused(status, code, call):
    """A call that the provider refuses, as the library sees it."""
    try:
        asyncio.run(call)
    except InstagramApiException as error:
        assert (error.status_code, error.response_json["error"]["code"]) == (status, code), vars(error)
        return
    raise AssertionError(f"expected {code}")


def main():
    """A conversation."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    control("/control/pages", {
        "id": ACCOUNT, "platform": "instagram", "name": "sdk.shop", "accessToken": TOKEN, "appSecret": SECRET,
        "webhookUrl": f"http://127.0.0.1:{server.server_port}/", "subscribedFields": FIELDS,
    })
    messenger = InstagramMessenger(TOKEN)
    account = asyncio.run(messenger.get_user_data("me"))
    assert account.username == "sdk.shop", account
    mid = says("text", {"body": "Grüße 👋"})
    hello = told("message")
    assert (hello.message.text, hello.message.mid, hello.sender.id) == ("Grüße 👋", mid, CONTACT), hello
    for send in (messenger.send_text("Hello", CONTACT), messenger.send_image("https://example.com/a.png", CONTACT),
                 messenger.send_audio("https://example.com/a.m4a", CONTACT), messenger.send_file("https://example.com/a.pdf", CONTACT)):
        sent = asyncio.run(send)
        echo = told("message").message
        assert (echo.is_echo, echo.mid) == (True, sent), echo
    says("story_reply", {"text": "Nice", "url": "https://example.com/s", "id": "17"})
    assert told("message").message.reply_to.story.id == "17"
    says("reaction", {"mid": sent, "emoji": "❤"})
    assert told("reaction").reaction.mid == sent
    says("postback", {"title": "Buy", "payload": "BUY"})
    assert told("postback").postback.payload == "BUY"
    says("unsend", {"mid": mid})
    assert told("message").message.is_deleted is True
    control(f"/contacts/{CONTACT}/read", {"channel": "instagram", "to": ACCOUNT})
    assert told("read").read.mid == sent
    refused(400, 100, messenger.send_text("é" * 501, CONTACT))
    refused(400, 100, messenger.send_text("Hello", "6599999999999999"))
    refused(401, 190, InstagramMessenger("IGAA-wrong").send_text("Hello", CONTACT))
    print("the library and the sandbox understand each other")


if __name__ == "__main__":
    main()
