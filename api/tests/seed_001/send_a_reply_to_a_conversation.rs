//! "Send a reply to a conversation".

use super::*;

#[tokio::test]
async fn sends_a_reply_to_an_existing_two_way_conversation_on_the_same_channel() {
    let whole = Whole::start().await;
    let chat = whole.conversation(CONTACT, "Hello?").await;
    whole.reply(&chat, "Hello!").await;
    eventually("the contact has it", SOON, async || {
        let phone = whole.phone(CONTACT).await;
        let last = phone.last().unwrap();
        let there = last["from"] == "business" && last["message"]["text"]["body"] == "Hello!";
        if there { Ok(()) } else { Err(phone) }
    })
    .await;
}

#[tokio::test]
async fn the_reply_is_accepted_asynchronously_202_accepted_and_queued_for_delivery() {
    let seed = Seed::start().await;
    let accepted = seed.reply("Hello").await;
    assert_eq!((&accepted["status"], &accepted["conversationId"]), (&json!("pending"), &json!(seed.chat)));
    assert_eq!(seed.app.count("SELECT count(*) FROM messages WHERE lane_position IS NOT NULL").await, 1);
}

#[tokio::test]
async fn the_actual_delivery_status_can_be_tracked() {
    let whole = Whole::start().await;
    let chat = whole.conversation(CONTACT, "Hello?").await;
    let id = whole.reply(&chat, "Hello!").await["id"].as_str().unwrap().to_owned();
    eventually("it is delivered", SOON, async || {
        let shown = whole.get(&format!("/v1/messages/{id}")).await;
        let status: Status = shown["status"].as_str().unwrap().parse().unwrap();
        if [Status::Delivered, Status::Read].contains(&status) { Ok(()) } else { Err(shown) }
    })
    .await;
    // What webhooks will carry.
    let told =
        "SELECT count(*) FROM events WHERE type IN ('message.created', 'message.sent', 'message.delivered')
        AND payload->'message'->>'id' = ";
    assert_eq!(whole.app.count(&format!("{told} '{id}'")).await, 3);
}

#[tokio::test]
async fn the_request_body_must_include_the_conversation_id_and_the_message_content() {
    let seed = Seed::start().await;
    let content = json!({ "type": "text", "text": "Hello" });
    for (body, field) in [
        (json!({ "content": content }), "conversationId"),
        (json!({ "conversationId": seed.chat }), "content"),
        (json!({ "conversationId": seed.chat, "content": null }), "content"),
    ] {
        let answer = seed.call("POST", "/conversations/reply", Some(body)).await;
        assert_eq!(answer.fields(400, "required_field_missing"), [field]);
    }
}

#[tokio::test]
async fn returns_400_if_the_request_body_is_malformed() {
    let seed = Seed::start().await;
    for body in [json!([]), json!("text"), json!(null)] {
        seed.call("POST", "/conversations/reply", Some(body)).await.problem(400, "malformed_request");
    }
    let broken = seed.app.post("/v1/conversations/reply").header("X-Api-Key", &seed.workspace.token);
    broken.raw("{").send().await.problem(400, "malformed_request");
}

#[tokio::test]
async fn returns_404_if_the_conversation_does_not_exist_or_does_not_belong_to_your_account() {
    let seed = Seed::start().await;
    let theirs = seed.app.workspace().await;
    let theirs = theirs.conversation(seed.app.pool(), "15550009999").await;
    for id in [theirs.to_string(), ConversationId::new().to_string(), "none".to_owned()] {
        let body = json!({ "conversationId": id, "content": { "type": "text", "text": "Hello" } });
        seed.call("POST", "/conversations/reply", Some(body)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("POST", "/conversations/reply").await;
}

#[tokio::test]
async fn some_channels_enforce_a_reply_window_and_attempting_to_reply_outside_of_it_fails() {
    let seed = Seed::start().await;
    seed.app.execute("UPDATE conversations SET window_expires_at = now() - interval '1 second'").await;
    let body = json!({ "conversationId": seed.chat, "content": { "type": "text", "text": "Hello" } });
    let refused = seed.call("POST", "/conversations/reply", Some(body)).await;
    let problem = refused.problem(422, "messaging_window_closed");
    assert_eq!(problem["messagingWindow"]["state"], "CLOSED");
}
