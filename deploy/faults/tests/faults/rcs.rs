//! RCS, with the real processes: both ways, read in the end, and never twice, since the provider takes each of our ids once.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Options, Process, System};
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, reply, until_event, until_status};

const AGENT: &str = "sandbox_agent";
const CONTACT: &str = "15551230001";

/// A Switchboard with an RCS agent's inbox, and its worker.
struct Rcs {
    system: System,
    worker: Process,
    inbox: String,
}

impl Rcs {
    async fn start(variables: &[(&str, u32)]) -> Self {
        Self::start_with(variables, false).await
    }

    /// The same, and where RCS does not reach an inbox for texts takes over.
    async fn start_with(variables: &[(&str, u32)], fallback: bool) -> Self {
        let environment = variables
            .iter()
            .map(|(name, seconds)| (format!("SWITCHBOARD_{name}_SECONDS"), seconds.to_string()));
        let environment: BTreeMap<String, String> = environment.collect();
        let without = vec!["outbound"];
        let system = System::start(Options { environment, without, ..Options::default() }).await.unwrap();
        let worker = system.start_worker("outbound-rcs").unwrap();
        let client = &system.client;
        let webhook = json!({ "webhookUrl": format!("{}/channels/rcs/webhook", client.api_url) });
        let agent = format!("/control/rcs-agents/{AGENT}");
        client.sandbox_patch(&agent, &webhook).await.unwrap();
        let account = client.sandbox_get(&format!("{agent}/service-account")).await.unwrap();
        let connection = json!({ "channel": "rcs", "externalId": AGENT, "serviceAccount": account,
            "clientToken": "sandbox-client-token", "apiUrl": client.sandbox_url });
        let (status, body) = client.api_post("/v1/connections", &connection, None).await.unwrap();
        assert_eq!(status, 201, "{body}");
        let mut inbox = json!({ "rcs": { "agentIds": [AGENT] } });
        if fallback {
            inbox["rcs"]["fallbackInboxId"] = json!(text_inbox(&system).await);
        }
        let (status, body) = client.api_post("/v1/inboxes", &inbox, None).await.unwrap();
        assert_eq!(status, 200, "{body}");
        let inbox = body["inboxes"][0]["id"].as_str().unwrap().to_owned();
        Self { system, worker, inbox }
    }

    async fn contact_says(&self, kind: &str, said: Value) {
        let body = json!({ "channel": "rcs", "to": AGENT, "type": kind, kind: said });
        let path = format!("/contacts/{CONTACT}/messages");
        self.system.client.sandbox_post(&path, &body).await.unwrap();
    }

    /// The contact's conversation, once its newest message has this beginning.
    async fn conversation(&self, preview: &str) -> (ConversationId, Value) {
        let path = format!("/v1/conversations?inboxId={}", self.inbox);
        let found = eventually("the conversation shows the message", SOON, async || {
            let list = self.system.client.api_get(&path).await.map_err(|error| error.to_string())?;
            let first = list["conversations"].get(0).cloned().unwrap_or_default();
            if first["lastMessage"]["preview"] == preview { Ok(first) } else { Err(list.to_string()) }
        })
        .await;
        (found["id"].as_str().unwrap().parse().unwrap(), found)
    }

    /// What the provider took, by the words.
    async fn taken(&self) -> Vec<String> {
        let ledger = self.system.ledger().await.unwrap();
        let words =
            |entry: &Value| entry["body"]["contentMessage"]["text"].as_str().unwrap_or_default().to_owned();
        ledger.iter().map(words).collect()
    }

    /// Both sides as the contact's phone shows them.
    async fn phone(&self) -> Vec<Value> {
        let path = format!("/contacts/{CONTACT}/messages?channel=rcs");
        self.system.client.sandbox_get(&path).await.unwrap()["messages"].as_array().unwrap().clone()
    }
}

