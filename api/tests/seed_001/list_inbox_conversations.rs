//! "List inbox conversations".

use super::*;

#[tokio::test]
async fn returns_all_two_way_conversations_for_your_account() {
    let seed = Seed::start().await;
    let second = seed.workspace.conversation(seed.app.pool(), "15550002222").await.to_string();
    seed.app.workspace().await.conversation(seed.app.pool(), "15550003333").await;
    assert_eq!(seed.listed("").await, [second, seed.chat.clone()]);
}

#[tokio::test]
async fn a_conversation_groups_every_message_exchanged_with_a_single_contact_on_a_given_channel_into_one_thread()
 {
    let whole = Whole::start().await;
    let chat = whole.conversation(CONTACT, "One").await;
    whole.reply(&chat, "Two").await;
    whole.contact_writes(CONTACT, "Three").await;
    let listed = whole.listed("", CONTACT, "Three").await;
    assert_eq!((&listed["id"], &listed["channel"]), (&json!(chat), &json!("whatsapp")));
    let thread = whole.get(&format!("/v1/conversations/{chat}/messages")).await;
    let told: Vec<(&str, &str)> = thread["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["direction"].as_str().unwrap(), it["content"]["text"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("inbound", "One"), ("outbound", "Two"), ("inbound", "Three")]);
    assert_eq!(whole.get("/v1/conversations").await["conversations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn conversations_are_created_automatically_when_a_contact_sends_an_inbound_message() {
    let whole = Whole::start().await;
    assert_eq!(whole.get("/v1/conversations").await["conversations"], json!([]));
    whole.contact_writes(CONTACT, "Hello").await;
    let created = whole.listed("", CONTACT, "Hello").await;
    assert_eq!((&created["contact"]["name"], &created["unreadCount"]), (&json!("Ada"), &json!(1)));
}

#[tokio::test]
async fn conversations_are_created_automatically_when_you_send_a_reply_through_the_inbox() {
    let seed = Seed::start().await;
    let body = json!({
        "inboxId": seed.workspace.inbox,
        "recipient": { "type": "channel", "externalId": "+15550002222" },
        "content": { "type": "text", "text": "Hello" },
        "onClosedWindow": "hold",
    });
    let sent = seed.call("POST", "/messages", Some(body)).await.expect(202);
    let created = sent["conversationId"].as_str().unwrap();
    assert_eq!(seed.listed("").await, [created, &seed.chat]);
}

#[tokio::test]
async fn date_from_limits_to_conversations_updated_after_a_given_iso_date() {
    let seed = Seed::start().await;
    let old = seed.workspace.conversation(seed.app.pool(), "15550002222").await;
    let back =
        format!("UPDATE conversations SET last_message_at = '2026-04-29T23:59:59Z' WHERE id = '{}'", old.0);
    seed.app.execute(&back).await;
    assert_eq!(seed.listed("dateFrom=2026-04-30T00:00:00Z").await, [seed.chat.as_str()]);
    assert_eq!(seed.listed("dateFrom=2026-04-30").await, [seed.chat.as_str()]);
    assert_eq!(seed.listed("dateFrom=2026-04-29").await, [seed.chat.clone(), old.to_string()]);
    let bad = seed.call("GET", "/conversations?dateFrom=yesterday", None).await;
    assert_eq!(bad.fields(400, "invalid_parameter"), ["dateFrom"]);
}

#[tokio::test]
async fn channel_ids_restricts_to_one_or_more_channels() {
    let seed = Seed::start().await;
    assert_eq!(seed.listed("channelIds=whatsapp").await, [seed.chat.as_str()]);
    assert_eq!(seed.listed("channelIds=rcs,whatsapp").await, [seed.chat.as_str()]);
    assert_eq!(seed.listed(&format!("channelIds={}", seed.workspace.inbox)).await, [seed.chat.as_str()]);
    assert_eq!(seed.listed("channelIds=rcs").await.len(), 0);
    let bad = seed.call("GET", "/conversations?channelIds=pigeon", None).await;
    assert_eq!(bad.fields(400, "invalid_parameter"), ["channelIds"]);
}

#[tokio::test]
async fn unread_only_returns_only_conversations_that_contain_messages_you_have_not_yet_marked_as_read() {
    let whole = Whole::start().await;
    let first = whole.conversation(CONTACT, "Hello").await;
    let second = whole.conversation("15550002222", "Hello too").await;
    assert_eq!(whole.call("PATCH", &format!("/v1/conversations/{first}/read")).await, 204);
    let unread = whole.get("/v1/conversations?unreadOnly=true").await;
    assert_eq!(unread["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(unread["conversations"][0]["id"], second);
}

#[tokio::test]
async fn sorting_is_controlled_by_order_by_with_minus_for_descending_or_plus_for_ascending() {
    let seed = Seed::start().await;
    let second = seed.workspace.conversation(seed.app.pool(), "15550002222").await.to_string();
    assert_eq!(seed.listed("orderBy=-lastMessageDate").await, [second.clone(), seed.chat.clone()]);
    assert_eq!(seed.listed("orderBy=+lastMessageDate").await, [seed.chat.clone(), second]);
    let bad = seed.call("GET", "/conversations?orderBy=-unreadCount", None).await;
    assert_eq!(bad.fields(400, "invalid_parameter"), ["orderBy"]);
}

#[tokio::test]
async fn each_returned_conversation_includes_an_unread_counter() {
    let whole = Whole::start().await;
    for text in ["One", "Two", "Three"] {
        whole.contact_writes(CONTACT, text).await;
    }
    eventually("all three are counted", SOON, async || {
        let listed = whole.get("/v1/conversations").await["conversations"][0]["unreadCount"].clone();
        if listed == 3 { Ok(()) } else { Err(listed) }
    })
    .await;
}

#[tokio::test]
async fn to_clear_it_call_patch_read() {
    let seed = Seed::start().await;
    seed.app.execute("UPDATE conversations SET unread_count = 2").await;
    assert_eq!(seed.get("/conversations").await["conversations"][0]["unreadCount"], 2);
    seed.done("PATCH", "/conversations/{chatId}/read").await;
    assert_eq!(seed.get("/conversations").await["conversations"][0]["unreadCount"], 0);
}

#[tokio::test]
async fn conversations_you_no_longer_need_can_be_moved_out_with_archive_and_restored_later_with_unarchive() {
    let seed = Seed::start().await;
    seed.done("PATCH", "/conversations/{chatId}/archive").await;
    assert_eq!(seed.listed("").await.len(), 0);
    seed.done("PATCH", "/conversations/{chatId}/unarchive").await;
    assert_eq!(seed.listed("").await, [seed.chat.as_str()]);
}

#[tokio::test]
async fn a_401_response_means_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("GET", "/conversations").await;
}
