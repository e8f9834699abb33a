//! "Assign team to inbox".

use super::*;

#[tokio::test]
async fn routes_new_conversations_from_this_inbox_to_the_selected_team() {
    let seed = Seed::start().await;
    let (inbox, team) = (seed.inbox_id().await, seed.team(&seed.workspace, "Support").await);
    let path = format!("/inboxes/{inbox}/team");
    let set = seed.call("PUT", &path, Some(json!({ "teamId": team }))).await.expect(200);
    assert_shape(&set);
    assert_eq!((&set["id"], &set["teamId"]), (&json!(inbox), &json!(team)));
    let start = json!({
        "inboxId": inbox, "recipient": { "type": "channel", "externalId": "+15551234567" },
        "content": { "type": "template", "name": "soon", "language": "en" },
    });
    let message = seed.call("POST", "/messages", Some(start)).await.expect(202);
    let chat = format!("/conversations/{}", message["conversationId"].as_str().unwrap());
    assert_eq!(seed.call("GET", &chat, None).await.expect(200)["teamId"], json!(team));
}

#[tokio::test]
async fn team_id_is_a_required_request_attribute_and_names_a_team_of_this_workspace() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}/team", seed.inbox_id().await);
    for body in [json!({}), json!({ "teamId": null })] {
        let refused = seed.call("PUT", &path, Some(body)).await;
        assert_eq!(refused.fields(400, "required_field_missing"), ["teamId"]);
    }
    let stranger = seed.app.workspace().await;
    let theirs = seed.team(&stranger, "Theirs").await;
    for team in [json!(theirs), json!(TeamId::new()), json!("Support")] {
        seed.call("PUT", &path, Some(json!({ "teamId": team }))).await.problem(404, "not_found");
    }
    let inbox = seed.call("GET", path.trim_end_matches("/team"), None).await.expect(200);
    assert_eq!(inbox["teamId"], Value::Null);
}

#[tokio::test]
async fn takes_inbox_update_of_owners_and_admins() {
    let seed = Seed::start().await;
    let (path, team) =
        (format!("/inboxes/{}/team", seed.inbox_id().await), seed.team(&seed.workspace, "Support").await);
    let body = Some(json!({ "teamId": team }));
    seed.takes(("PUT", &path), body.clone(), "inbox:update", false).await;
    seed.is_not_there_for_others("PUT", &path, body).await;
}
