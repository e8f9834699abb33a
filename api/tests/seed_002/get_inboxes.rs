//! "Get inboxes".

use super::*;

#[tokio::test]
async fn returns_the_connected_channels_that_can_send_or_receive_customer_messages_in_this_workspace() {
    let seed = Seed::start().await;
    let created = seed.inbox().await;
    let listed = seed.call("GET", "/inboxes", None).await.expect(200);
    let inboxes = listed["inboxes"].as_array().unwrap();
    assert_eq!(inboxes.len(), 2);
    inboxes.iter().for_each(assert_shape);
    assert_eq!(inboxes[1], created);
    let stranger = seed.app.workspace().await;
    let theirs = seed.call_as(&stranger.token, "GET", "/inboxes", None).await.expect(200);
    assert_eq!(theirs["inboxes"].as_array().unwrap().len(), 1);
    assert_ne!(theirs["inboxes"][0]["id"], created["id"]);
}

#[tokio::test]
async fn an_inbox_says_how_it_is_and_why() {
    let seed = Seed::start().await;
    let degraded = "UPDATE inboxes SET state = 'degraded', reasons = '{payment_issue}'";
    seed.app.execute(degraded).await;
    let listed = seed.call("GET", "/inboxes", None).await.expect(200);
    let status = json!({ "state": "degraded", "reasons": ["payment_issue"] });
    assert_eq!(listed["inboxes"][0]["status"], status);
}

#[tokio::test]
async fn use_an_inbox_id_as_the_sender_when_starting_outbound_messages() {
    let seed = Seed::start().await;
    let inbox = seed.inbox_id().await;
    let start = json!({
        "inboxId": inbox, "recipient": { "type": "channel", "externalId": "+15551234567" },
        "content": { "type": "template", "name": "order_ready", "language": "en", "parameters": ["Ada", "42"] },
    });
    let message = seed.call("POST", "/messages", Some(start)).await.expect(202);
    let path = format!("/conversations/{}", message["conversationId"].as_str().unwrap());
    assert_eq!(seed.call("GET", &path, None).await.expect(200)["inboxId"], inbox);
}

#[tokio::test]
async fn takes_inbox_list_of_owners_admins_and_agents() {
    Seed::start().await.takes(("GET", "/inboxes"), None, "inbox:list", true).await;
}
