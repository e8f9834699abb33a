//! Texts, with the real processes: both ways, proved by the address that statuses come to, stopped by the contact.

use std::collections::BTreeMap;

use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Options, Process, System};
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, number, reply, until_event, until_status};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const NUMBER: &str = "+15550000301";
const CONTACT: &str = "15551230001";

/// A Switchboard with an inbox for texts, and its worker.
struct Texts {
    system: System,
    _worker: Process,
    inbox: String,
}

impl Texts {
    async fn start(variables: &[(&str, u32)]) -> Self {
        let environment = variables
            .iter()
            .map(|(name, seconds)| (format!("SWITCHBOARD_{name}_SECONDS"), seconds.to_string()));
        let environment: BTreeMap<String, String> = environment.collect();
        let without = vec!["outbound"];
        let system = System::start(Options { environment, without, ..Options::default() }).await.unwrap();
        let worker = system.start_worker("outbound-text").unwrap();
        let webhook = format!("{}/channels/text/webhook#rc=5&rp=all", system.client.api_url);
        let path = format!("/control/text-accounts/{ACCOUNT}");
        system.client.sandbox_patch(&path, &json!({ "webhookUrl": webhook })).await.unwrap();
        let connection = json!({ "channel": "text", "externalId": ACCOUNT, "authToken": "sandbox-auth-token",
            "apiUrl": system.client.sandbox_url });
        let (status, body) = system.client.api_post("/v1/connections", &connection, None).await.unwrap();
        assert_eq!(status, 201, "{body}");
        let inbox = json!({ "text": { "phoneNumbers": [NUMBER] } });
        let (status, body) = system.client.api_post("/v1/inboxes", &inbox, None).await.unwrap();
        assert_eq!(status, 200, "{body}");
        let inbox = body["inboxes"][0]["id"].as_str().unwrap().to_owned();
        Self { system, _worker: worker, inbox }
    }

    async fn contact_texts(&self, text: &str) -> String {
        let body = json!({ "channel": "text", "to": NUMBER, "type": "text", "text": { "body": text } });
        let path = format!("/contacts/{CONTACT}/messages");
        let answer = self.system.client.sandbox_post(&path, &body).await.unwrap();
        answer["id"].as_str().unwrap().to_owned()
    }

