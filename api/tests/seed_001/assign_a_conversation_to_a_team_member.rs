//! "Assign a conversation to a team member".

use super::*;

const PATH: &str = "/conversations/{chatId}/assignee";

#[tokio::test]
async fn assigns_the_specified_conversation_to_a_user_of_your_company_who_becomes_its_primary_owner() {
    let seed = Seed::start().await;
    let ada = seed.colleague("Ada").await;
    let answer = seed.assign(ada).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let owner = json!({ "userId": ada, "name": "Ada", "avatarUrl": "https://x.example/Ada.png" });
    assert_eq!(seed.chat().await["assignee"], owner);
    assert_eq!(seed.listed(&format!("assigneeId={ada}")).await, [seed.chat.as_str()]);
}

#[tokio::test]
async fn the_assignee_will_receive_notifications_for_new_inbound_messages_on_it() {
    let whole = Whole::start().await;
    let chat = whole.conversation(CONTACT, "Before").await;
    let body = json!({ "userId": whole.workspace.user });
    let path = format!("/v1/conversations/{chat}/assignee");
    assert_eq!(whole.app.post(&path).key(&whole.workspace.token).json(&body).send().await.status, 204);
    let told = async |count: usize| {
        eventually("the assignee has been told", SOON, async || match whole.emails("olu@example.com").await {
            emails if emails.len() == count => Ok(emails),
            emails => Err(format!("{emails:?}")),
        })
        .await
    };
    assert_eq!(told(1).await[0]["subject"], "Conversation with Ada assigned to you");
    whole.contact_writes(CONTACT, "Where is my order?").await;
    let email = told(2).await[1].clone();
    assert_eq!(email["subject"], "2 unread messages from Ada");
    let text = email["text"].as_str().unwrap();
    assert!(text.contains("> Where is my order?") && text.contains(&format!("/inbox/{chat}")), "{text}");
}

#[tokio::test]
async fn a_conversation_can_have_at_most_one_assignee_and_calling_this_replaces_any_existing_assignment() {
    let seed = Seed::start().await;
    let (ada, ben) = (seed.colleague("Ada").await, seed.colleague("Ben").await);
    assert_eq!((seed.assign(ada).await.status, seed.assign(ben).await.status), (204, 204));
    assert_eq!(seed.chat().await["assignee"]["userId"], ben.to_string());
    assert_eq!(seed.listed(&format!("assigneeId={ada}")).await.len(), 0);
}

#[tokio::test]
async fn to_remove_the_assignee_without_replacing_it_use_delete_on_the_same_resource() {
    let seed = Seed::start().await;
    seed.assign(seed.workspace.user).await;
    seed.done("DELETE", PATH).await;
    assert_eq!(seed.chat().await["assignee"], Value::Null);
}

#[tokio::test]
async fn cross_company_assignment_is_not_supported_and_results_in_a_404() {
    let seed = Seed::start().await;
    let stranger = seed.app.workspace().await.user;
    seed.assign(stranger).await.problem(404, "not_found");
    assert_eq!(seed.chat().await["assignee"], Value::Null);
}

#[tokio::test]
async fn returns_400_if_the_request_body_is_missing_or_user_id_is_null() {
    let seed = Seed::start().await;
    for body in [None, Some(json!({})), Some(json!({ "userId": null }))] {
        let refused = seed.call("POST", PATH, body).await;
        assert_eq!(refused.fields(400, "required_field_missing"), ["userId"]);
    }
}

#[tokio::test]
async fn returns_404_if_the_conversation_or_the_target_user_does_not_exist_or_does_not_belong_to_your_account()
 {
    let seed = Seed::start().await;
    seed.assign(UserId::new()).await.problem(404, "not_found");
    let body = json!({ "userId": seed.workspace.user });
    seed.is_not_there_for_others("POST", PATH, Some(body)).await;
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("POST", PATH).await;
}
