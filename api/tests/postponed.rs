//! Messages that stand outside their lane.

use chrono::{DateTime, TimeDelta, Utc};
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

pub const CLOSE: &str = "UPDATE conversations SET window_expires_at = now() - interval '1 hour'";
const OPEN: &str = "UPDATE conversations SET window_expires_at = now() + interval '1 hour'";

pub struct Setting {
    pub app: TestApp,
    pub workspace: Workspace,
    pub conversation: String,
}

impl Setting {
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
        Self { app, workspace, conversation }
    }

    pub async fn try_reply(&self, more: &Value) -> Answer {
        let mut body =
            json!({ "conversationId": self.conversation, "content": { "type": "text", "text": "Hello" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.app.post("/v1/conversations/reply").key(&self.workspace.token).json(&body).send().await
    }

    /// A reply with these fields beside its text; its id.
    pub async fn reply(&self, more: Value) -> String {
        let message = self.try_reply(&more).await.expect(202);
        message["id"].as_str().unwrap().to_owned()
    }

    pub async fn act(&self, verb: &str, id: &str) -> Answer {
        self.app.post(&format!("/v1/messages/{id}/{verb}")).key(&self.workspace.token).send().await
    }

    pub async fn message(&self, id: &str) -> Value {
        self.app.get(&format!("/v1/messages/{id}")).key(&self.workspace.token).send().await.expect(200)
    }

    /// The lane: state, messages in line, held, scheduled.
    pub async fn lane(&self) -> (String, i32, i32, i32) {
        let client = self.app.pool().get().await.unwrap();
        let row = client.query_one("SELECT state, queued, held, scheduled FROM lanes", &[]).await.unwrap();
        (row.get(0), row.get(1), row.get(2), row.get(3))
    }

    /// Lets the head of the lane be in flight.
    pub async fn claim(&self, id: &str) {
        let message: common::domain::ids::MessageId = id.parse().unwrap();
        self.app
            .execute(&format!(
                "INSERT INTO attempts (id, organization_id, conversation_id, message_id, generation, number, lease, worker)
                SELECT gen_random_uuid(), organization_id, conversation_id, id, generation, 1, 1, 'test'
                FROM messages WHERE id = '{0}';
                UPDATE messages SET attempts = 1 WHERE id = '{0}';
                UPDATE lanes SET state = 'claimed', ready_at = NULL, due_at = now() + interval '1 hour',
                    attempt_id = (SELECT id FROM attempts WHERE message_id = '{0}' ORDER BY started_at DESC LIMIT 1)",
                message.0
            ))
            .await;
    }
}

pub fn told(message: &Value) -> Vec<&str> {
    message["timeline"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect()
}

pub fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[tokio::test]
async fn a_scheduled_message_stands_outside_its_lane_whatever_the_reply_window() {
    let setting = Setting::start().await;
    setting.app.execute(CLOSE).await;
    let time = at(Utc::now() + TimeDelta::days(300));
    let accepted = setting.try_reply(&json!({ "scheduledAt": time })).await.expect(202);
    assert_eq!((&accepted["scheduledAt"], &accepted["status"]), (&json!(time), &json!("pending")));
    let message = setting.message(accepted["id"].as_str().unwrap()).await;
    assert_eq!(told(&message), ["accepted", "scheduled"]);
    assert_eq!(message["timeline"][1]["detail"]["until"].as_str().unwrap()[..19], time[..19]);
    assert_eq!(setting.lane().await, ("idle".into(), 0, 0, 1));
    let sql = "SELECT count(*) FROM postponements WHERE reason = 'scheduled' AND look_at > now() + interval '299 days'";
    assert_eq!(setting.app.count(sql).await, 1);
    let path = format!("/v1/conversations/{}", setting.conversation);
    let conversation = setting.app.get(&path).key(&setting.workspace.token).send().await.expect(200);
    assert_eq!(conversation["lastMessage"], Value::Null);
    setting.app.execute(OPEN).await;
    setting.reply(json!({})).await;
    assert_eq!(setting.lane().await.1, 1);
}

/// Fields that cannot be: status, code, field, and the field's code.
type Refused = (Value, u16, &'static str, &'static str, &'static str);

fn hours(count: i64) -> String {
    at(Utc::now() + TimeDelta::hours(count))
}

fn refused() -> Vec<Refused> {
    let invalid = |more, field, code| (more, 422, "invalid_request", field, code);
    let missing = |more| (more, 400, "required_field_missing", "fallbackTemplate", "required");
    let text = json!({ "type": "text", "text": "a" });
    let template = |value: Value| json!({ "onClosedWindow": "template", "fallbackTemplate": value });
    let unknown = "unsupported_value";
    vec![
        invalid(json!({ "scheduledAt": "soon" }), "scheduledAt", "invalid"),
        invalid(json!({ "scheduledAt": hours(-1) }), "scheduledAt", "in_the_past"),
        invalid(json!({ "scheduledAt": hours(24 * 366) }), "scheduledAt", "too_late"),
        (json!({ "scheduledAt": 5 }), 400, "wrong_type", "scheduledAt", "wrong_type"),
        invalid(
            json!({ "scheduledAt": hours(2), "expiresAt": hours(1) }),
            "expiresAt",
            "before_scheduled_at",
        ),
        invalid(json!({ "scheduledAt": hours(2), "expiresAt": hours(24 * 31) }), "expiresAt", "too_late"),
        (json!({ "onClosedWindow": "wait" }), 422, unknown, "onClosedWindow", unknown),
        missing(json!({ "onClosedWindow": "template" })),
        missing(template(Value::Null)),
        (template(json!(5)), 400, "malformed_request", "fallbackTemplate", "wrong_type"),
        invalid(template(text.clone()), "fallbackTemplate.type", "not_a_template"),
        invalid(
            json!({ "onClosedWindow": "hold", "fallbackTemplate": text }),
            "fallbackTemplate",
            "not_used",
        ),
    ]
}

#[tokio::test]
async fn times_and_wishes_that_cannot_be_are_named() {
    let setting = Setting::start().await;
    for (more, status, code, field, field_code) in refused() {
        let problem = setting.try_reply(&more).await.problem(status, code);
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
            (&json!(field), &json!(field_code)),
            "{more}"
        );
    }
    assert_eq!(setting.app.count("SELECT count(*) FROM messages").await, 0);
    let within = json!({ "scheduledAt": hours(2), "expiresAt": hours(24 * 30) });
    setting.try_reply(&within).await.expect(202);
}

#[tokio::test]
async fn a_message_is_held_only_while_the_reply_window_is_closed() {
    let setting = Setting::start().await;
    let open = setting.reply(json!({ "onClosedWindow": "hold" })).await;
    assert_eq!(told(&setting.message(&open).await), ["accepted"]);
    assert_eq!(setting.lane().await.1, 1);
    setting.app.execute(CLOSE).await;
    setting.try_reply(&json!({})).await.problem(422, "messaging_window_closed");
    let held = setting.reply(json!({ "onClosedWindow": "hold" })).await;
    assert_eq!(told(&setting.message(&held).await), ["accepted", "held"]);
    assert_eq!((setting.lane().await.1, setting.lane().await.2), (1, 1));
    // Given up after thirty days, or when the client says.
    let sooner = at(Utc::now() + TimeDelta::days(2));
    setting.reply(json!({ "onClosedWindow": "hold", "expiresAt": sooner })).await;
    for days in [2, 30] {
        let sql = format!(
            "SELECT count(*) FROM postponements WHERE look_at BETWEEN now() + interval '{days} days' - interval '1 hour'
            AND now() + interval '{days} days'"
        );
        assert_eq!(setting.app.count(&sql).await, 1, "{days}");
    }
}

pub fn template() -> Value {
    json!({ "type": "template", "name": "order_update", "language": "en_US", "parameters": ["Ada", "42"] })
}

#[tokio::test]
async fn a_template_takes_the_place_of_what_does_not_pass_a_closed_window() {
    let setting = Setting::start().await;
    let wish = json!({ "onClosedWindow": "template", "fallbackTemplate": template() });
    let open = setting.try_reply(&wish).await.expect(202);
    assert_eq!(open["content"]["type"], "text");
    let id = open["id"].as_str().unwrap();
    setting.act("cancel", id).await.expect(200);
    setting.app.execute(CLOSE).await;
    let closed = setting.try_reply(&wish).await.expect(202);
    assert_eq!(closed["content"], template());
    let shown = setting.message(closed["id"].as_str().unwrap()).await;
    assert_eq!((told(&shown), &shown["content"]), (vec!["accepted", "replaced"], &template()));
    // A retry is told the same.
    assert_eq!(setting.act("retry", id).await.expect(202)["content"], template());
    let retried = setting.message(id).await;
    assert_eq!(told(&retried), ["accepted", "failed", "retried", "replaced"]);
    assert_eq!(retried["content"], template());
    assert_eq!(setting.lane().await.1, 2);
}

#[tokio::test]
async fn faults_of_a_fallback_template_are_named_as_its_own() {
    let setting = Setting::start().await;
    let mut faulty = template();
    faulty["name"] = json!("n".repeat(600));
    let wish = json!({ "onClosedWindow": "template", "fallbackTemplate": faulty });
    let fields = setting.try_reply(&wish).await.fields(422, "invalid_request");
    assert_eq!(fields, ["fallbackTemplate.name"]);
}

#[tokio::test]
async fn no_more_than_a_thousand_messages_stand_outside_a_lane_and_the_line_goes_on() {
    let setting = Setting::start().await;
    setting.app.execute("UPDATE lanes SET held = 400, scheduled = 600").await;
    let later = json!({ "scheduledAt": at(Utc::now() + TimeDelta::hours(1)) });
    setting.try_reply(&later).await.problem(503, "too_much_waiting");
    setting.try_reply(&json!({})).await.expect(202);
    setting.app.execute(CLOSE).await;
    let hold = json!({ "onClosedWindow": "hold" });
    setting.try_reply(&hold).await.problem(503, "too_much_waiting");
}
