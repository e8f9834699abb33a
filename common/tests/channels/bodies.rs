//! Each content is written as the provider wants it.

use common::channels::{Channel, check};
use common::domain::content::{Content, Reaction, parse_outgoing};
use common::domain::ids::MessageId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::send::sent_body;

/// Content as a client gives it, and the provider's object of its type.
type Written = Vec<(Value, Value)>;

fn interactive(interactive: &Value) -> Value {
    json!({"type": "interactive", "interactive": interactive})
}

const LINK: &str = "https://x.example/a";

fn places() -> Written {
    vec![
        (
            json!({"type": "location", "latitude": 52.5163, "longitude": -13.0}),
            json!({"latitude": 52.5163, "longitude": -13.0}),
        ),
        (
            json!({"type": "location", "latitude": 0, "longitude": 180, "name": "שער", "address": "Pariser Platz 1"}),
            json!({"latitude": 0.0, "longitude": 180.0, "name": "שער", "address": "Pariser Platz 1"}),
        ),
    ]
}

fn cards() -> Written {
    vec![(
        json!({"type": "contacts", "contacts": [{"name": {"formattedName": "Ada"}}, {
                "name": {"formattedName": "Dr. Ada B. Lovelace Jr.", "firstName": "Ada", "lastName": "Lovelace",
                    "middleName": "B.", "prefix": "Dr.", "suffix": "Jr."},
                "phones": [{"phone": "+15550001111", "type": "WORK", "waId": "15550001111"}],
                "emails": [{"email": "ada@x.example", "type": "HOME"}],
                "addresses": [{"street": "1 Byron St", "city": "London", "state": "LDN", "zip": "W1", "country": "UK",
                    "countryCode": "gb", "type": "HOME"}],
                "org": {"company": "Engines", "department": "Notes", "title": "Analyst"},
                "urls": [{"url": "https://ada.example", "type": "WORK"}], "birthday": "1815-12-10"}]}),
        json!([{"name": {"formatted_name": "Ada"}}, {
                "name": {"formatted_name": "Dr. Ada B. Lovelace Jr.", "first_name": "Ada", "last_name": "Lovelace",
                    "middle_name": "B.", "prefix": "Dr.", "suffix": "Jr."},
                "phones": [{"phone": "+15550001111", "type": "WORK", "wa_id": "15550001111"}],
                "emails": [{"email": "ada@x.example", "type": "HOME"}],
                "addresses": [{"street": "1 Byron St", "city": "London", "state": "LDN", "zip": "W1", "country": "UK",
                    "country_code": "gb", "type": "HOME"}],
                "org": {"company": "Engines", "department": "Notes", "title": "Analyst"},
                "urls": [{"url": "https://ada.example", "type": "WORK"}], "birthday": "1815-12-10"}]),
    )]
}

fn templates() -> Written {
    let english = json!({"code": "en", "policy": "deterministic"});
    vec![
        (
            json!({"type": "template", "name": "hello_world", "language": "en_US"}),
            json!({"name": "hello_world", "language": {"code": "en_US", "policy": "deterministic"}}),
        ),
        (
            json!({"type": "template", "name": "order_update", "language": "en", "parameters": ["Ada", "42"]}),
            json!({"name": "order_update", "language": english, "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "Ada"}, {"type": "text", "text": "42"}]}]}),
        ),
        (
            json!({"type": "template", "name": "n", "language": "en", "parameters": {"date": "Monday", "first_name": "Ada"}}),
            json!({"name": "n", "language": english, "components": [
                {"type": "body", "parameters": [{"type": "text", "parameter_name": "date", "text": "Monday"},
                    {"type": "text", "parameter_name": "first_name", "text": "Ada"}]}]}),
        ),
        (
            json!({"type": "template", "name": "n", "language": "en", "parameters": []}),
            json!({"name": "n", "language": english}),
        ),
        (
            json!({"type": "template", "name": "n", "language": "en", "components": [
                {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "42"}]}]}),
            json!({"name": "n", "language": english, "components": [
                {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "42"}]}]}),
        ),
    ]
}

