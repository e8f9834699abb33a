//! `switchboard message show`.

use common::db::pipeline::channel_events::lane_key;
use common::domain::ids::{ConversationId, MessageId};
use common::testing::{TestDatabase, Workspace, workspace};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Cli, execute};

const ADDRESS: &str = "15550001111";

struct Story {
    database: TestDatabase,
    workspace: Workspace,
    conversation: ConversationId,
    message: MessageId,
}

/// An outbound message, with `at` seconds ago as its acceptance.
async fn story(status: &str, failure: Option<Value>, lane_position: Option<i64>) -> Story {
    let database = TestDatabase::create().await;
    let workspace = workspace(database.pool(), "http://127.0.0.1:1").await;
    let conversation = workspace.conversation(database.pool(), ADDRESS).await;
    let message = MessageId::new();
    let sql = "INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type, sender_id,
            sender_name, at, provider_message_id, trace_id, failure, lane_position, expires_at)
        VALUES ($1, $2, $3, 'outbound', $4, $5, 'apiKey', $6, 'Test key', now() - interval '60 s', 'wamid.OUR1', $7, $8, $9,
            now() + interval '1 hour')";
    let content = json!({ "type": "text", "text": "the secret text" });
    let (org, trace) = (workspace.organization.0, Uuid::new_v4());
    execute(
        &database,
        sql,
        &[
            &message.0,
            &org,
            &conversation.0,
            &status,
            &content,
            &workspace.key.0,
            &trace,
            &failure,
            &lane_position,
        ],
    )
    .await;
    let story = Story { database, workspace, conversation, message };
    story.happened("accepted", None, 60.0, None).await;
    story
}

impl Story {
    async fn happened(&self, event: &str, attempt: Option<i32>, ago: f64, detail: Option<Value>) {
        let sql = "INSERT INTO message_timeline (message_id, at, event, attempt, detail)
            VALUES ($1, now() - $2 * interval '1 s', $3, $4, $5)";
        execute(&self.database, sql, &[&self.message.0, &ago, &event, &attempt, &detail]).await;
    }

    async fn attempt(&self, number: i32, state: &str, code: Option<&str>) -> Uuid {
        let id = Uuid::now_v7();
        let sql = "INSERT INTO attempts (id, organization_id, conversation_id, message_id, generation, number, lease, state,
                worker, started_at, ended_at, provider_code)
            VALUES ($1, $2, $3, $4, 1, $5, 1, $6, 'outbound-1', now() - interval '59 s', now() - interval '58 s', $7)";
        let (org, conversation) = (self.workspace.organization.0, self.conversation.0);
        execute(&self.database, sql, &[&id, &org, &conversation, &self.message.0, &number, &state, &code])
            .await;
        id
    }

    async fn told(&self, payload: Value, received_ago: f64, processed: bool) {
        let sql = "INSERT INTO channel_events (organization_id, inbox_id, channel, kind, lane_key, payload, trace_id,
                received_at, processed_at, effect)
            VALUES ($1, $2, 'whatsapp', 'status', $3, $4, $5, now() - $6 * interval '1 s', CASE WHEN $7 THEN now() END,
                CASE WHEN $7 THEN 'moved' END)";
        let (org, inbox) = (self.workspace.organization.0, self.workspace.inbox);
        let lane = lane_key(inbox, ADDRESS);
        execute(
            &self.database,
            sql,
            &[&org, &inbox.0, &lane, &payload, &Uuid::new_v4(), &received_ago, &processed],
        )
        .await;
    }

    async fn logged(&self, kind: &str, message: MessageId) {
        let sql = "INSERT INTO events (id, organization_id, seq, type, conversation_id, message_id, at, payload)
            VALUES ($1, $2, (SELECT coalesce(max(seq), 0) + 1 FROM events), $3, $4, $5, now() - interval '58 s',
                '{\"text\":\"the secret text\"}')";
        let (org, conversation) = (self.workspace.organization.0, self.conversation.0);
        execute(&self.database, sql, &[&Uuid::now_v7(), &org, &kind, &conversation, &message.0]).await;
    }

    fn show(&self, more: &[&str]) -> String {
        let run =
            Cli::on(&self.database).run(&[&["message", "show", &self.message.to_string()], more].concat());
        assert_eq!(run.code, 0, "{run:?}");
        run.out
    }
}