async fn text_inbox(system: &System) -> String {
    let client = &system.client;
    let connection = json!({ "channel": "text", "externalId": "AC00000000000000000000000000000001",
        "authToken": "sandbox-auth-token", "apiUrl": client.sandbox_url });
    let (status, body) = client.api_post("/v1/connections", &connection, None).await.unwrap();
    assert_eq!(status, 201, "{body}");
    let inbox = json!({ "text": { "phoneNumbers": ["+15550000301"] } });
    let (status, body) = client.api_post("/v1/inboxes", &inbox, None).await.unwrap();
    assert_eq!(status, 200, "{body}");
    body["inboxes"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_writes_a_client_replies_and_each_side_sees_that_the_other_has_read() {
    let rcs = Rcs::start(&[]).await;
    rcs.system.client.sandbox_patch("/control/settings", &json!({ "read": true })).await.unwrap();
    rcs.contact_says("text", json!({ "body": "Hello?" })).await;
    let (id, conversation) = rcs.conversation("Hello?").await;
    assert_eq!(
        (&conversation["channel"], &conversation["contact"]["address"]),
        (&json!("rcs"), &json!(CONTACT))
    );
    assert_eq!(conversation["messagingWindow"], json!({ "state": "OPEN", "expiresAt": null }));
    let first = reply(&rcs.system.client, id, "Hi there").await;
    let second = reply(&rcs.system.client, id, "How can we help?").await;
    let read = until_status(&rcs.system.client, &first, "read").await;
    assert_eq!(events(&read)[..3], ["accepted", "sending", "sent"], "{read}");
    until_status(&rcs.system.client, &second, "read").await;
    assert_eq!(rcs.taken().await, ["Hi there", "How can we help?"]);
    let ledger = rcs.system.ledger().await.unwrap();
    assert_eq!(
        (&ledger[0]["channel"], &ledger[0]["sender"], &ledger[0]["recipient"]),
        (&json!("rcs"), &json!(AGENT), &json!(CONTACT))
    );
    assert_eq!(ledger[0]["providerId"], read["providerMessageId"]);
    let path = format!("/v1/conversations/{id}/read");
    let (status, _) =
        rcs.system.client.api_call("PATCH", &path, &json!({ "sendReceipt": true })).await.unwrap();
    assert_eq!(status, 204);
    eventually("the contact sees that its message was read", SOON, async || {
        let phone = rcs.phone().await;
        if phone[0]["status"] == "READ" { Ok(()) } else { Err(format!("{phone:?}")) }
    })
    .await;
    rcs.contact_says("suggestion", json!({ "type": "REPLY", "postbackData": "yes", "text": "Yes, please" }))
        .await;
    rcs.conversation("Yes, please").await;
}

/// The provider takes the message and its answer is lost: it is sent again under the same id, which the provider knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_sent_again_under_its_id_and_taken_once() {
    let rcs = Rcs::start(&[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 600)]).await;
    rcs.contact_says("text", json!({ "body": "Hello?" })).await;
    let (id, _) = rcs.conversation("Hello?").await;
    let lost = json!({ "drop": "afterAccept", "status": { "delayMs": 4_000 } });
    rcs.system.client.fault(&json!({ "times": 1, "fault": lost })).await.unwrap();
    let (first, second) =
        (reply(&rcs.system.client, id, "first").await, reply(&rcs.system.client, id, "second").await);
    let delivered = until_status(&rcs.system.client, &first, "delivered").await;
    assert_eq!(
        events(&delivered)[..6],
        ["accepted", "sending", "uncertain", "retry_due", "sending", "sent"],
        "{delivered}"
    );
    assert!(!events(&delivered).contains(&"possible_duplicate"), "{delivered}");
    until_status(&rcs.system.client, &second, "delivered").await;
    assert_eq!(rcs.taken().await, ["first", "second"]);
}