    /// The contact's conversation, once its newest message has this beginning.
    async fn conversation(&self, preview: &str) -> (ConversationId, Value) {
        let path = format!("/v1/conversations?inboxId={}", self.inbox);
        let found = eventually("the conversation shows the text", SOON, async || {
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
        ledger.iter().map(|entry| entry["body"]["Body"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_texts_a_client_replies_and_the_reply_is_delivered_once() {
    let texts = Texts::start(&[]).await;
    let sid = texts.contact_texts("Hello?").await;
    let (id, conversation) = texts.conversation("Hello?").await;
    assert_eq!((&conversation["channel"], &conversation["unreadCount"]), (&json!("text"), &json!(1)));
    assert_eq!(conversation["contact"]["address"], CONTACT);
    assert_eq!(conversation["messagingWindow"], json!({ "state": "OPEN", "expiresAt": null }));
    let path = format!("/v1/conversations/{id}/messages");
    let list = texts.system.client.api_get(&path).await.unwrap();
    assert_eq!(list["messages"][0]["providerMessageId"], sid);
    // There are no receipts to send.
    let read = format!("/v1/conversations/{id}/read");
    let (status, _) =
        texts.system.client.api_call("PATCH", &read, &json!({ "sendReceipt": true })).await.unwrap();
    assert_eq!(status, 204);
    assert_eq!(number(&texts.system, "SELECT count(*) FROM read_receipts").await, 0);
    let first = reply(&texts.system.client, id, "Hi there").await;
    let second = reply(&texts.system.client, id, "How can we help?").await;
    let delivered = until_status(&texts.system.client, &first, "delivered").await;
    assert_eq!(events(&delivered)[..3], ["accepted", "sending", "sent"], "{delivered}");
    until_status(&texts.system.client, &second, "delivered").await;
    assert_eq!(texts.taken().await, ["Hi there", "How can we help?"]);
    let ledger = texts.system.ledger().await.unwrap();
    assert_eq!(
        (&ledger[0]["channel"], &ledger[0]["sender"], &ledger[0]["recipient"]),
        (&json!("text"), &json!(NUMBER), &json!(CONTACT))
    );
    assert_eq!(ledger[0]["providerId"], delivered["providerMessageId"]);
}

/// The provider takes the text and its answer is lost: its status comes to an address that names the attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_whose_answer_was_lost_is_proved_and_never_sent_twice() {
    let texts = Texts::start(&[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 15)]).await;
    texts.contact_texts("Hello?").await;
    let (id, _) = texts.conversation("Hello?").await;
    let lost = json!({ "drop": "afterAccept", "status": { "delayMs": 3_000 } });
    texts.system.client.fault(&json!({ "times": 1, "fault": lost })).await.unwrap();
    let (first, second) =
        (reply(&texts.system.client, id, "first").await, reply(&texts.system.client, id, "second").await);
    let doubted = until_event(&texts.system.client, &first, "uncertain").await;
    assert_eq!(doubted["status"], "pending");
    assert!(!entry(&doubted, "uncertain")["detail"]["until"].is_null());
    let delivered = until_status(&texts.system.client, &first, "delivered").await;
    assert_eq!(
        events(&delivered)[..5],
        ["accepted", "sending", "uncertain", "proved", "sent"],
        "{delivered}"
    );
    assert!(!events(&delivered).contains(&"resending"), "{delivered}");
    until_status(&texts.system.client, &second, "delivered").await;
    assert_eq!(texts.taken().await, ["first", "second"]);
}

/// The same, but the status is as silent about the attempt as the answer was lost.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_word_of_the_attempt_a_lost_text_is_sent_again_and_shown_so() {
    let texts = Texts::start(&[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 3)]).await;
    texts.contact_texts("Hello?").await;
    let (id, _) = texts.conversation("Hello?").await;
    let lost = json!({ "drop": "afterAccept", "status": { "dropCorrelation": true } });
    texts.system.client.fault(&json!({ "times": 1, "fault": lost })).await.unwrap();
    let first = reply(&texts.system.client, id, "first").await;
    let delivered = until_status(&texts.system.client, &first, "delivered").await;
    assert!(events(&delivered).contains(&"resending"), "{delivered}");
    assert_eq!(texts.taken().await, ["first", "first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_stops_texts_gets_none_until_it_begins_again() {
    let texts = Texts::start(&[]).await;
    texts.contact_texts("Hello?").await;
    let (id, conversation) = texts.conversation("Hello?").await;
    let contact = format!("/v1/contacts/{}", conversation["contact"]["id"].as_str().unwrap());
    let until = async |opted_out: Value| {
        eventually("the contact's wish is noted", SOON, async || {
            let found = texts.system.client.api_get(&contact).await.map_err(|error| error.to_string())?;
            if found["optedOut"] == opted_out { Ok(()) } else { Err(found.to_string()) }
        })
        .await;
    };
    texts.contact_texts("STOP").await;
    until(json!("all")).await;
    let body = json!({ "conversationId": id, "content": { "type": "text", "text": "But…" } });
    let (status, refused) =
        texts.system.client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!((status, &refused["code"]), (422, &json!("contact_opted_out")), "{refused}");
    texts.contact_texts("start").await;
    until(Value::Null).await;
    let welcome = reply(&texts.system.client, id, "Welcome back").await;
    until_status(&texts.system.client, &welcome, "delivered").await;
    // The provider knows of a stop that we have missed: its refusal is noted.
    texts
        .system
        .client
        .sandbox_patch(&format!("/control/text-accounts/{ACCOUNT}"), &json!({ "webhookUrl": null }))
        .await
        .unwrap();
    texts.contact_texts("STOP").await;
    let last = reply(&texts.system.client, id, "Still there?").await;
    let failed = until_status(&texts.system.client, &last, "failed").await;
    assert_eq!(
        (&failed["failure"]["code"], &failed["failure"]["providerCode"]),
        (&json!("recipient_stopped"), &json!("21610"))
    );
    until(json!("all")).await;
    assert_eq!(texts.taken().await, ["Welcome back"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_taken_holds_texts_back_until_it_is_taken_again() {
    let texts = Texts::start(&[]).await;
    texts.contact_texts("Hello?").await;
    let (id, _) = texts.conversation("Hello?").await;
    let account = format!("/control/text-accounts/{ACCOUNT}");
    let token = async |token: &str| {
        texts.system.client.sandbox_patch(&account, &json!({ "authToken": token })).await.unwrap();
    };
    let until = async |state: &str| {
        eventually("the inbox's status", SOON, async || {
            let path = format!("/v1/inboxes/{}", texts.inbox);
            let inbox = texts.system.client.api_get(&path).await.map_err(|error| error.to_string())?;
            if inbox["status"]["state"] == state {
                Ok(inbox["status"].clone())
            } else {
                Err(inbox.to_string())
            }
        })
        .await
    };
    token("another").await;
    let held = reply(&texts.system.client, id, "Are you there?").await;
    assert_eq!(until("disconnected").await["reasons"], json!(["token_expired"]));
    assert_eq!(texts.system.client.message(&held).await.unwrap()["status"], "pending");
    token("sandbox-auth-token").await;
    until_status(&texts.system.client, &held, "delivered").await;
    until("active").await;
    assert_eq!(texts.taken().await, ["Are you there?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_go_both_ways() {
    let texts = Texts::start(&[]).await;
    let png =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, b"\x89PNG\r\n\x1a\n and so on");
    let file = json!({ "mime_type": "image/png", "data": png, "caption": "Look" });
    let body = json!({ "channel": "text", "to": NUMBER, "type": "image", "image": file, "media": [file] });
    texts.system.client.sandbox_post(&format!("/contacts/{CONTACT}/messages"), &body).await.unwrap();
    let path = format!("/v1/conversations?inboxId={}", texts.inbox);
    let id = eventually("the conversation shows up", SOON, async || {
        let list = texts.system.client.api_get(&path).await.map_err(|error| error.to_string())?;
        list["conversations"][0]["id"].as_str().map(str::to_owned).ok_or(list.to_string())
    })
    .await;
    let messages = format!("/v1/conversations/{id}/messages");
    let list = eventually("both files are fetched", SOON, async || {
        let list = texts.system.client.api_get(&messages).await.map_err(|error| error.to_string())?;
        let fetched = |place: usize| list["messages"][place]["content"]["mediaId"].is_string();
        if fetched(0) && fetched(1) { Ok(list) } else { Err(list.to_string()) }
    })
    .await;
    let content = &list["messages"][0]["content"];
    assert_eq!((&content["type"], &content["caption"]), (&json!("image"), &json!("Look")));
    let (status, bytes) = texts.system.client.follow(content["url"].as_str().unwrap()).await.unwrap();
    assert_eq!((status, bytes.as_slice()), (200, b"\x89PNG\r\n\x1a\n and so on".as_slice()));
    let uploaded = texts.system.client.upload("image/png", b"\x89PNG\r\n\x1a\n ours".to_vec()).await.unwrap();
    let media = json!({ "type": "image", "mediaId": uploaded["id"], "caption": "And you" });
    let body = json!({ "conversationId": id, "content": media });
    let (status, message) =
        texts.system.client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!(status, 202, "{message}");
    until_status(&texts.system.client, message["id"].as_str().unwrap(), "delivered").await;
    let ledger = texts.system.ledger().await.unwrap();
    assert_eq!(ledger[0]["media"]["size"], 13, "{ledger:?}");
    assert_eq!(ledger[0]["body"]["Body"], "And you");
}
