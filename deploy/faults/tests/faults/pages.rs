//! Messenger and Instagram, with the real processes: both ways to the furthest status, proved by echoes, moved by marks.

use std::collections::BTreeMap;

use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Options, Process, System};
use serde_json::{Value, json};

use crate::watch::{SOON, events, number, reply, until_event, until_status};

const CONTACT: &str = "6500000000000001";

/// A Switchboard with an inbox of one of the two channels, and its worker.
struct Pages {
    system: System,
    _worker: Process,
    channel: &'static str,
    id: &'static str,
    inbox: String,
}

impl Pages {
    async fn start(channel: &'static str, variables: &[(&str, u32)]) -> Self {
        let token = if channel == "messenger" { "sandbox-page-token" } else { "sandbox-instagram-token" };
        Self::start_with(channel, token, variables).await
    }

    /// With this token, which the provider then knows as the page's or account's.
    async fn start_with(channel: &'static str, token: &str, variables: &[(&str, u32)]) -> Self {
        let environment = variables
            .iter()
            .map(|(name, seconds)| (format!("SWITCHBOARD_{name}_SECONDS"), seconds.to_string()));
        let environment: BTreeMap<String, String> = environment.collect();
        let without = vec!["outbound"];
        let system = System::start(Options { environment, without, ..Options::default() }).await.unwrap();
        let worker = system.start_worker(&format!("outbound-{channel}")).unwrap();
        let (id, inbox) = match channel {
            "messenger" => ("500000000000001", json!({ "messenger": { "pageIds": ["500000000000001"] } })),
            _ => ("600000000000001", json!({ "instagram": { "accountIds": ["600000000000001"] } })),
        };
        let webhook = format!("{}/channels/{channel}/webhook", system.client.api_url);
        let path = format!("/control/pages/{id}");
        system
            .client
            .sandbox_patch(&path, &json!({ "webhookUrl": webhook, "accessToken": token }))
            .await
            .unwrap();
        let connection = json!({ "channel": channel, "externalId": id, "accessToken": token, "appSecret": "sandbox-app-secret",
            "verifyToken": "sandbox-verify-token", "apiUrl": system.client.sandbox_url });
        let (status, body) = system.client.api_post("/v1/connections", &connection, None).await.unwrap();
        assert_eq!(status, 201, "{body}");
        let (status, body) = system.client.api_post("/v1/inboxes", &inbox, None).await.unwrap();
        assert_eq!(status, 200, "{body}");
        let inbox = body["inboxes"][0]["id"].as_str().unwrap().to_owned();
        Self { system, _worker: worker, channel, id, inbox }
    }