/// The worker dies while the answer is on its way: the next one sends under the same id, with no wait for evidence.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_worker_was_lost_is_sent_again_under_its_id_and_taken_once() {
    let mut rcs = Rcs::start(&[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 600)]).await;
    rcs.contact_says("text", json!({ "body": "Hello?" })).await;
    let (id, _) = rcs.conversation("Hello?").await;
    let held = json!({ "holdMs": 60_000, "status": { "suppress": ["delivered"] } });
    rcs.system.client.fault(&json!({ "times": 1, "fault": held })).await.unwrap();
    let (first, second) =
        (reply(&rcs.system.client, id, "first").await, reply(&rcs.system.client, id, "second").await);
    eventually("the provider holds its answer back", SOON, async || {
        let held = rcs.system.client.sandbox_get("/control/held").await.map_err(|error| error.to_string())?;
        if held["held"].as_array().is_some_and(|held| held.len() == 1) {
            Ok(())
        } else {
            Err(held.to_string())
        }
    })
    .await;
    rcs.worker.kill().unwrap();
    rcs.worker.restart().unwrap();
    let sent = until_status(&rcs.system.client, &first, "sent").await;
    assert!(entry(&sent, "uncertain")["detail"]["until"].is_null(), "{sent}");
    until_status(&rcs.system.client, &second, "delivered").await;
    assert_eq!(rcs.taken().await, ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rcs_does_not_reach_fails_and_a_lost_token_is_got_again() {
    let rcs = Rcs::start(&[]).await;
    rcs.contact_says("text", json!({ "body": "Hello?" })).await;
    let (id, _) = rcs.conversation("Hello?").await;
    let agent = format!("/control/rcs-agents/{AGENT}");
    rcs.system.client.sandbox_patch(&agent, &json!({ "unreachable": [CONTACT] })).await.unwrap();
    let lost = reply(&rcs.system.client, id, "Are you there?").await;
    let failed = until_status(&rcs.system.client, &lost, "failed").await;
    assert_eq!(
        (&failed["failure"]["code"], &failed["failure"]["providerCode"]),
        (&json!("recipient_not_on_rcs"), &json!("NOT_FOUND"))
    );
    rcs.system.client.sandbox_patch(&agent, &json!({ "unreachable": [] })).await.unwrap();
    rcs.system.client.sandbox_delete("/control/rcs-tokens").await.unwrap();
    let held = reply(&rcs.system.client, id, "And now?").await;
    until_event(&rcs.system.client, &held, "gate_closed").await;
    until_status(&rcs.system.client, &held, "delivered").await;
    assert_eq!(rcs.taken().await, ["And now?"]);
}

/// RCS does not reach the contact: its messages go by text, in the order of the conversation, and are proved as texts are.
#[tokio::test(flavor = "multi_thread")]
async fn where_rcs_does_not_reach_the_inbox_for_texts_takes_over_in_the_same_order() {
    let rcs = Rcs::start_with(&[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 15)], true).await;
    let client = &rcs.system.client;
    rcs.contact_says("text", json!({ "body": "Hello?" })).await;
    let (id, _) = rcs.conversation("Hello?").await;
    let agent = format!("/control/rcs-agents/{AGENT}");
    client.sandbox_patch(&agent, &json!({ "unreachable": [CONTACT] })).await.unwrap();
    let first = reply(client, id, "first").await;
    let choose = json!({ "conversationId": id, "content": { "type": "interactive", "interactive": {
        "type": "buttons", "body": "second", "buttons": [{ "id": "1", "title": "One" }] } } });
    let (status, second) = client.api_post("/v1/conversations/reply", &choose, None).await.unwrap();
    assert_eq!(status, 202, "{second}");
    let delivered = until_status(client, &first, "delivered").await;
    assert_eq!(
        events(&delivered)[..5],
        ["accepted", "sending", "falling_back", "sending", "sent"],
        "{delivered}"
    );
    until_status(client, second["id"].as_str().unwrap(), "delivered").await;
    // A text whose answer is lost is proved by its status, as on its own inbox.
    let lost = json!({ "drop": "afterAccept", "status": { "delayMs": 3_000 } });
    client.fault(&json!({ "sender": "+15550000301", "times": 1, "fault": lost })).await.unwrap();
    let third = reply(client, id, "third").await;
    let proved = until_status(client, &third, "delivered").await;
    assert!(events(&proved).contains(&"proved") && !events(&proved).contains(&"resending"), "{proved}");
    // Whom RCS reaches again is written to by RCS.
    client.sandbox_patch(&agent, &json!({ "unreachable": [] })).await.unwrap();
    let fourth = reply(client, id, "fourth").await;
    until_status(client, &fourth, "delivered").await;
    let ledger = rcs.system.ledger().await.unwrap();
    let channels: Vec<&str> = ledger.iter().filter_map(|entry| entry["channel"].as_str()).collect();
    assert_eq!(channels, ["text", "text", "text", "rcs"], "{ledger:?}");
    let words: Vec<&str> = ledger.iter().filter_map(|entry| entry["body"]["Body"].as_str()).collect();
    assert_eq!(words, ["first", "second\n\n- One", "third"]);
}

