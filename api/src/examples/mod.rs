//! Requests as the description shows them: a reply of each content type.

pub mod events;

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::example::{Example, ExampleBuilder};

const CONVERSATION: &str = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C";
const MESSAGE: &str = "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B";

/// Content of each type: name, summary and the content.
pub fn contents() -> Vec<(&'static str, &'static str, Value)> {
    let mut contents = vec![
        ("text", "Text", json!({ "type": "text", "text": "Hello", "previewUrl": false })),
        (
            "location",
            "A place",
            json!({ "type": "location", "latitude": 52.5163, "longitude": 13.3777, "name": "Brandenburg Gate" }),
        ),
        (
            "contacts",
            "Contact cards",
            json!({ "type": "contacts", "contacts": [{
                "name": { "formattedName": "Ada Lovelace", "firstName": "Ada" },
                "phones": [{ "phone": "+15550001111", "type": "WORK" }],
            }] }),
        ),
        (
            "reaction",
            "A reaction to a message of the conversation; an empty emoji takes it away",
            json!({ "type": "reaction", "messageId": MESSAGE, "emoji": "👍" }),
        ),
    ];
    contents.extend(files());
    contents.extend(templates());
    contents.extend(interactive());
    contents
}

fn files() -> [(&'static str, &'static str, Value); 5] {
    let file =
        |kind: &str, name: &str| json!({ "type": kind, "url": format!("https://files.example.com/{name}") });
    let mut image = file("image", "map.png");
    image["caption"] = json!("How to find us");
    let mut document = file("document", "42.pdf");
    document["caption"] = json!("Your invoice");
    document["filename"] = json!("invoice.pdf");
    [
        ("image", "A picture", image),
        ("video", "A film", file("video", "tour.mp4")),
        ("audio", "A recording", file("audio", "note.ogg")),
        ("document", "A file", document),
        ("sticker", "A sticker", file("sticker", "thanks.webp")),
    ]
}

fn templates() -> [(&'static str, &'static str, Value); 3] {
    let template = |name: &str, field: &str, value: Value| json!({ "type": "template", "name": name, "language": "en_US", field: value });
    let components = json!([
        { "type": "header", "parameters": [{ "type": "document", "document": { "link": "https://files.example.com/42.pdf" } }] },
        { "type": "body", "parameters": [{ "type": "text", "text": "Ada" }] },
        { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "42" }] },
    ]);
    [
        (
            "template",
            "A template with its body's parameters in order",
            template("order_update", "parameters", json!(["Ada", "42"])),
        ),
        (
            "templateNamed",
            "A template with its body's parameters by name",
            template("appointment_reminder", "parameters", json!({ "first_name": "Ada", "date": "Monday" })),
        ),
        (
            "templateComponents",
            "A template with components in the provider's own form",
            template("invoice", "components", components),
        ),
    ]
}

fn interactive() -> [(&'static str, &'static str, Value); 4] {
    let interactive = |interactive: Value| json!({ "type": "interactive", "interactive": interactive });
    [
        (
            "buttons",
            "Buttons to press",
            interactive(json!({
                "type": "buttons", "body": "Does 10 o'clock suit you?", "footer": "We close at 6",
                "buttons": [{ "id": "yes", "title": "Yes" }, { "id": "no", "title": "No" }],
            })),
        ),
        (
            "list",
            "A list to choose from",
            interactive(json!({
                "type": "list", "header": { "type": "text", "text": "Delivery" }, "body": "When may we come?", "button": "Times",
                "sections": [
                    { "title": "Monday", "rows": [{ "id": "mo-10", "title": "10:00" }, { "id": "mo-15", "title": "15:00" }] },
                    { "title": "Tuesday", "rows": [{ "id": "tu-10", "title": "10:00", "description": "The last one free" }] },
                ],
            })),
        ),
        (
            "ctaUrl",
            "A button that opens an address",
            interactive(json!({
                "type": "ctaUrl", "header": { "type": "image", "url": "https://files.example.com/map.png" },
                "body": "Follow your order", "button": "Track", "url": "https://shop.example.com/orders/42",
            })),
        ),
        (
            "flow",
            "A button that opens a form of the provider's",
            interactive(json!({
                "type": "flow", "body": "Tell us how it was", "button": "Start", "flowId": "1234567890", "flowToken": "order-42",
                "action": "navigate", "screen": "RATING", "data": { "order": "42" },
            })),
        ),
    ]
}

/// Replies of each content type, and one that quotes a message.
pub fn replies() -> impl Iterator<Item = (String, RefOr<Example>)> {
    let shown = |name: &str, summary: &str, reply: Value| {
        let example = ExampleBuilder::new().summary(summary).value(Some(reply)).build();
        (name.to_owned(), RefOr::T(example))
    };
    let quoting = json!({ "type": "text", "text": "That one is on its way" });
    let quoting = json!({ "conversationId": CONVERSATION, "content": quoting, "replyTo": MESSAGE });
    let replies = contents().into_iter().map(move |(name, summary, content)| {
        shown(name, summary, json!({ "conversationId": CONVERSATION, "content": content }))
    });
    replies.chain([shown("quoting", "Text that quotes a message of the conversation", quoting)])
}