fn buttons_and_lists() -> Written {
    let words = |text: &str| json!({"text": text});
    vec![
        (
            interactive(
                &json!({"type": "buttons", "body": "b", "buttons": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}]}),
            ),
            json!({"type": "button", "body": words("b"), "action": {"buttons": [
                {"type": "reply", "reply": {"id": "yes", "title": "Yes"}}, {"type": "reply", "reply": {"id": "no", "title": "No"}}]}}),
        ),
        (
            interactive(
                &json!({"type": "buttons", "header": {"type": "text", "text": "h"}, "body": "b", "footer": "f",
                "buttons": [{"id": "1", "title": "One"}]}),
            ),
            json!({"type": "button", "header": {"type": "text", "text": "h"}, "body": words("b"), "footer": words("f"),
                "action": {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "One"}}]}}),
        ),
        (
            interactive(&json!({"type": "list", "body": "b", "button": "Choose", "sections": [
                {"title": "First", "rows": [{"id": "1", "title": "One", "description": "the first"}]},
                {"title": "More", "rows": [{"id": "2", "title": "Two"}]}]})),
            json!({"type": "list", "body": words("b"), "action": {"button": "Choose", "sections": [
                {"title": "First", "rows": [{"id": "1", "title": "One", "description": "the first"}]},
                {"title": "More", "rows": [{"id": "2", "title": "Two"}]}]}}),
        ),
    ]
}

fn links_and_forms() -> Written {
    let words = |text: &str| json!({"text": text});
    vec![
        (
            interactive(
                &json!({"type": "ctaUrl", "header": {"type": "image", "url": LINK}, "body": "b", "button": "Open",
                "url": "https://a.example?b=c"}),
            ),
            json!({"type": "cta_url", "header": {"type": "image", "image": {"link": LINK}}, "body": words("b"),
                "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://a.example?b=c"}}}),
        ),
        (
            interactive(
                &json!({"type": "flow", "header": {"type": "video", "url": LINK, "filename": "a.mp4"}, "body": "b",
                "button": "Start", "flowId": "77"}),
            ),
            json!({"type": "flow", "header": {"type": "video", "video": {"link": LINK}}, "body": words("b"),
                "action": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "77", "flow_cta": "Start"}}}),
        ),
        (
            interactive(
                &json!({"type": "flow", "header": {"type": "document", "url": LINK, "filename": "a.pdf"}, "body": "b",
                "button": "Start", "flowName": "survey", "flowToken": "t", "mode": "draft", "action": "navigate",
                "screen": "FIRST", "data": {"a": [1, null]}}),
            ),
            json!({"type": "flow", "header": {"type": "document", "document": {"link": LINK, "filename": "a.pdf"}},
                "body": words("b"), "action": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_name": "survey",
                "flow_cta": "Start", "flow_token": "t", "mode": "draft", "flow_action": "navigate",
                "flow_action_payload": {"screen": "FIRST", "data": {"a": [1, null]}}}}}),
        ),
    ]
}

#[tokio::test]
async fn each_richer_content_is_written_as_the_provider_wants_it() {
    let written = [places(), cards(), templates(), buttons_and_lists(), links_and_forms()].concat();
    for (given, object) in written {
        let content = parse_outgoing(&given, "content").unwrap();
        assert_eq!(check(Channel::Whatsapp, &content), Ok(()), "{given}");
        let kind = content.kind();
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15550102001",
            "type": kind, kind: object, "biz_opaque_callback_data": Uuid::nil(), "context": {"message_id": "wamid.Q"}});
        assert_eq!(sent_body("15550102001", &content, Some("wamid.Q")).await, expected);
    }
}

#[tokio::test]
async fn a_reaction_names_its_message_and_quotes_none() {
    for emoji in ["👍🏽", ""] {
        let content = Content::Reaction(Reaction { message_id: Some(MessageId::new()), emoji: emoji.into() });
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15550102001",
            "type": "reaction", "reaction": {"message_id": "wamid.T", "emoji": emoji}, "biz_opaque_callback_data": Uuid::nil()});
        assert_eq!(sent_body("15550102001", &content, Some("wamid.T")).await, expected);
    }
}
