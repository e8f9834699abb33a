"""Drives the sandbox's texts with the provider's own library, which knows nothing of us.

    deploy/sandbox/sdk/check http://127.0.0.1:8090 texts

It stores an account of its own in the sandbox, and ends with 0 if everything was as the library expects.
"""

import json
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qs

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

SANDBOX = sys.argv[1].rstrip("/")
ACCOUNT = "AC" + uuid.uuid4().hex
TOKEN = uuid.uuid4().hex
NUMBER = "+1555" + str(uuid.uuid4().int % 10_000_000).zfill(7)
CONTACT = "+16505550123"
RECEIVED = Queue()


class Redirected(TwilioHttpClient):
    """The library's own client, with the sandbox in the provider's place."""

    def request(self, method, url, *args, **kwargs):
        for provider in ("https://api.twilio.com", "https://messaging.twilio.com"):
            url = url.replace(provider, SANDBOX)
        return super().request(method, url, *args, **kwargs)


class Receiver(BaseHTTPRequestHandler):
    """Takes webhooks, and has the library check each signature over the address that was called."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parameters = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        url = f"http://{self.headers['Host']}{self.path}"
        valid = RequestValidator(TOKEN).validate(url, parameters, self.headers["X-Twilio-Signature"])
        forged = RequestValidator("another").validate(url, parameters, self.headers["X-Twilio-Signature"])
        RECEIVED.put((valid and not forged, parameters))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(b"<Response/>")

    def log_message(self, *_):
        pass


def control(method, path, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(SANDBOX + path, data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")
    print(f"ok  {what}")


def webhook(what):
    genuine, parameters = RECEIVED.get(timeout=20)
    expect(f"the library accepts the signature of {what}", genuine, True)
    return parameters


def refusal(what, code, status, call):
    try:
        call()
    except TwilioRestException as error:
        return expect(what, (error.code, error.status), (code, status))
    sys.exit(f"{what}: not refused")


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_port}/hook"
    control("POST", "/control/text-accounts", {
        "accountSid": ACCOUNT, "authToken": TOKEN, "webhookUrl": hook + "#rc=2&rp=all", "advancedOptOut": True,
        "phoneNumbers": [{"sid": "PN" + uuid.uuid4().hex, "phoneNumber": NUMBER, "friendlyName": "Line"}],
    })
    client = Client(ACCOUNT, TOKEN, http_client=Redirected())

    sent = client.messages.create(
        to=CONTACT, from_=NUMBER, body="Grüße, שלום 👋 & more", status_callback=hook + "?attempt=1&sender=x"
    )
    expect("a new message is queued", (sent.status, sent.direction, sent.num_segments), ("queued", "outbound-api", "1"))
    expect("dates are dates", sent.date_created.tzinfo is not None, True)
    expect("the first status", webhook("a status")["MessageStatus"], "sent")
    expect("the second status", webhook("a status")["MessageStatus"], "delivered")
    expect("a look-up", client.messages(sent.sid).fetch().status, "delivered")

    control("POST", f"/contacts/{CONTACT}/messages", {
        "channel": "text", "to": NUMBER, "type": "image",
        "image": {"mime_type": "image/png", "data": "cGljdHVyZQ==", "caption": "Look"},
    })
    told = webhook("a contact's message")
    expect("its words and files", (told["Body"], told["NumMedia"], told["SmsStatus"]), ("Look", "1", "received"))
    media = client.messages(told["MessageSid"]).media.list()
    expect("its files are listed", [file.content_type for file in media], ["image/png"])

    listed = client.messages.list(to=CONTACT, from_=NUMBER, page_size=1)
    expect("a list by both sides", [message.sid for message in listed], [sent.sid])
    expect("pages follow one another", len(client.messages.list(page_size=1)), 2)
    numbers = client.incoming_phone_numbers.list(phone_number=NUMBER)
    expect("the account's numbers", [number.phone_number for number in numbers], [NUMBER])
    expect("the account itself", client.api.accounts(ACCOUNT).fetch().status, "active")

    create = client.messages.create
    refusal("no such number", 21211, 400, lambda: create(to="+1", from_=NUMBER, body="x"))
    refusal("too long", 21617, 400, lambda: create(to=CONTACT, from_=NUMBER, body="x" * 1601))
    refusal("another's sender", 21606, 400, lambda: create(to=CONTACT, from_="+15005550001", body="x"))
    refusal("no such message", 20404, 404, lambda: client.messages("SM" + "0" * 32).fetch())
    stranger = Client(ACCOUNT, "wrong", http_client=Redirected())
    refusal("a wrong token", 20003, 401, lambda: stranger.messages(sent.sid).fetch())
    control("POST", f"/contacts/{CONTACT}/messages", {
        "channel": "text", "to": NUMBER, "type": "text", "text": {"body": "STOP"},
    })
    expect("a stop is told as one", webhook("a stop")["OptOutType"], "STOP")
    refusal("a contact that stopped", 21610, 400, lambda: create(to=CONTACT, from_=NUMBER, body="x"))
    expect("forgetting", client.messages(sent.sid).delete(), True)


main()
