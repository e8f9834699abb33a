//! Bodies the provider takes and bodies it refuses, as tables.

use serde_json::{Value, json};

use crate::support::{CONTACT, PHONE, TOKEN, boot, calm, code};

fn with(kind: &str, content: Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": CONTACT, "type": kind, kind: content})
}

fn interactive(kind: &str, action: Value) -> Value {
    with("interactive", json!({"type": kind, "body": {"text": "Choose"}, "action": action}))
}

fn button(id: &str, title: &str) -> Value {
    json!({"type": "reply", "reply": {"id": id, "title": title}})
}

fn row(id: &str) -> Value {
    json!({"id": id, "title": "A row", "description": "What it is"})
}

fn good() -> Vec<Value> {
    let link = json!({"link": "https://example.com/file"});
    let section = json!({"title": "One", "rows": [row("a")]});
    let url = json!({"name": "cta_url", "parameters": {"display_text": "See", "url": "https://example.com"}});
    let card = |index: usize| {
        json!({"card_index": index, "type": "cta_url", "header": {"type": "image", "image": link},
            "body": {"text": "b"}, "action": url})
    };
    let mut product = interactive("product", json!({"catalog_id": "1", "product_retailer_id": "2"}));
    product["interactive"].as_object_mut().unwrap().remove("body");
    let mut products = interactive(
        "product_list",
        json!({"catalog_id": "1", "sections": [
        {"title": "t", "product_items": [{"product_retailer_id": "1"}]}]}),
    );
    products["interactive"]["header"] = json!({"type": "text", "text": "Products"});
    vec![
        json!({"messaging_product": "whatsapp", "to": CONTACT, "text": {"body": "no type"}}),
        with("text", json!({"body": "\u{e9}".repeat(4_096), "preview_url": true})),
        with("image", json!({"link": "https://example.com/a.png", "caption": "c".repeat(1_024)})),
        with("video", link.clone()),
        with("audio", link.clone()),
        with("sticker", link.clone()),
        with("document", json!({"link": "http://127.0.0.1:1/a.pdf", "filename": "a.pdf", "caption": "c"})),
        with("location", json!({"latitude": "48.2", "longitude": 16.3, "name": "n", "address": "a"})),
        with(
            "contacts",
            json!([{"name": {"formatted_name": "Ann", "first_name": "Ann"}, "phones": [{"phone": "+1650"}]}]),
        ),
        interactive("button", json!({"buttons": [button("a", "A"), button("b", "B"), button("c", "C")]})),
        interactive("list", json!({"button": "Open", "sections": [section]})),
        interactive("cta_url", url.clone()),
        interactive("location_request_message", json!({"name": "send_location"})),
        interactive(
            "flow",
            json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "1",
            "flow_cta": "Go", "flow_token": "t", "mode": "draft", "flow_action": "navigate"}}),
        ),
        product,
        products,
        interactive("catalog_message", json!({"name": "catalog_message"})),
        interactive("carousel", json!({"cards": [card(0), card(1)]})),
        interactive("address_message", json!({"name": "address_message", "parameters": {"country": "IN"}})),
        interactive("order_details", json!({"name": "review_and_pay", "parameters": {}})),
    ]
}

#[tokio::test]
async fn every_message_type_is_accepted() {
    let (sandbox, _receiver) = boot(calm()).await;
    for body in good() {
        let (status, answer) = sandbox.send(&body).await;
        assert_eq!(status, 200, "{body} → {answer}");
    }
    assert_eq!(sandbox.ledger().await.len(), good().len());
}

fn bad_envelopes() -> Vec<(u64, Value)> {
    let text = json!({"body": "hi"});
    vec![
        (100, json!({"to": CONTACT, "type": "text", "text": text})),
        (100, json!({"messaging_product": "sms", "to": CONTACT, "type": "text", "text": text})),
        (100, json!({"messaging_product": "whatsapp", "type": "text", "text": text})),
        (
            100,
            json!({"messaging_product": "whatsapp", "to": 16_505_551_234_u64, "type": "text", "text": text}),
        ),
        (131_009, json!({"messaging_product": "whatsapp", "to": "abc", "type": "text", "text": text})),
        (
            131_009,
            json!({"messaging_product": "whatsapp", "recipient": "16505551234", "type": "text", "text": text}),
        ),
        (
            131_009,
            json!({"messaging_product": "whatsapp", "recipient_type": "crowd", "to": CONTACT, "text": text}),
        ),
        (131_008, json!({"messaging_product": "whatsapp", "to": CONTACT})),
        (131_008, json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "text"})),
        (
            131_008,
            json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "text", "image": {"id": "1"}}),
        ),
        (131_009, json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "fax", "fax": {}})),
        (131_009, json!({"messaging_product": "whatsapp", "to": CONTACT, "type": 1, "text": text})),
        (131_009, json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "text", "text": "hi"})),
        (
            131_021,
            json!({"messaging_product": "whatsapp", "to": "+1 555-000-0001", "type": "text", "text": text}),
        ),
        (
            131_009,
            json!({"messaging_product": "whatsapp", "to": CONTACT, "text": text, "context": {"message_id": "x"}}),
        ),
        (
            100,
            json!({"messaging_product": "whatsapp", "to": CONTACT, "text": text, "biz_opaque_callback_data": "x".repeat(513)}),
        ),
        (
            131_009,
            json!({"messaging_product": "whatsapp", "to": CONTACT, "text": text, "biz_opaque_callback_data": 1}),
        ),
        (131_009, json!({"messaging_product": "whatsapp", "status": "delivered", "message_id": "wamid.x"})),
        (131_008, json!({"messaging_product": "whatsapp", "status": "read"})),
    ]
}

