//! RCS, with the real processes: both ways, read in the end, and never twice, since the provider takes each of our ids once.

use std::collections::BTreeMap;

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
        let inbox = json!({ "rcs": { "agentIds": [AGENT] } });
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
