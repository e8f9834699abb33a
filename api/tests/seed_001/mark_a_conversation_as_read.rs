//! "Mark a conversation as read".

use super::*;

const PATH: &str = "/conversations/{chatId}/read";

#[tokio::test]
async fn marks_all_messages_in_a_conversation_as_read_resetting_the_unread_counter_to_zero() {
    let seed = Seed::start().await;
    seed.app.execute("UPDATE conversations SET unread_count = 9").await;
    seed.done("PATCH", PATH).await;
    assert_eq!(seed.chat().await["unreadCount"], 0);
}

#[tokio::test]
async fn the_unread_only_filter_accurately_reflects_which_conversations_still_need_attention() {
    let seed = Seed::start().await;
    let second = seed.workspace.conversation(seed.app.pool(), "15550002222").await.to_string();
    seed.app.execute("UPDATE conversations SET unread_count = 1").await;
    assert_eq!(seed.listed("unreadOnly=true").await.len(), 2);
    seed.done("PATCH", PATH).await;
    assert_eq!(seed.listed("unreadOnly=true").await, [second]);
}

#[tokio::test]
async fn calling_it_on_a_conversation_that_is_already_fully_read_has_no_effect_and_still_returns_204() {
    let seed = Seed::start().await;
    let before = seed.chat().await;
    seed.done("PATCH", PATH).await;
    seed.done("PATCH", PATH).await;
    assert_eq!(seed.chat().await, before);
    assert_eq!(seed.app.count("SELECT count(*) FROM events").await, 0);
}

#[tokio::test]
async fn returns_404_if_the_conversation_does_not_exist_or_does_not_belong_to_your_account() {
    Seed::start().await.is_not_there_for_others("PATCH", PATH, None).await;
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("PATCH", PATH).await;
}