#[tokio::test]
async fn a_delivered_message_is_told_with_all_that_the_channel_and_clients_were_told() {
    let story = story("delivered", None, None).await;
    story.happened("sending", Some(1), 59.0, None).await;
    story.happened("sent", Some(1), 58.0, Some(json!({ "providerMessageId": "wamid.OUR1" }))).await;
    story.happened("status", Some(1), 57.0, Some(json!({ "providerStatus": "delivered" }))).await;
    let attempt = story.attempt(1, "accepted", None).await;
    // Far away in time, then about it by its provider's id, by its attempt, about another, and one that waits.
    story.told(json!({ "status": { "id": "wamid.OUR1", "status": "old" } }), 30_000.0, true).await;
    story.told(json!({ "status": { "id": "wamid.OUR1", "recipient_id": ADDRESS } }), 57.5, true).await;
    story
        .told(json!({ "status": { "id": "wamid.X", "biz_opaque_callback_data": attempt } }), 57.2, true)
        .await;
    story.told(json!({ "status": { "id": "wamid.OTHER" } }), 57.1, true).await;
    story.told(json!({ "status": { "id": "wamid.OUR1", "status": "read" } }), -9_000.0, false).await;
    story.logged("message.sent", story.message).await;
    story.logged("message.sent", MessageId::new()).await;

    let told: Value = serde_json::from_str(&story.show(&["--json"])).unwrap();
    assert_eq!(told["message"]["id"], json!(story.message));
    assert_eq!(
        (&told["message"]["status"], &told["message"]["contentType"]),
        (&json!("delivered"), &json!("text"))
    );
    assert_eq!(told["conversation"]["id"], json!(story.conversation));
    let offsets: Vec<i64> =
        told["timeline"].as_array().unwrap().iter().map(|e| e["offsetMs"].as_i64().unwrap()).collect();
    assert_eq!(offsets.len(), 4);
    assert!(
        offsets[0] == 0 && (900..1_100).contains(&offsets[1]) && (2_900..3_100).contains(&offsets[3]),
        "{offsets:?}"
    );
    assert_eq!(told["attempts"][0]["state"], "accepted");
    let events = told["channelEvents"].as_array().unwrap();
    assert_eq!(events.iter().map(|e| e["id"].as_i64().unwrap()).collect::<Vec<_>>(), [2, 3, 5]);
    assert!(events[2]["processedAt"].is_null() && events[0]["effect"] == "moved");
    assert_eq!(told["events"].as_array().unwrap().len(), 1);
    let summary = told["summary"].as_str().unwrap();
    for words in [
        "took it 2.0",
        "on the contact's device",
        "tried once: 1 taken by the channel",
        "1 of the channel's events",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    let text = story.show(&[]);
    for words in [
        "is an outbound text message: delivered",
        "Sent (attempt 1): provider message id wamid.OUR1",
        "number 1",
        "wamid.OUR1",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn text_and_addresses_are_shown_only_when_asked_for() {
    let story = story("sent", None, None).await;
    story.told(json!({ "status": { "id": "wamid.OUR1", "recipient_id": ADDRESS } }), 57.5, true).await;
    story.logged("message.sent", story.message).await;
    for form in [&[][..], &["--json"]] {
        let told = story.show(form);
        assert!(!told.contains("secret text") && !told.contains(ADDRESS), "{told}");
        let told = story.show(&[form, &["--content"]].concat());
        assert!(told.matches("the secret text").count() == 2 && told.matches(ADDRESS).count() == 2, "{told}");
    }
}

#[tokio::test]
async fn reactions_and_templates_name_what_they_are_about_and_nothing_that_was_said() {
    let story = story("sent", None, None).await;
    let target = MessageId::new();
    let says = async |content: Value| {
        execute(&story.database, "UPDATE messages SET content = $1", &[&content]).await
    };
    says(json!({ "type": "reaction", "messageId": target, "emoji": "👍" })).await;
    let told = story.show(&[]);
    assert!(told.contains("is an outbound reaction message"), "{told}");
    assert!(told.contains(&format!("Reacts to     {target}")) && !told.contains("👍"), "{told}");
    let told: Value = serde_json::from_str(&story.show(&["--json"])).unwrap();
    assert_eq!(told["message"]["reactsTo"], json!(target));
    says(json!({ "type": "template", "name": "order_update", "language": "en_US", "parameters": ["Ada Secret"] })).await;
    let told = story.show(&[]);
    assert!(told.contains("Template      order_update in en_US") && !told.contains("Ada Secret"), "{told}");
    let told = story.show(&["--json"]);
    assert!(told.contains("order_update") && !told.contains("Ada Secret"), "{told}");
    assert!(story.show(&["--content"]).contains("Ada Secret"));
}

#[tokio::test]
async fn a_failed_message_tells_why() {
    let failure = json!({ "code": "recipient_unreachable", "providerCode": "131026", "title": "The contact cannot be reached",
        "detail": "Message undeliverable.", "retryable": true });
    let story = story("failed", Some(failure), None).await;
    story.attempt(1, "transient", Some("130429")).await;
    story.attempt(2, "refused", Some("131026")).await;
    let told = story.show(&[]);
    for words in [
        "It failed: The contact cannot be reached (recipient_unreachable, the channel's code 131026).",
        "The channel said: Message undeliverable. A manual retry may help.",
        "It was tried twice: 1 refused for now, 1 refused.",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[tokio::test]
async fn a_pending_message_tells_what_it_waits_for() {
    let story = story("pending", None, Some(7)).await;
    let at = "now() + interval '90 s'";
    let attempt = story.attempt(1, "uncertain", None).await;
    let cases = [
        ("state = 'ready', ready_at = now(), due_at = NULL".to_owned(), "waits for its sender's turn, since"),
        (
            format!("state = 'admitted', due_at = {at}, ready_at = NULL"),
            "has been pointed to it; that is repeated at",
        ),
        (
            format!("state = 'claimed', attempt_id = '{attempt}', due_at = {at}"),
            "is handing it to the channel",
        ),
        (
            format!("state = 'uncertain', attempt_id = '{attempt}', due_at = {at}"),
            "evidence from the channel is awaited until",
        ),
        (format!("state = 'waiting', attempt_id = NULL, due_at = {at}"), "tried again at"),
    ];
    for (change, words) in cases {
        execute(&story.database, &format!("UPDATE lanes SET queued = 1, {change}"), &[]).await;
        let told = story.show(&[]);
        assert!(
            told.contains(words) && told.contains("It is the next of its conversation"),
            "{words}: {told}"
        );
    }
    let sql = "UPDATE inboxes SET gate = 'closed', state = 'disconnected', reasons = '{token_expired}', gate_probe_at = now()";
    execute(&story.database, sql, &[]).await;
    execute(&story.database, "UPDATE lanes SET state = 'ready', ready_at = now(), due_at = NULL", &[]).await;
    let told = story.show(&[]);
    assert!(told.contains("the channel refuses it (token_expired). One message tries at"), "{told}");
    assert!(told.contains("it fails as expired"), "{told}");
}

#[tokio::test]
async fn a_message_outside_the_line_tells_until_when() {
    let story = story("pending", None, None).await;
    let cases = [
        ("scheduled", "until its time: "),
        ("held", "until the contact writes; if that has not happened by"),
    ];
    for (reason, words) in cases {
        execute(&story.database, "UPDATE messages SET postponed = $1", &[&reason]).await;
        let sql = "INSERT INTO postponements SELECT id, organization_id, conversation_id, $1, now() + interval '2 days'
            FROM messages ON CONFLICT (message_id) DO UPDATE SET reason = excluded.reason";
        execute(&story.database, sql, &[&reason]).await;
        let told = story.show(&[]);
        assert!(told.contains("It stands outside the line") && told.contains(words), "{words}: {told}");
        assert!(told.contains("(in 1 d 23 h)"), "{told}");
    }
}

#[tokio::test]
async fn an_inbound_message_is_told_from_its_webhook_on() {
    let story = story("delivered", None, None).await;
    story.told(json!({ "message": { "id": "wamid.IN1", "from": ADDRESS } }), 90_000.0, true).await;
    let sql =
        "UPDATE messages SET direction = 'inbound', sender_type = 'contact', sender_name = 'Ada Secret',
        provider_message_id = 'wamid.IN1'";
    execute(&story.database, sql, &[]).await;
    let detail = json!({ "channelEvent": 1, "receivedAt": "2026-01-01T00:00:00Z" });
    execute(&story.database, "UPDATE message_timeline SET event = 'received', detail = $1", &[&detail]).await;
    let told = story.show(&[]);
    for words in [
        "is an inbound text message",
        "The contact sent it at",
        "(channel event 1): moved",
        "Received: channel event 1",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("Ada Secret") && !told.contains("Attempts"), "{told}");
    assert!(story.show(&["--content"]).contains("Ada Secret"));
}

#[tokio::test]
async fn a_message_from_the_business_s_own_phone_is_told_as_such() {
    let story = story("sent", None, None).await;
    execute(&story.database, "UPDATE messages SET sender_type = 'businessApp'", &[]).await;
    execute(&story.database, "UPDATE message_timeline SET event = 'echoed'", &[]).await;
    let told = story.show(&[]);
    assert!(told.contains("The business sent it from the channel's own app"), "{told}");
    assert!(told.contains("Echoed") && !told.contains("It has not been tried yet"), "{told}");
}
