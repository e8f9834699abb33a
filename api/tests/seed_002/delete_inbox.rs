//! "Delete inbox".

use super::*;

#[tokio::test]
async fn removes_an_inbox_from_the_workspace() {
    let seed = Seed::start().await;
    let inbox = seed.inbox_id().await;
    let path = format!("/inboxes/{inbox}");
    let deleted = seed.call("DELETE", &path, None).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", format!("{path}/team")),
        ("GET", format!("{path}/whatsapp/templates")),
    ] {
        let body = (method == "PATCH").then(|| json!({}));
        seed.call(method, &path, body).await.problem(404, "not_found");
    }
    assert!(!seed.call("GET", "/inboxes", None).await.text.contains(&inbox));
    assert_eq!(seed.app.count("SELECT count(*) FROM audit_log WHERE action = 'inbox.delete'").await, 1);
    let told = "SELECT count(*) FROM events WHERE type = 'inbox.status_changed'
        AND payload #>> '{inbox,status}' = '{\"state\": \"disconnected\", \"reasons\": [\"deleted\"]}'
        AND payload #>> '{previousStatus,state}' = 'active'";
    assert_eq!(seed.app.count(told).await, 1);
    // Its number is free again.
    assert_ne!(seed.inbox_id().await, inbox);
}

#[tokio::test]
async fn so_it_can_no_longer_receive_or_send_messages() {
    let whole = Whole::start().await;
    let chat = whole.conversation("15550001111", "Hello").await;
    let in_two_days = (chrono::Utc::now() + chrono::TimeDelta::days(2)).to_rfc3339();
    let later = json!({
        "conversationId": chat, "content": { "type": "text", "text": "Later" }, "scheduledAt": in_two_days,
    });
    let call = whole.app.post("/v1/conversations/reply").key(&whole.workspace.token).json(&later);
    let scheduled = call.send().await.expect(202)["id"].as_str().unwrap().to_owned();
    assert_eq!(whole.call("DELETE", &format!("/v1/inboxes/{}", whole.workspace.inbox)).await, 204);
    // What waited ends, and says why.
    eventually("the scheduled message ends", SOON, async || {
        let message = whole.get(&format!("/v1/messages/{scheduled}")).await;
        if message["failure"]["code"] == "inbox_deleted" { Ok(()) } else { Err(message.to_string()) }
    })
    .await;
    let reply = json!({ "conversationId": chat, "content": { "type": "text", "text": "Anybody?" } });
    let call = whole.app.post("/v1/conversations/reply").key(&whole.workspace.token).json(&reply);
    call.send().await.problem(422, "inbox_deleted");
    let start = json!({
        "inboxId": whole.workspace.inbox, "recipient": { "type": "channel", "externalId": "+15550002222" },
        "content": { "type": "text", "text": "Hi" },
    });
    let call = whole.app.post("/v1/messages").key(&whole.workspace.token).json(&start);
    call.send().await.problem(422, "inbox_deleted");
    // What comes in is taken from the provider, and goes nowhere.
    whole.contact_writes("15550001111", "Are you there?").await;
    whole.contact_writes("15550003333", "Is somebody?").await;
    eventually("the provider is rid of its webhooks", SOON, async || {
        let stats = whole.app.provider("GET", "/control/stats").send().await.expect(200);
        if stats["webhooks"]["queued"] == 0 { Ok(()) } else { Err(stats.to_string()) }
    })
    .await;
    eventually("what was stored is worked off", SOON, async || {
        let open = "SELECT count(*) FROM channel_events WHERE processed_at IS NULL";
        if whole.app.count(open).await == 0 { Ok(()) } else { Err("not yet") }
    })
    .await;
    // Its history stays readable.
    let listed = whole.get("/v1/conversations").await;
    assert_eq!(listed["conversations"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["conversations"][0]["lastMessage"]["preview"], "Hello");
    assert_eq!(listed["conversations"][0]["canSend"], json!([]));
    let messages = whole.get(&format!("/v1/conversations/{chat}/messages")).await;
    assert_eq!(messages["messages"].as_array().unwrap().len(), 2, "{messages}");
}

#[tokio::test]
async fn takes_inbox_delete_of_owners_and_admins() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}", seed.inbox_id().await);
    seed.is_not_there_for_others("DELETE", &path, None).await;
    seed.takes(("DELETE", &path), None, "inbox:delete", false).await;
}
