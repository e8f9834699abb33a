//! "Clear team from inbox".

use super::*;

#[tokio::test]
async fn removes_team_routing_so_conversations_use_the_workspace_fallback() {
    let seed = Seed::start().await;
    let (team, fallback) =
        (seed.team(&seed.workspace, "Support").await, seed.team(&seed.workspace, "Everybody").await);
    seed.app.execute(&format!("UPDATE teams SET fallback = true WHERE id = '{}'", fallback.0)).await;
    let inbox = seed.inbox_id().await;
    let path = format!("/inboxes/{inbox}/team");
    seed.call("PUT", &path, Some(json!({ "teamId": team }))).await.expect(200);
    let cleared = seed.call("DELETE", &path, None).await.expect(200);
    assert_shape(&cleared);
    assert_eq!(cleared["teamId"], Value::Null);
    let start = json!({
        "inboxId": inbox, "recipient": { "type": "channel", "externalId": "+15551234567" },
        "content": { "type": "template", "name": "soon", "language": "en" },
    });
    let message = seed.call("POST", "/messages", Some(start)).await.expect(202);
    let chat = format!("/conversations/{}", message["conversationId"].as_str().unwrap());
    assert_eq!(seed.call("GET", &chat, None).await.expect(200)["teamId"], json!(fallback));
    // Clearing what is clear changes nothing.
    assert_eq!(seed.call("DELETE", &path, None).await.expect(200), cleared);
}

#[tokio::test]
async fn takes_inbox_update_of_owners_and_admins() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}/team", seed.inbox_id().await);
    seed.takes(("DELETE", &path), None, "inbox:update", false).await;
    seed.is_not_there_for_others("DELETE", &path, None).await;
}
