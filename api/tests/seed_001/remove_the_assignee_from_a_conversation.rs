//! "Remove the assignee from a conversation".

use super::*;

const PATH: &str = "/conversations/{chatId}/assignee";

#[tokio::test]
async fn clears_the_current_assignee_of_the_conversation_leaving_it_unassigned() {
    let seed = Seed::start().await;
    seed.assign(seed.workspace.user).await;
    assert_eq!(seed.listed("unassigned=true").await.len(), 0);
    seed.done("DELETE", PATH).await;
    assert_eq!(seed.listed("unassigned=true").await, [seed.chat.as_str()]);
}

#[tokio::test]
async fn the_conversation_itself_remains_active_and_continues_to_appear_in_the_inbox() {
    let seed = Seed::start().await;
    seed.assign(seed.workspace.user).await;
    seed.done("DELETE", PATH).await;
    assert_eq!(
        (seed.chat().await["state"].clone(), seed.listed("").await),
        (json!("open"), vec![seed.chat.clone()])
    );
}

#[tokio::test]
async fn calling_it_on_a_conversation_that_has_no_assignee_succeeds_and_still_returns_204() {
    let seed = Seed::start().await;
    seed.done("DELETE", PATH).await;
    seed.done("DELETE", PATH).await;
    assert_eq!(seed.app.count("SELECT count(*) FROM events").await, 0);
}

#[tokio::test]
async fn returns_404_if_the_conversation_does_not_exist_or_does_not_belong_to_your_account() {
    Seed::start().await.is_not_there_for_others("DELETE", PATH, None).await;
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("DELETE", PATH).await;
}
