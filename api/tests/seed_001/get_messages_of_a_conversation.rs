//! "Get messages of a conversation".

use super::*;

const PATH: &str = "/conversations/{chatId}/messages";

async fn thread(count: usize) -> (Seed, Vec<String>) {
    let (seed, mut ids) = (Seed::start().await, Vec::new());
    for number in 0..count {
        ids.push(seed.reply(&format!("Number {number}")).await["id"].as_str().unwrap().to_owned());
    }
    (seed, ids)
}

async fn read(seed: &Seed, query: &str) -> Vec<String> {
    let page = seed.get(&format!("{PATH}?{query}")).await;
    page["messages"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn returns_the_full_message_thread_of_a_conversation_ordered_chronologically() {
    let (seed, ids) = thread(5).await;
    assert_eq!(read(&seed, "").await, ids);
}

#[tokio::test]
async fn each_message_includes_direction_timestamp_content_and_delivery_status() {
    let (seed, _) = thread(1).await;
    let message = seed.get(PATH).await["messages"][0].clone();
    assert_eq!((&message["direction"], &message["status"]), (&json!("outbound"), &json!("pending")));
    assert_eq!(message["content"], json!({ "type": "text", "text": "Number 0" }));
    assert!(chrono::DateTime::parse_from_rfc3339(message["timestamp"].as_str().unwrap()).is_ok());
}

#[tokio::test]
async fn id_from_retrieves_ids_greater_than_or_equal_and_id_to_less_than_or_equal_to_a_value() {
    let (seed, ids) = thread(5).await;
    assert_eq!(read(&seed, &format!("idFrom={}", ids[2])).await, ids[2..]);
    assert_eq!(read(&seed, &format!("idTo={}", ids[2])).await, ids[..3]);
    assert_eq!(read(&seed, &format!("idFrom={}&idTo={}", ids[1], ids[3])).await, ids[1..=3]);
}

#[tokio::test]
async fn a_typical_workflow_is_to_use_the_highest_message_id_as_id_from_to_load_newer_messages() {
    let (seed, mut ids) = thread(5).await;
    let mut seen = read(&seed, "limit=2").await;
    ids.push(seed.reply("Meanwhile").await["id"].as_str().unwrap().to_owned());
    while seen.len() < ids.len() {
        let highest = seen.last().unwrap().clone();
        let more = read(&seed, &format!("limit=2&idFrom={highest}")).await;
        // That message comes again, and another after it: else this would go round for ever.
        assert_eq!((more.len(), &more[0]), (2, &highest), "after {seen:?}");
        seen.extend(more.into_iter().skip(1));
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn after_reading_messages_call_patch_read_to_clear_the_unread_counter_for_this_conversation() {
    let whole = Whole::start().await;
    let chat = whole.conversation(CONTACT, "Hello").await;
    whole.get(&format!("/v1/conversations/{chat}/messages")).await;
    assert_eq!(whole.get(&format!("/v1/conversations/{chat}")).await["unreadCount"], 1);
    assert_eq!(whole.call("PATCH", &format!("/v1/conversations/{chat}/read")).await, 204);
    assert_eq!(whole.get(&format!("/v1/conversations/{chat}")).await["unreadCount"], 0);
}

#[tokio::test]
async fn returns_404_if_the_chat_id_does_not_exist_or_does_not_belong_to_your_account() {
    Seed::start().await.is_not_there_for_others("GET", PATH, None).await;
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("GET", PATH).await;
}
