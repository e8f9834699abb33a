//! "Archive a conversation".

use super::*;

const PATH: &str = "/conversations/{chatId}/archive";

#[tokio::test]
async fn archives_a_conversation_so_it_no_longer_appears_in_the_main_conversation_list() {
    let seed = Seed::start().await;
    seed.done("PATCH", PATH).await;
    assert_eq!(seed.listed("").await.len(), 0);
    assert_eq!(seed.listed("archived=true").await, [seed.chat.as_str()]);
    assert_eq!(seed.chat().await["state"], "archived");
}

#[tokio::test]
async fn archiving_is_a_soft_operation_no_messages_are_deleted_and_the_full_history_is_preserved() {
    let seed = Seed::start().await;
    seed.reply("Kept").await;
    let before = seed.get("/conversations/{chatId}/messages").await;
    seed.done("PATCH", PATH).await;
    assert_eq!(seed.get("/conversations/{chatId}/messages").await, before);
    assert_eq!(before["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn if_the_contact_sends_a_new_inbound_message_the_conversation_will_reappear_in_the_active_inbox() {
    let whole = Whole::start().await;
    let chat = whole.conversation(CONTACT, "Hello").await;
    assert_eq!(whole.call("PATCH", &format!("/v1/conversations/{chat}/archive")).await, 204);
    assert_eq!(whole.get("/v1/conversations").await["conversations"], json!([]));
    whole.contact_writes(CONTACT, "Still there?").await;
    let back = whole.listed("", CONTACT, "Still there?").await;
    assert_eq!((&back["id"], &back["state"]), (&json!(chat), &json!("open")));
    let told = "SELECT count(*) FROM events WHERE type = 'conversation.updated'
        AND payload->'conversation'->>'state' = 'open'";
    assert_eq!(whole.app.count(told).await, 1);
}

#[tokio::test]
async fn to_restore_an_archived_conversation_manually_call_unarchive() {
    let seed = Seed::start().await;
    seed.done("PATCH", PATH).await;
    seed.done("PATCH", "/conversations/{chatId}/unarchive").await;
    assert_eq!((seed.chat().await["state"].clone(), seed.listed("").await.len()), (json!("open"), 1));
}

#[tokio::test]
async fn returns_204_on_success_with_no_response_body() {
    let seed = Seed::start().await;
    for verb in ["archive", "archive", "unarchive", "unarchive"] {
        seed.done("PATCH", &format!("/conversations/{{chatId}}/{verb}")).await;
    }
}

#[tokio::test]
async fn returns_404_if_the_conversation_does_not_exist_or_does_not_belong_to_your_account() {
    let seed = Seed::start().await;
    seed.is_not_there_for_others("PATCH", PATH, None).await;
    seed.is_not_there_for_others("PATCH", "/conversations/{chatId}/unarchive", None).await;
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    let seed = Seed::start().await;
    seed.asks_for_a_key("PATCH", PATH).await;
    seed.asks_for_a_key("PATCH", "/conversations/{chatId}/unarchive").await;
}
