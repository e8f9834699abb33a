//! Every content type on its whole way: what the client gave is what the provider took, and what becomes of a reaction whose
//! message never left.

use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Client, Options, System};
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, number, until_status};

/// Replies with this content; the message's id.
async fn send(client: &Client, conversation: ConversationId, content: &Value) -> String {
    let body = json!({ "conversationId": conversation, "content": content });
    let (status, accepted) = client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!(status, 202, "{content}: {accepted}");
    accepted["id"].as_str().unwrap().to_owned()
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn reaction(message: &str, emoji: &str) -> Value {
    json!({ "type": "reaction", "messageId": message, "emoji": emoji })
}

const LINK: &str = "https://files.example.com/a";

/// Content as a client gives it, and the provider's object of its type.
fn contents() -> Vec<(Value, Value)> {
    let mut contents = vec![
        (
            json!({ "type": "location", "latitude": 52.5163, "longitude": 13.3777, "name": "Gate", "address": "Berlin" }),
            json!({ "latitude": 52.5163, "longitude": 13.3777, "name": "Gate", "address": "Berlin" }),
        ),
        (
            json!({ "type": "contacts", "contacts": [{ "name": { "formattedName": "Ada", "firstName": "Ada" },
                "phones": [{ "phone": "+15550001111", "waId": "15550001111" }], "birthday": "1815-12-10" }] }),
            json!([{ "name": { "formatted_name": "Ada", "first_name": "Ada" },
                "phones": [{ "phone": "+15550001111", "wa_id": "15550001111" }], "birthday": "1815-12-10" }]),
        ),
    ];
    for kind in ["image", "video", "audio", "document", "sticker"] {
        contents.push((json!({ "type": kind, "url": LINK }), json!({ "link": LINK })));
    }
    contents.extend(templates());
    contents.extend(interactive());
    contents
}

fn templates() -> [(Value, Value); 3] {
    let given = |name: &str, field: &str, value: Value| json!({ "type": "template", "name": name, "language": "en_US", field: value });
    let taken = |name: &str, components: Value| json!({ "name": name, "language": { "code": "en_US", "policy": "deterministic" }, "components": components });
    let components = json!([
        { "type": "header", "parameters": [{ "type": "document", "document": { "link": LINK } }] },
        { "type": "body", "parameters": [{ "type": "text", "text": "Ada" }] },
        { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "42" }] },
    ]);
    let in_order = json!([{ "type": "body", "parameters": [
        { "type": "text", "text": "Ada" }, { "type": "text", "text": "42" }] }]);
    let by_name = json!([{ "type": "body", "parameters": [
        { "type": "text", "parameter_name": "date", "text": "Monday" },
        { "type": "text", "parameter_name": "first_name", "text": "Ada" }] }]);
    [
        (given("order_update", "parameters", json!(["Ada", "42"])), taken("order_update", in_order)),
        (
            given("appointment_reminder", "parameters", json!({ "first_name": "Ada", "date": "Monday" })),
            taken("appointment_reminder", by_name),
        ),
        (given("invoice", "components", components.clone()), taken("invoice", components)),
    ]
}

