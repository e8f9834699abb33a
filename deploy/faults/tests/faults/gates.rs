//! An inbox whose credentials the provider refuses: its gate closes, its messages wait, and it heals by itself.

use chrono::{TimeDelta, Utc};
use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Options, System};
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, number, reply, taken, until_event, until_status};

/// Notes each state that a gate takes.
const WITNESS: &str = "CREATE TABLE gate_states (id bigint GENERATED ALWAYS AS IDENTITY, gate text);
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO gate_states (gate) VALUES (NEW.gate); RETURN NEW;
    END $$;
    CREATE TRIGGER witness AFTER UPDATE OF gate ON inboxes FOR EACH ROW WHEN (OLD.gate <> NEW.gate) EXECUTE FUNCTION witness()";

async fn expire(system: &System, expired: bool) {
    let account = format!("/control/accounts/waba-{}", system.workspace.phone_number_id);
    system.client.sandbox_patch(&account, &json!({ "tokenExpired": expired })).await.unwrap();
}

async fn until_state(system: &System, state: &str) -> Value {
    let path = format!("/v1/inboxes/{}", system.workspace.inbox);
    eventually(&format!("the inbox is {state}"), SOON, async || {
        let inbox = system.client.api_get(&path).await.map_err(|error| error.to_string())?;
        if inbox["status"]["state"] == state { Ok(inbox) } else { Err(inbox.to_string()) }
    })
    .await
}

async fn status_events(system: &System) -> Vec<Value> {
    let sql = "SELECT payload FROM events WHERE type = 'inbox.status_changed' ORDER BY position";
    let rows = system.database.pool().get().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, Value>(0)["inbox"]["status"].clone()).collect()
}

