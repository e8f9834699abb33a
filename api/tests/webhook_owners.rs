//! Owners are told by email that an endpoint was disabled by itself.

use common::testing::eventually;
use serde_json::{Value, json};

use crate::support::{Hooked, Receiver, Reply, SOON};

const PEOPLE: &str = "INSERT INTO users (id, organization_id, name, email, role, disabled_at)
    SELECT gen_random_uuid(), id, p.name, p.name || '@example.com', p.role, CASE WHEN p.removed THEN now() END
    FROM organizations, (VALUES ('ann', 'owner', false), ('bob', 'admin', false), ('cid', 'owner', true)) AS p (name, role, removed)";

const DISABLED: &str = "SELECT count(*) FROM webhooks WHERE disabled_reason = 'gone'";
const WAITING: &str = "SELECT count(*) FROM notifications WHERE ended_at IS NULL";

async fn until(hooked: &Hooked, sql: &str, count: i64) {
    eventually(sql, SOON, async || match hooked.app.count(sql).await {
        found if found == count => Ok(()),
        found => Err(found),
    })
    .await;
}

async fn enable(hooked: &Hooked, webhook: &Value) {
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    hooked.call("PATCH", &path, Some(json!({ "enabled": true })), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_owner_is_told_once_each_time_that_an_endpoint_is_disabled() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    hooked.app.execute(PEOPLE).await;
    let webhook =
        hooked.webhook(&receiver, json!({ "events": ["message.sent"], "description": "Our CRM" })).await;
    // Eight are on their way when it says that it is gone.
    receiver.always(Reply::Status(410));
    hooked.emit("message.sent", None, 1..9).await;
    until(&hooked, DISABLED, 1).await;
    // Nobody was there to tell it when it happened.
    until(&hooked, "SELECT count(*) FROM webhook_attempts WHERE ended_at IS NULL", 0).await;
    assert_eq!(hooked.app.count(WAITING).await, 2);
    hooked.tell_people().await;
    until(&hooked, WAITING, 0).await;
    for owner in ["ann@example.com", "olu@example.com"] {
        let emails = hooked.emails(owner).await;
        assert_eq!(emails.len(), 1, "{emails:?}");
        let text = emails[0].to_string();
        assert!(text.contains("was disabled") && text.contains(webhook["id"].as_str().unwrap()), "{text}");
    }
    for nobody in ["bob@example.com", "cid@example.com"] {
        assert_eq!(hooked.emails(nobody).await, Vec::<Value>::new());
    }
    enable(&hooked, &webhook).await;
    until(&hooked, DISABLED, 1).await;
    until(&hooked, "SELECT count(*) FROM notifications WHERE state = 'sent'", 4).await;
    assert_eq!(hooked.emails("ann@example.com").await.len(), 2);
    let disabled = "SELECT count(*) FROM events WHERE type = 'webhook.disabled'";
    assert_eq!(hooked.app.count(disabled).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_enabled_by_then_is_not_told() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let webhook = hooked.webhook(&receiver, json!({ "events": ["message.sent"] })).await;
    receiver.answer(&[Reply::Status(410)]);
    hooked.emit("message.sent", None, 1..2).await;
    until(&hooked, DISABLED, 1).await;
    enable(&hooked, &webhook).await;
    hooked.tell_people().await;
    let dropped = "SELECT count(*) FROM notifications WHERE state = 'dropped' AND reason = 'enabled'";
    until(&hooked, dropped, 1).await;
    assert!(hooked.emails("olu@example.com").await.is_empty());
}