/// Its provider refuses the account of the inbox for texts: that inbox alone is shut, what goes through it waits, and flows once it opens.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_by_text_in_place_of_rcs_waits_while_the_inbox_for_texts_is_shut() {
    let rcs = Rcs::start_with(&[], true).await;
    let client = &rcs.system.client;
    // It finds out when its own inbox may open.
    let _texts = rcs.system.start_worker("outbound-text").unwrap();
    rcs.contact_says("text", json!({ "body": "Hello?" })).await;
    let (id, _) = rcs.conversation("Hello?").await;
    let agent = format!("/control/rcs-agents/{AGENT}");
    client.sandbox_patch(&agent, &json!({ "unreachable": [CONTACT] })).await.unwrap();
    let account = "/control/text-accounts/AC00000000000000000000000000000001";
    client.sandbox_patch(account, &json!({ "authToken": "another" })).await.unwrap();
    let (first, second) = (reply(client, id, "first").await, reply(client, id, "second").await);
    let shut = until_event(client, &first, "gate_closed").await;
    assert_eq!(shut["status"], "pending", "{shut}");
    let texts = entry(&shut, "gate_closed")["detail"]["inboxId"].as_str().unwrap().to_owned();
    let inbox = client.api_get(&format!("/v1/inboxes/{texts}")).await.unwrap();
    assert_eq!(inbox["status"]["state"], "disconnected", "{inbox}");
    let inbox = client.api_get(&format!("/v1/inboxes/{}", rcs.inbox)).await.unwrap();
    assert_eq!(inbox["status"]["state"], "active", "{inbox}");
    client.sandbox_patch(account, &json!({ "authToken": "sandbox-auth-token" })).await.unwrap();
    until_status(client, &first, "delivered").await;
    until_status(client, &second, "delivered").await;
    let inbox = client.api_get(&format!("/v1/inboxes/{texts}")).await.unwrap();
    assert_eq!(inbox["status"]["state"], "active", "{inbox}");
    let ledger = rcs.system.ledger().await.unwrap();
    let words: Vec<&str> = ledger.iter().filter_map(|entry| entry["body"]["Body"].as_str()).collect();
    assert_eq!(words, ["first", "second"]);
}

/// A long code sends one text a second, whoever's place the text takes.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_by_text_in_place_of_rcs_keeps_to_the_pace_of_the_inbox_for_texts() {
    let rcs = Rcs::start_with(&[], true).await;
    let client = &rcs.system.client;
    let contacts: Vec<String> = (2..8).map(|contact| format!("1555123000{contact}")).collect();
    let mut conversations = Vec::new();
    for contact in &contacts {
        let body = json!({ "channel": "rcs", "to": AGENT, "type": "text", "text": { "body": format!("I am {contact}") } });
        client.sandbox_post(&format!("/contacts/{contact}/messages"), &body).await.unwrap();
        conversations.push(rcs.conversation(&format!("I am {contact}")).await.0);
    }
    let agent = format!("/control/rcs-agents/{AGENT}");
    client.sandbox_patch(&agent, &json!({ "unreachable": contacts })).await.unwrap();
    let mut sent = Vec::new();
    for id in conversations {
        sent.push(reply(client, id, "Hi").await);
    }
    for message in &sent {
        until_status(client, message, "delivered").await;
    }
    let ledger = rcs.system.ledger().await.unwrap();
    let times: Vec<DateTime<Utc>> =
        ledger.iter().map(|entry| entry["at"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), contacts.len(), "{ledger:?}");
    // Two seconds' worth may fall together where one second ends and the next begins.
    let took = times[times.len() - 1] - times[0];
    assert!(took >= TimeDelta::seconds(3), "{took}: {ledger:?}");
}