    async fn contact_does(&self, kind: &str, object: Value) -> String {
        let body = json!({ "channel": self.channel, "to": self.id, "type": kind, kind: object });
        let path = format!("/contacts/{CONTACT}/messages");
        self.system.client.sandbox_post(&path, &body).await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    async fn contact_reads(&self) {
        let body = json!({ "channel": self.channel, "to": self.id });
        self.system.client.sandbox_post(&format!("/contacts/{CONTACT}/read"), &body).await.unwrap();
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

    /// What the provider took.
    async fn taken(&self) -> Vec<Value> {
        self.system.ledger().await.unwrap().iter().map(|entry| entry["body"].clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_messenger_a_reply_is_delivered_and_one_mark_reads_all_before_it() {
    let pages = Pages::start("messenger", &[]).await;
    pages.contact_does("text", json!({ "body": "Hello?" })).await;
    let (id, conversation) = pages.conversation("Hello?").await;
    assert_eq!(conversation["messagingWindow"]["state"], "OPEN");
    assert!(conversation["messagingWindow"]["humanAgentFrom"].is_string(), "{conversation}");
    let client = &pages.system.client;
    let first = reply(client, id, "Hi there").await;
    let second = reply(client, id, "How can we help?").await;
    let delivered = until_status(client, &first, "delivered").await;
    assert_eq!(events(&delivered)[..2], ["accepted", "sending"], "{delivered}");
    until_status(client, &second, "delivered").await;
    pages.contact_reads().await;
    until_status(client, &first, "read").await;
    until_status(client, &second, "read").await;
    let taken = pages.taken().await;
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert_eq!(
        (&taken[0]["messaging_type"], &taken[0]["message"]["text"]),
        (&json!("RESPONSE"), &json!("Hi there"))
    );
    // What was echoed of our own makes no message of its own.
    let messages = client.messages(&id.to_string()).await.unwrap();
    assert_eq!(messages.len(), 3, "{messages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_instagram_a_reply_is_seen_and_a_message_taken_back_is_gone() {
    let pages = Pages::start("instagram", &[]).await;
    let mid = pages
        .contact_does("story_reply", json!({ "url": "https://x.example/s", "id": "17", "text": "Nice" }))
        .await;
    let (id, _) = pages.conversation("Nice").await;
    let client = &pages.system.client;
    let first = reply(client, id, "Thank you").await;
    until_status(client, &first, "sent").await;
    let second = reply(client, id, "Come again").await;
    until_status(client, &second, "sent").await;
    pages.contact_reads().await;
    until_status(client, &second, "read").await;
    until_status(client, &first, "read").await;
    pages.contact_does("unsend", json!({ "mid": mid })).await;
    eventually("the message is gone", SOON, async || {
        let messages = client.messages(&id.to_string()).await.map_err(|error| error.to_string())?;
        let gone = messages.iter().any(|message| message["content"]["type"] == "deleted");
        if gone && messages.len() == 3 { Ok(()) } else { Err(format!("{messages:?}")) }
    })
    .await;
}

/// An account without a page: its token is its own, it is told of echoes by a field of their own.
#[tokio::test(flavor = "multi_thread")]
async fn an_instagram_account_with_a_login_of_its_own_talks_both_ways() {
    let pages = Pages::start_with("instagram", "IGAA-of-the-account", &[]).await;
    pages.contact_does("text", json!({ "body": "Hello?" })).await;
    let (id, _) = pages.conversation("Hello?").await;
    let client = &pages.system.client;
    let sent = reply(client, id, "Hi").await;
    until_status(client, &sent, "sent").await;
    pages.contact_reads().await;
    until_status(client, &sent, "read").await;
    let known = client.sandbox_get("/control/pages").await.unwrap();
    let account = known["pages"].as_array().unwrap().iter().find(|page| page["id"] == pages.id).unwrap();
    let fields = account["subscribedFields"].as_array().unwrap();
    assert!(fields.contains(&json!("message_echoes")), "{account}");
    assert_eq!(client.messages(&id.to_string()).await.unwrap().len(), 2, "the echo is no message of its own");
}

/// The provider takes the message and its answer is lost: its echo names the attempt.
#[tokio::test(flavor = "multi_thread")]
async fn on_messenger_an_echo_proves_what_was_sent_and_it_is_never_sent_twice() {
    let pages =
        Pages::start("messenger", &[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 15)]).await;
    echo_proves(&pages).await;
}

/// The same where the echo names nothing: it says what the message in flight says.
#[tokio::test(flavor = "multi_thread")]
async fn on_instagram_an_echo_proves_what_was_sent_by_what_it_says() {
    let pages =
        Pages::start("instagram", &[("PROVIDER_TIMEOUT", 2), ("LEASE", 5), ("EVIDENCE_WAIT", 15)]).await;
    echo_proves(&pages).await;
}

async fn echo_proves(pages: &Pages) {
    pages.contact_does("text", json!({ "body": "Hello?" })).await;
    let (id, _) = pages.conversation("Hello?").await;
    let client = &pages.system.client;
    let lost = json!({ "drop": "afterAccept", "status": { "delayMs": 3_000 } });
    client.fault(&json!({ "times": 1, "fault": lost })).await.unwrap();
    let (first, second) = (reply(client, id, "first").await, reply(client, id, "second").await);
    let doubted = until_event(client, &first, "uncertain").await;
    assert_eq!(doubted["status"], "pending");
    let proved = until_event(client, &first, "sent").await;
    assert_eq!(events(&proved)[..5], ["accepted", "sending", "uncertain", "proved", "sent"], "{proved}");
    until_event(client, &second, "sent").await;
    let texts: Vec<Value> = pages.taken().await.iter().map(|body| body["message"]["text"].clone()).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(client.messages(&id.to_string()).await.unwrap().len(), 3);
}

/// A day after the contact wrote only a person's answer passes, and after seven nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_reply_goes_out_as_a_person_s() {
    let pages = Pages::start("messenger", &[]).await;
    pages.contact_does("text", json!({ "body": "Hello?" })).await;
    let (id, _) = pages.conversation("Hello?").await;
    let client = &pages.system.client;
    let shift = |days: u32| {
        format!(
            "UPDATE conversations SET window_expires_at = now() + interval '{days} days' WHERE id IS NOT NULL"
        )
    };
    let database = pages.system.database.pool().get().await.unwrap();
    database.batch_execute(&shift(5)).await.unwrap();
    let late = reply(client, id, "late").await;
    until_status(client, &late, "delivered").await;
    let taken = pages.taken().await;
    assert_eq!(
        (&taken[0]["messaging_type"], &taken[0]["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    database.batch_execute(&shift(0)).await.unwrap();
    let body = json!({ "conversationId": id, "content": { "type": "text", "text": "too late" } });
    let (status, problem) = client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!((status, &problem["messagingWindow"]["state"]), (422, &json!("CLOSED")), "{problem}");
}

/// What a person writes in the page's own inbox is a message of the business's, a reaction shows at its message, and the provider
/// is told what was read.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_beside_us_shows_and_the_contact_is_told_what_was_read() {
    let pages = Pages::start("messenger", &[]).await;
    let mid = pages.contact_does("text", json!({ "body": "Hello?" })).await;
    let (id, _) = pages.conversation("Hello?").await;
    let client = &pages.system.client;
    let beside = json!({ "channel": "messenger", "to": pages.id, "as": "business", "type": "text", "text": { "body": "From the page" } });
    client.sandbox_post(&format!("/contacts/{CONTACT}/messages"), &beside).await.unwrap();
    pages.conversation("From the page").await;
    let sent = reply(client, id, "Hi").await;
    let sent = until_status(client, &sent, "delivered").await;
    pages.contact_does("reaction", json!({ "mid": sent["providerMessageId"], "emoji": "❤" })).await;
    eventually("the reaction shows", SOON, async || {
        let message =
            client.message(sent["id"].as_str().unwrap()).await.map_err(|error| error.to_string())?;
        if message["reactions"][0]["emoji"] == "❤" { Ok(()) } else { Err(message.to_string()) }
    })
    .await;
    let (status, _) = client
        .api_call("PATCH", &format!("/v1/conversations/{id}/read"), &json!({ "sendReceipt": true }))
        .await
        .unwrap();
    assert_eq!(status, 204);
    eventually("the receipt was taken", SOON, async || {
        let phone = client.sandbox_get(&format!("/contacts/{CONTACT}/messages?channel=messenger")).await;
        let phone = phone.map_err(|error| error.to_string())?;
        let messages = phone["messages"].as_array().cloned().unwrap_or_default();
        let read = messages.iter().any(|message| message["id"] == mid && message["status"] == "read");
        if read { Ok(()) } else { Err(phone.to_string()) }
    })
    .await;
    assert_eq!(number(&pages.system, "SELECT count(*) FROM read_receipts WHERE failures > 0").await, 0);
}