fn bad_contents() -> Vec<(u64, Value)> {
    vec![
        (100, with("text", json!({"body": "x".repeat(4_097)}))),
        (131_009, with("text", json!({"body": ""}))),
        (131_009, with("text", json!({"body": 5}))),
        (131_008, with("image", json!({}))),
        (100, with("image", json!({"id": "1", "link": "https://example.com"}))),
        (100, with("image", json!({"id": "123"}))),
        (100, with("image", json!({"link": "ftp://example.com/a"}))),
        (100, with("image", json!({"link": "https://example.com", "caption": "c".repeat(1_025)}))),
        (100, with("audio", json!({"link": "https://example.com", "caption": "c"}))),
        (131_008, with("location", json!({"latitude": 1}))),
        (131_009, with("location", json!({"latitude": 91, "longitude": 0}))),
        (131_009, with("contacts", json!([]))),
        (131_008, with("contacts", json!([{"name": {"first_name": "Ann"}}]))),
        (131_009, with("contacts", json!({"name": {}}))),
        (131_009, with("reaction", json!({"message_id": "x", "emoji": "\u{1f600}"}))),
    ]
}

fn bad_interactives() -> Vec<(u64, Value)> {
    let link =
        |url: &str, text: &str| json!({"name": "cta_url", "parameters": {"display_text": text, "url": url}});
    let rows: Vec<Value> = (0..11).map(|place| row(&place.to_string())).collect();
    let mut headed = interactive("list", json!({"button": "Open", "sections": [{"rows": [row("a")]}]}));
    headed["interactive"]["header"] = json!({"type": "image", "image": {"link": "https://example.com"}});
    let mut footed = interactive("button", json!({"buttons": [button("a", "A")]}));
    footed["interactive"]["footer"] = json!({"text": "f".repeat(61)});
    vec![
        (131_009, interactive("dance", json!({}))),
        (131_008, with("interactive", json!({"type": "button", "body": {"text": "b"}}))),
        (131_008, with("interactive", json!({"type": "button", "action": {"buttons": [button("a", "A")]}}))),
        (131_009, interactive("button", json!({"buttons": []}))),
        (
            131_009,
            interactive(
                "button",
                json!({"buttons": [button("a", "A"), button("b", "B"), button("c", "C"), button("d", "D")]}),
            ),
        ),
        (131_009, interactive("button", json!({"buttons": [button("a", "A"), button("a", "B")]}))),
        (100, interactive("button", json!({"buttons": [button("a", &"A".repeat(21))]}))),
        (100, footed),
        (131_009, headed),
        (131_008, interactive("list", json!({"sections": [{"rows": [row("a")]}]}))),
        (
            131_008,
            interactive(
                "list",
                json!({"button": "Open", "sections": [{"rows": [row("a")]}, {"rows": [row("b")]}]}),
            ),
        ),
        (131_009, interactive("list", json!({"button": "Open", "sections": [{"rows": rows}]}))),
        (100, interactive("cta_url", link("nowhere", "See"))),
        (100, interactive("cta_url", link("https://example.com", &"x".repeat(21)))),
        (131_009, interactive("location_request_message", json!({"name": "go"}))),
        (
            131_008,
            interactive(
                "flow",
                json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "Go"}}),
            ),
        ),
        (131_008, interactive("product_list", json!({"catalog_id": "1", "sections": []}))),
        (131_009, interactive("carousel", json!({"cards": []}))),
    ]
}

#[tokio::test]
async fn wrong_bodies_are_refused_with_the_providers_codes() {
    let (sandbox, _receiver) = boot(calm()).await;
    for (expected, body) in bad_envelopes().into_iter().chain(bad_contents()).chain(bad_interactives()) {
        let answer = sandbox.send(&body).await;
        assert_eq!(code(&answer), (400, expected), "{body} → {}", answer.1);
        if expected > 1_000 {
            assert_eq!(answer.1["error"]["error_data"]["messaging_product"], "whatsapp");
        }
    }
    assert!(sandbox.ledger().await.is_empty());
}

#[tokio::test]
async fn broken_json_and_other_content_types_are_refused() {
    let (sandbox, _receiver) = boot(calm()).await;
    for (kind, body) in [("application/json", "{"), ("application/json", "[]"), ("text/plain", "{}")] {
        let request =
            sandbox.client.post(sandbox.url(&format!("/v24.0/{PHONE}/messages"))).bearer_auth(TOKEN);
        let response = request.header("content-type", kind).body(body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{kind} {body}");
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], 100);
    }
}
