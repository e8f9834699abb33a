"""Drives the sandbox's WhatsApp with a client library that knows nothing of us, whose verifier checks every webhook.

    deploy/sandbox/sdk/check http://127.0.0.1:8090 whatsapp

It stores an account of its own in the sandbox, and ends with 0 if everything was as the library expects.
"""

import json
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import pywa
from pywa import handlers, types, utils
from pywa.errors import ReEngagementMessage, WhatsAppError
from pywa.types.templates import BodyText, TemplateLanguage

SANDBOX = sys.argv[1].rstrip("/")
ACCOUNT, PHONE = (str(uuid.uuid4().int)[:15] for _ in range(2))
TOKEN, SECRET, WORD = (uuid.uuid4().hex for _ in range(3))
CONTACT = "1650555" + str(uuid.uuid4().int)[:4]
# As of 2026 contacts have such an id too, which the library insists on.
USER = "US." + str(uuid.uuid4().int)[:20]
RECEIVED = Queue()


def client(token=TOKEN, secret=SECRET):
    """The library with the sandbox in the provider's place."""
    made = pywa.WhatsApp(phone_id=PHONE, token=token, waba_id=ACCOUNT, app_secret=secret, server=None, verify_token=WORD)
    made.api._session.base_url = f"{SANDBOX}/v24.0"
    return made


WHATSAPP, FORGER = client(), client(secret="another")


class Receiver(BaseHTTPRequestHandler):
    """The business's webhook: the library answers the handshake, checks signatures and reads what is told."""

    def do_GET(self):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        body, status = WHATSAPP.webhook_challenge_handler(asked.get(utils.HUB_VT), asked.get(utils.HUB_CH))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signature = self.headers[utils.HUB_SIG]
        if WHATSAPP.webhook_update_validator(body, signature) or not FORGER.webhook_update_validator(body, signature):
            RECEIVED.put(AssertionError("the signature does not fit"))
        self.send_response(200)
        self.end_headers()
        WHATSAPP.webhook_update_handler(body)

    def log_message(self, *_):
        pass


