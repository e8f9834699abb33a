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