async fn conversation(system: &System, address: &str) -> ConversationId {
    system.workspace.conversation(system.database.pool(), address).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_closes_the_gate_until_it_is_valid_again() {
    let system = System::start(Options::default()).await.unwrap();
    let (other, others_client) = system.another_workspace("another secret").await.unwrap();
    system.database.pool().get().await.unwrap().batch_execute(WITNESS).await.unwrap();
    let addresses = ["15550008001", "15550008002", "15550008003"];
    let mut conversations = Vec::new();
    for address in addresses {
        conversations.push(conversation(&system, address).await);
    }
    expire(&system, true).await;
    let first = reply(&system.client, conversations[0], "text 0").await;
    let refused = until_event(&system.client, &first, "gate_closed").await;
    let told = &entry(&refused, "gate_closed")["detail"];
    assert_eq!(
        (&told["providerCode"], &told["reason"]),
        (&json!("190"), &json!("token_expired")),
        "{refused}"
    );
    let inbox = until_state(&system, "disconnected").await;
    assert_eq!(inbox["status"]["reasons"], json!(["token_expired"]));
    let mut ids = vec![first];
    for n in 1..6 {
        ids.push(reply(&system.client, conversations[n % 3], &format!("text {n}")).await);
    }
    // Another account is none the worse.
    let unaffected = other.conversation(system.database.pool(), "15550008004").await;
    let id = reply(&others_client, unaffected, "unaffected").await;
    until_status(&others_client, &id, "delivered").await;
    let closed = r#"switchboard_inbox_gates{gate="closed"}"#;
    eventually("the metrics tell", SOON, async || match system.workers["relay"].metric(closed).await {
        Ok(1.0) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    for id in &ids {
        assert_eq!(system.client.message(id).await.unwrap()["status"], "pending");
    }
    assert!(taken(&system, addresses[0]).await.is_empty());

    expire(&system, false).await;
    until_state(&system, "active").await;
    for id in &ids {
        until_status(&system.client, id, "delivered").await;
    }
    for (place, address) in addresses.iter().enumerate() {
        assert_eq!(taken(&system, address).await, [format!("text {place}"), format!("text {}", place + 3)]);
    }
    let states = [("disconnected", json!(["token_expired"])), ("active", json!([]))];
    let states: Vec<Value> =
        states.map(|(state, reasons)| json!({ "state": state, "reasons": reasons })).into();
    assert_eq!(status_events(&system).await, states);
    let rows = system
        .database
        .pool()
        .get()
        .await
        .unwrap()
        .query("SELECT gate FROM gate_states ORDER BY id", &[])
        .await;
    let gates: Vec<String> = rows.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(gates, ["closed", "half_open", "open"]);
    // Behind the closed gate nothing was tried but what closed it.
    let refusals = r#"switchboard_attempts_total{channel="whatsapp",outcome="auth"}"#;
    assert!(system.workers["outbound"].metric(refusals).await.unwrap() <= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expires_behind_a_closed_gate_fails_and_the_rest_goes_out() {
    let system = System::start(Options::default()).await.unwrap();
    let client = &system.client;
    let to = "15550008101";
    let conversation = conversation(&system, to).await;
    expire(&system, true).await;
    let first = reply(client, conversation, "first").await;
    until_event(client, &first, "gate_closed").await;
    let soon = (Utc::now() + TimeDelta::seconds(6)).to_rfc3339();
    let content = json!({ "type": "text", "text": "expires" });
    let body = json!({ "conversationId": conversation, "content": content, "expiresAt": soon });
    let (status, accepted) = client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!(status, 202, "{accepted}");
    let last = reply(client, conversation, "last").await;
    let failed = until_status(client, accepted["id"].as_str().unwrap(), "failed").await;
    assert_eq!(failed["failure"]["code"], "expired", "{failed}");
    assert_eq!(events(&failed), ["accepted", "failed"]);
    assert_eq!(client.message(&first).await.unwrap()["status"], "pending");
    assert_eq!(number(&system, "SELECT count(*) FROM events WHERE type = 'message.failed'").await, 1);
    expire(&system, false).await;
    until_state(&system, "active").await;
    until_status(client, &last, "delivered").await;
    assert_eq!(taken(&system, to).await, ["first", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_new_token_flows_in_order_once_it_is_set() {
    let system = System::start(Options::default()).await.unwrap();
    let (other, others_client) = system.another_workspace("another secret").await.unwrap();
    let account = format!("/control/accounts/waba-{}", system.workspace.phone_number_id);
    let addresses = ["15550008201", "15550008202"];
    let mut conversations = Vec::new();
    for address in addresses {
        conversations.push(conversation(&system, address).await);
    }
    expire(&system, true).await;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(reply(&system.client, conversations[n % 2], &format!("text {n}")).await);
    }
    until_state(&system, "disconnected").await;
    let unaffected = other.conversation(system.database.pool(), "15550008203").await;
    let id = reply(&others_client, unaffected, "unaffected").await;
    until_status(&others_client, &id, "delivered").await;
    // The provider takes another token from now on.
    let renewed = json!({ "accessToken": "the-new-token", "tokenExpired": false });
    system.client.sandbox_patch(&account, &renewed).await.unwrap();
    let path = format!("/v1/connections/{}", system.workspace.connection);
    let wrong = json!({ "accessToken": "a-wrong-token" });
    let (status, refused) = system.client.api_call("PATCH", &path, &wrong).await.unwrap();
    assert!((400..500).contains(&status), "{status} {refused}");
    for id in &ids {
        assert_eq!(system.client.message(id).await.unwrap()["status"], "pending");
    }
    let right = json!({ "accessToken": "the-new-token" });
    let (status, changed) = system.client.api_call("PATCH", &path, &right).await.unwrap();
    assert_eq!(status, 200, "{changed}");
    for id in &ids {
        until_status(&system.client, id, "delivered").await;
    }
    for (place, address) in addresses.iter().enumerate() {
        let texts: Vec<String> = (0..4).map(|n| format!("text {}", place + 2 * n)).collect();
        assert_eq!(taken(&system, address).await, texts);
    }
    until_state(&system, "active").await;
    // Between them, the provider may have said that the old token leads to no such number.
    let states = status_events(&system).await;
    let told = |status: Option<&Value>| status.map(|status| status["state"].clone());
    assert_eq!(told(states.first()), Some(json!("disconnected")), "{states:?}");
    assert_eq!(told(states.last()), Some(json!("active")), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_shows_and_goes_by_itself_without_a_message() {
    let environment = [("SWITCHBOARD_INBOX_CHECK_SECONDS".to_owned(), "1".to_owned())].into();
    let system = System::start(Options { environment, ..Options::default() }).await.unwrap();
    // Two workers ask in turn.
    let _second = system.start_worker("outbound").unwrap();
    let due = "UPDATE inboxes SET check_at = now()";
    system.database.pool().get().await.unwrap().execute(due, &[]).await.unwrap();
    let number = &system.workspace.phone_number_id;
    let account = format!("/control/accounts/waba-{number}");
    let numbers = |quality: &str| {
        json!({ "phoneNumbers": [{
            "id": number, "displayPhoneNumber": "+1 555-000-0001", "verifiedName": "Test", "qualityRating": quality,
        }] })
    };
    let patch = async |change: Value| system.client.sandbox_patch(&account, &change).await.unwrap();
    let mut expected = Vec::new();
    for (change, state, reasons) in [
        (numbers("RED"), "degraded", json!(["quality_low"])),
        (json!({ "tokenExpired": true }), "disconnected", json!(["token_expired"])),
        (json!({ "tokenExpired": false }), "degraded", json!(["quality_low"])),
        (numbers("GREEN"), "active", json!([])),
        (json!({ "subscribed": false }), "degraded", json!(["webhook_unverified"])),
        (json!({ "subscribed": true }), "active", json!([])),
    ] {
        patch(change).await;
        let inbox = until_state(&system, state).await;
        assert_eq!(inbox["status"]["reasons"], reasons);
        expected.push(inbox["status"].clone());
    }
    assert_eq!(status_events(&system).await, expected);
}