fn interactive() -> [(Value, Value); 4] {
    let given = |interactive: Value| json!({ "type": "interactive", "interactive": interactive });
    let rows = json!([{ "id": "1", "title": "One", "description": "the first" }]);
    [
        (
            given(
                json!({ "type": "buttons", "header": { "type": "image", "url": LINK }, "body": "b", "footer": "f",
                "buttons": [{ "id": "yes", "title": "Yes" }] }),
            ),
            json!({ "type": "button", "header": { "type": "image", "image": { "link": LINK } }, "body": { "text": "b" },
                "footer": { "text": "f" }, "action": { "buttons": [{ "type": "reply", "reply": { "id": "yes", "title": "Yes" } }] } }),
        ),
        (
            given(
                json!({ "type": "list", "header": { "type": "text", "text": "h" }, "body": "b", "button": "Choose",
                "sections": [{ "title": "s", "rows": rows }] }),
            ),
            json!({ "type": "list", "header": { "type": "text", "text": "h" }, "body": { "text": "b" },
                "action": { "button": "Choose", "sections": [{ "title": "s", "rows": rows }] } }),
        ),
        (
            given(json!({ "type": "ctaUrl", "body": "b", "button": "Open", "url": "https://a.example" })),
            json!({ "type": "cta_url", "body": { "text": "b" }, "action": { "name": "cta_url",
                "parameters": { "display_text": "Open", "url": "https://a.example" } } }),
        ),
        (
            given(json!({ "type": "flow", "body": "b", "button": "Start", "flowId": "77", "flowToken": "t",
                "action": "navigate", "screen": "FIRST", "data": { "a": [1, null] } })),
            json!({ "type": "flow", "body": { "text": "b" }, "action": { "name": "flow", "parameters": {
                "flow_message_version": "3", "flow_id": "77", "flow_cta": "Start", "flow_token": "t", "flow_action": "navigate",
                "flow_action_payload": { "screen": "FIRST", "data": { "a": [1, null] } } } } }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_content_type_is_delivered_as_the_provider_wants_it_and_in_order() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, address) = (&system.client, "15550004001");
    client.contact_writes(address, "Hello?").await.unwrap();
    let conversation =
        eventually("the contact's message shows up", SOON, async || client.conversation_with(address).await)
            .await;
    let id: ConversationId = conversation["id"].as_str().unwrap().parse().unwrap();
    let written = &client.messages(&id.to_string()).await.unwrap()[0];
    let (theirs, of_theirs) = (written["id"].as_str().unwrap(), &written["providerMessageId"]);
    let mut expected = Vec::new();
    for (content, object) in contents() {
        let sent = send(client, id, &content).await;
        expected.push((sent, content["type"].as_str().unwrap().to_owned(), object));
    }
    let ours = send(client, id, &text("And more")).await;
    // Put on a message of ours that may still be in line, and on one of the contact's.
    let on_ours = send(client, id, &reaction(&ours, "🎉")).await;
    let on_theirs = send(client, id, &reaction(theirs, "")).await;
    until_status(client, &on_theirs, "sent").await;
    let of_ours = until_status(client, &ours, "delivered").await["providerMessageId"].clone();
    expected.push((ours, "text".into(), json!({ "body": "And more" })));
    expected.push((on_ours, "reaction".into(), json!({ "message_id": of_ours, "emoji": "🎉" })));
    expected.push((on_theirs, "reaction".into(), json!({ "message_id": of_theirs, "emoji": "" })));
    let ledger = system.ledger().await.unwrap();
    assert_eq!(ledger.len(), expected.len());
    for (taken, (sent, kind, object)) in ledger.iter().zip(expected) {
        let status = if kind == "reaction" { "sent" } else { "delivered" };
        let message = until_status(client, &sent, status).await;
        assert_eq!(message["providerMessageId"], taken["providerId"], "{kind}");
        let body = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": format!("+{address}"), "type": kind,
            kind.as_str(): object, "biz_opaque_callback_data": taken["body"]["biz_opaque_callback_data"],
        });
        assert_eq!(taken["body"], body, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_goes_out_though_the_window_closed_before_its_turn() {
    let system = System::start(Options { without: vec!["outbound"], ..Options::default() }).await.unwrap();
    system.client.sandbox_patch("/control/settings", &json!({ "window": true })).await.unwrap();
    let conversation = system.workspace.conversation(system.database.pool(), "15550004101").await;
    let free = send(&system.client, conversation, &text("Too late")).await;
    let (template, _) = &templates()[0];
    let approved = send(&system.client, conversation, template).await;
    let client = system.database.pool().get().await.unwrap();
    client.execute("UPDATE conversations SET window_expires_at = now()", &[]).await.unwrap();
    let _outbound = system.start_worker("outbound").unwrap();
    until_status(&system.client, &approved, "delivered").await;
    let failed = until_status(&system.client, &free, "failed").await;
    assert_eq!(failed["failure"]["code"], "window_closed");
    // The contact has never written, as far as anybody knows.
    client.execute("UPDATE conversations SET window_expires_at = NULL", &[]).await.unwrap();
    let approved = send(&system.client, conversation, template).await;
    until_status(&system.client, &approved, "delivered").await;
    assert_eq!(system.ledger().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_to_what_never_left_fails_and_says_so() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, address) = (&system.client, "15550004201");
    let conversation = system.workspace.conversation(system.database.pool(), address).await;
    let refuse = json!({ "refuse": { "httpStatus": 400, "code": 131026 } });
    client.fault(&json!({ "times": 1, "fault": refuse })).await.unwrap();
    let target = send(client, conversation, &text("Nobody there")).await;
    let on_target = send(client, conversation, &reaction(&target, "👍")).await;
    let after = send(client, conversation, &text("Next")).await;
    until_status(client, &after, "delivered").await;
    until_status(client, &target, "failed").await;
    let failed = until_status(client, &on_target, "failed").await;
    let failure = &failed["failure"];
    assert_eq!((&failure["code"], &failure["retryable"]), (&json!("reaction_target_not_sent"), &json!(true)));
    assert_eq!(events(&failed), ["accepted", "failed"]);
    assert_eq!(entry(&failed, "failed")["detail"]["code"], "reaction_target_not_sent");
    // It was never tried: the provider saw the message after it, and nothing else.
    assert_eq!(number(&system, "SELECT count(*) FROM attempts").await, 2);
    assert_eq!(crate::watch::taken(&system, address).await, ["Next"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_the_provider_does_not_know_fails_with_its_reason() {
    let system = System::start(Options::default()).await.unwrap();
    let client = &system.client;
    let conversation = system.workspace.conversation(system.database.pool(), "15550004301").await;
    let template = |name: &str, parameters: Value| json!({ "type": "template", "name": name, "language": "en_US", "parameters": parameters });
    // What is given beyond a template's gaps in the provider's own form, only the provider refuses.
    let texts = ["Ada", "42", "more"].map(|text| json!({ "type": "text", "text": text }));
    let components = json!([{ "type": "body", "parameters": texts }]);
    let surplus =
        json!({ "type": "template", "name": "order_update", "language": "en_US", "components": components });
    let cases = [
        (template("no_such_template", json!([])), "template_missing", "132001"),
        (surplus, "template_parameters", "132000"),
        (template("winter_sale", json!([])), "template_paused", "132015"),
    ];
    for (content, code, provider_code) in cases {
        let id = send(client, conversation, &content).await;
        let failed = until_status(client, &id, "failed").await;
        let failure = &failed["failure"];
        assert_eq!((&failure["code"], &failure["providerCode"]), (&json!(code), &json!(provider_code)));
    }
    system.at_rest("failed", SOON).await;
}