def control(path, body, method="POST"):
    """Calls a control endpoint of the sandbox."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(SANDBOX + path, json.dumps(body).encode(), headers, method=method)
    return json.load(urllib.request.urlopen(request))


def says(kind, thing, **more):
    """Writes as the contact; answers the id."""
    message = {"channel": "whatsapp", "to": PHONE, "name": "Ann", "userId": USER, "type": kind, kind: thing, **more}
    return control(f"/contacts/{CONTACT}/messages", message)["id"]


def told(kind):
    """The next thing that the library made of a webhook."""
    got = RECEIVED.get(timeout=10)
    assert isinstance(got, kind), got
    return got


def refused(code, call, *arguments, **named):
    """A call that the provider refuses, as the library sees it."""
    try:
        call(*arguments, **named)
    except WhatsAppError as error:
        assert error.code == code, error
        return error
    raise AssertionError(f"expected {code}")


def delivered(sent):
    """The statuses of a message, in their order."""
    for status in (types.MessageStatusType.SENT, types.MessageStatusType.DELIVERED):
        update = told(types.MessageStatus)
        assert (update.id, update.status) == (sent.id, status), update
    assert update.tracker == "our id", update


def received():
    """Everything that a contact may write, as the library understands it."""
    says("text", {"body": "Grüße 👋"})
    hello = told(types.Message)
    assert (hello.text, hello.from_user.wa_id, hello.from_user.name) == ("Grüße 👋", CONTACT, "Ann"), hello
    assert WHATSAPP.mark_message_as_read(hello.id).success
    assert WHATSAPP.indicate_typing(hello.id).success
    says("image", {"caption": "Here", "mime_type": "image/png", "data": "iVBORw0KGgo="})
    image = told(types.Message).image
    assert image.get_bytes() == b"\x89PNG\r\n\x1a\n", image
    says("location", {"latitude": 52.5, "longitude": 13.4, "name": "Here"})
    assert told(types.Message).location.latitude == 52.5
    says("reaction", {"message_id": hello.id, "emoji": "👍"})
    assert told(types.Message).reaction.emoji == "👍"
    says("button", {"payload": "yes", "text": "Yes"}, context={"id": hello.id})
    assert told(types.CallbackButton).data == "yes"
    says("interactive", {"type": "list_reply", "list_reply": {"id": "a", "title": "A"}}, context={"id": hello.id})
    assert told(types.CallbackSelection).data == "a"
    return hello


def sent(hello):
    """Everything that the business may send."""
    to, named = CONTACT, {"tracker": "our id"}
    button = types.Button(title="Yes", callback_data="yes")
    rows = [types.SectionRow(title="A", callback_data="a", description="The first")]
    choice = types.SectionList(button_title="Choose", sections=[types.Section(title="All", rows=rows)])
    card = types.Contact(name=types.Contact.Name(formatted_name="Ann", first_name="Ann"), phones=[types.Contact.Phone(phone="+15550001")])
    picture = WHATSAPP.upload_media(media=b"\x89PNG\r\n\x1a\n", mime_type="image/png", filename="a.png")
    calls = [
        lambda: WHATSAPP.send_message(to, "Hello", preview_url=True, reply_to_message_id=hello.id, **named),
        lambda: WHATSAPP.send_image(to, picture, caption="A picture", **named),
        lambda: WHATSAPP.send_location(to, 52.5, 13.4, name="Here", address="There", **named),
        lambda: WHATSAPP.send_contact(to, card, **named),
        lambda: WHATSAPP.send_message(to, "Yes?", buttons=[button], header="Well", footer="?", **named),
        lambda: WHATSAPP.send_message(to, "Which?", buttons=choice, **named),
        lambda: WHATSAPP.send_message(to, "Look", buttons=types.URLButton(title="Here", url="https://example.com"), **named),
        lambda: WHATSAPP.send_template(to, "order_update", TemplateLanguage.ENGLISH_US, [BodyText.params("12", "today")], **named),
    ]
    for call in calls:
        delivered(call())
    reaction = WHATSAPP.send_reaction(to, "👍", hello.id)
    assert told(types.MessageStatus).id == reaction.id
    control(f"/contacts/{CONTACT}/read", {"channel": "whatsapp", "to": PHONE})
    for _ in calls:
        assert told(types.MessageStatus).status == types.MessageStatusType.READ


def refusals():
    """What the provider refuses, with the library's own error for it."""
    error = refused(131047, WHATSAPP.send_message, "16505559999", "Too late")
    assert isinstance(error, ReEngagementMessage), error
    refused(132001, WHATSAPP.send_template, CONTACT, "nothing_such", TemplateLanguage.ENGLISH_US, [])
    refused(100, WHATSAPP.send_message, CONTACT, "x" * 4097)
    refused(190, client(token="wrong").send_message, CONTACT, "Hello")


def looked_up():
    """What can be looked up."""
    names = {template.name for template in WHATSAPP.get_templates()}
    assert {"hello_world", "order_update"} <= names, names
    assert [str(number.id) for number in WHATSAPP.get_business_phone_numbers()] == [PHONE]
    assert WHATSAPP.get_business_phone_number().display_phone_number == "+1 555 000 0201"


def profile():
    """How the business shows itself, read and changed."""
    assert WHATSAPP.get_business_profile().about is None
    sites = ["https://example.com/"]
    changed = {"about": "We answer", "email": "us@example.com", "industry": types.Industry.RETAIL, "websites": sites}
    assert WHATSAPP.update_business_profile(**changed).success
    shown = WHATSAPP.get_business_profile()
    assert (shown.about, shown.email, shown.industry, list(shown.websites)) == tuple(changed.values()), shown
    refused(100, WHATSAPP.update_business_profile, about="x" * 140)


def main():
    """A conversation."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kinds = (handlers.MessageHandler, handlers.CallbackButtonHandler, handlers.CallbackSelectionHandler, handlers.MessageStatusHandler)
    WHATSAPP.add_handlers(*(kind(lambda _, update: RECEIVED.put(update)) for kind in kinds))
    control("/control/accounts", {
        "wabaId": ACCOUNT, "accessToken": TOKEN, "appSecret": SECRET, "verifyToken": WORD,
        "phoneNumbers": [{"id": PHONE, "displayPhoneNumber": "+1 555 000 0201", "verifiedName": "SDK"}],
    })
    WHATSAPP.override_waba_callback_url(f"http://127.0.0.1:{server.server_port}/", WORD)
    sent(received())
    refusals()
    looked_up()
    profile()
    print("the library and the sandbox understand each other")


if __name__ == "__main__":
    main()
