//! Messenger and Instagram: what is refused before it is sent, by field.

use common::channels::{Channel, check};
use serde_json::{Value, json};

use super::pages::content;

fn faults(channel: Channel, given: &Value) -> Vec<String> {
    check(channel, &content(given.clone()))
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| error.field)
        .collect()
}

type Refused = (Channel, Value, Vec<&'static str>);

fn refused_simply() -> Vec<Refused> {
    use Channel::{Instagram, Messenger};
    vec![
        (Messenger, json!({ "type": "text", "text": "é".repeat(2000) }), vec![]),
        (Messenger, json!({ "type": "text", "text": "é".repeat(2001) }), vec!["content.text"]),
        (Instagram, json!({ "type": "text", "text": "é".repeat(500) }), vec![]),
        (Instagram, json!({ "type": "text", "text": format!("{}a", "é".repeat(500)) }), vec!["content.text"]),
        (Instagram, json!({ "type": "text", "text": " " }), vec!["content.text"]),
        (
            Messenger,
            json!({ "type": "image", "url": "https://x.example/a", "caption": "no" }),
            vec!["content.caption"],
        ),
        (
            Messenger,
            json!({ "type": "image", "mediaId": "1", "mimeType": "image/png", "size": (8 << 20) + 1 }),
            vec!["content.mediaId"],
        ),
        (
            Messenger,
            json!({ "type": "document", "mediaId": "1", "mimeType": "text/plain", "size": 25 << 20 }),
            vec![],
        ),
        (
            Messenger,
            json!({ "type": "image", "mediaId": "1", "mimeType": "application/pdf" }),
            vec!["content.mediaId"],
        ),
        (
            Instagram,
            json!({ "type": "document", "mediaId": "1", "mimeType": "text/plain" }),
            vec!["content.mediaId"],
        ),
        (Instagram, json!({ "type": "document", "mediaId": "1", "mimeType": "application/pdf" }), vec![]),
        (Messenger, json!({ "type": "sticker", "url": "https://x.example/a" }), vec!["content.type"]),
        (Messenger, json!({ "type": "location", "latitude": 1, "longitude": 1 }), vec!["content.type"]),
        (Instagram, json!({ "type": "template", "name": "a", "language": "en" }), vec!["content.type"]),
        (Messenger, json!({ "type": "template", "name": " ", "language": "en" }), vec!["content.name"]),
        (Messenger, json!({ "type": "reaction", "messageId": null, "emoji": "🦀" }), vec!["content.emoji"]),
    ]
}

/// Buttons below a picture are a card with short lines; a list is a text with quick replies.
fn refused_around_what_is_pressed() -> Vec<Refused> {
    use Channel::{Instagram, Messenger};
    let interactive = |it: Value| json!({ "type": "interactive", "interactive": it });
    let card = |body: &str, footer: usize| {
        interactive(json!({
            "type": "ctaUrl", "header": { "type": "image", "url": "https://x.example/a" }, "body": body,
            "footer": "f".repeat(footer), "button": "b", "url": "https://x.example/",
        }))
    };
    let list = |body: &str| {
        let sections =
            json!([{ "rows": [{ "id": "1", "title": "t" }] }, { "rows": [{ "id": "2", "title": "t" }] }]);
        json!({ "type": "list", "body": body, "button": "x", "sections": sections })
    };
    let mut headed = list("b");
    headed["header"] = json!({ "type": "text", "text": "h" });
    headed["footer"] = json!("f");
    vec![
        (Messenger, card(&"é".repeat(80), 80), vec![]),
        (
            Messenger,
            card(&"é".repeat(81), 81),
            vec!["content.interactive.body", "content.interactive.footer"],
        ),
        (Messenger, interactive(list(&"é".repeat(2000))), vec![]),
        (Instagram, interactive(list(&"é".repeat(500))), vec![]),
        (Instagram, interactive(list(&"é".repeat(501))), vec!["content.interactive.body"]),
        (Instagram, interactive(headed), vec!["content.interactive.header", "content.interactive.footer"]),
    ]
}

fn refused_to_press() -> Vec<Refused> {
    use Channel::Messenger;
    let interactive = |it: Value| json!({ "type": "interactive", "interactive": it });
    let rows = |n: usize| (0..n).map(|n| json!({ "id": n.to_string(), "title": "t" })).collect::<Vec<_>>();
    vec![
        (
            Messenger,
            interactive(
                json!({ "type": "buttons", "body": "b".repeat(641), "footer": "f", "buttons": [{ "id": "", "title": "t".repeat(21) }] }),
            ),
            vec![
                "content.interactive.body",
                "content.interactive.footer",
                "content.interactive.buttons[0].id",
                "content.interactive.buttons[0].title",
            ],
        ),
        (
            Messenger,
            interactive(
                json!({ "type": "buttons", "header": { "type": "text", "text": "h" }, "body": "b", "buttons": [] }),
            ),
            vec!["content.interactive.header.type", "content.interactive.buttons"],
        ),
        (
            Messenger,
            interactive(
                json!({ "type": "list", "body": "b", "button": "x", "sections": [{ "title": "s", "rows": [{ "id": "1", "title": "t", "description": "d" }] }] }),
            ),
            vec![
                "content.interactive.sections[0].title",
                "content.interactive.sections[0].rows[0].description",
            ],
        ),
        (
            Messenger,
            interactive(
                json!({ "type": "list", "body": "b", "button": "x", "sections": [{ "rows": rows(13) }] }),
            ),
            vec![],
        ),
        (
            Messenger,
            interactive(
                json!({ "type": "list", "body": "b", "button": "x", "sections": [{ "rows": rows(14) }] }),
            ),
            vec!["content.interactive.sections"],
        ),
        (
            Messenger,
            interactive(json!({ "type": "flow", "body": "b", "button": "x" })),
            vec!["content.interactive.type"],
        ),
    ]
}

#[test]
fn what_cannot_be_sent_is_refused_by_field() {
    let cases = [refused_simply(), refused_around_what_is_pressed(), refused_to_press()];
    for (channel, given, fields) in cases.into_iter().flatten() {
        assert_eq!(faults(channel, &given), fields, "{channel} {given}");
    }
}
