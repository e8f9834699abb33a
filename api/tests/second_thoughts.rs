//! Messages that are canceled, and failed ones that are tried again.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::postponed::{CLOSE, Setting, at, told};

#[tokio::test]
async fn what_has_not_left_is_canceled_wherever_it_stands() {
    let setting = Setting::start().await;
    let head = setting.reply(json!({})).await;
    let next = setting.reply(json!({})).await;
    let scheduled = setting.reply(json!({ "scheduledAt": at(Utc::now() + TimeDelta::hours(1)) })).await;
    setting.app.execute(CLOSE).await;
    let held = setting.reply(json!({ "onClosedWindow": "hold" })).await;
    for id in [&next, &head, &scheduled, &held] {
        let canceled = setting.act("cancel", id).await.expect(200);
        assert_eq!(
            (&canceled["status"], &canceled["failure"]["code"]),
            (&json!("failed"), &json!("canceled"))
        );
        let shown = setting.message(id).await;
        assert_eq!(told(&shown).last(), Some(&"failed"), "{shown}");
        // Again: the same answer, and nothing more happens.
        assert_eq!(setting.act("cancel", id).await.expect(200), canceled);
        assert_eq!(setting.message(id).await, shown);
    }
    assert_eq!(setting.lane().await, ("idle".into(), 0, 0, 0));
    for (sql, count) in [
        ("SELECT count(*) FROM postponements", 0),
        ("SELECT count(*) FROM messages WHERE lane_position IS NOT NULL OR postponed IS NOT NULL", 0),
        ("SELECT count(*) FROM events WHERE type = 'message.failed'", 4),
        ("SELECT count(*) FROM audit_log WHERE action = 'message.cancel'", 4),
    ] {
        assert_eq!(setting.app.count(sql).await, count, "{sql}");
    }
}

#[tokio::test]
async fn a_canceled_head_gives_its_turn_to_the_next_and_one_that_waits_for_a_retry_is_canceled_too() {
    let setting = Setting::start().await;
    let head = setting.reply(json!({})).await;
    setting.reply(json!({})).await;
    let waits = "UPDATE lanes SET state = 'waiting', due_at = now() + interval '1 hour', ready_at = NULL";
    setting.app.execute(waits).await;
    setting.act("cancel", &head).await.expect(200);
    let lane = setting.lane().await;
    assert!(["ready", "admitted"].contains(&lane.0.as_str()) && lane.1 == 1, "{lane:?}");
}

#[tokio::test]
async fn what_is_on_its_way_or_has_ended_cannot_be_canceled() {
    let setting = Setting::start().await;
    let flying = setting.reply(json!({})).await;
    let next = setting.reply(json!({})).await;
    setting.claim(&flying).await;
    setting.act("cancel", &flying).await.problem(409, "not_cancelable");
    setting.app.execute("UPDATE lanes SET state = 'uncertain'").await;
    let doubt = setting.act("cancel", &flying).await.problem(409, "not_cancelable");
    assert!(doubt["detail"].as_str().unwrap().contains("may have reached it"), "{doubt}");
    setting.act("cancel", &next).await.expect(200);
    assert_eq!(setting.lane().await, ("uncertain".into(), 1, 0, 0));
    let ended = [
        ("status = 'sent'", "taken"),
        ("status = 'read'", "taken"),
        (
            "status = 'failed', failure = '{\"code\":\"expired\",\"providerCode\":null,\"title\":\"t\",\"detail\":null,\"retryable\":true}'",
            "expired",
        ),
        ("status = 'delivered', failure = NULL, direction = 'inbound'", "contact sent"),
    ];
    setting
        .app
        .execute("UPDATE lanes SET state = 'idle', queued = 0, attempt_id = NULL, due_at = NULL")
        .await;
    for (change, why) in ended {
        let sql = "UPDATE messages SET lane_position = NULL, failure = NULL, ";
        let id: common::domain::ids::MessageId = flying.parse().unwrap();
        let sql =
            if change.contains("failure") { sql.replace("failure = NULL, ", "") } else { sql.to_owned() };
        setting.app.execute(&format!("{sql}{change} WHERE id = '{}'", id.0)).await;
        let problem = setting.act("cancel", &flying).await.problem(409, "not_cancelable");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{why}: {problem}");
    }
}

#[tokio::test]
async fn a_failed_message_is_tried_again_at_the_end_of_the_line_as_a_new_generation() {
    let setting = Setting::start().await;
    let failed = setting.reply(json!({})).await;
    setting.act("cancel", &failed).await.expect(200);
    let other = setting.reply(json!({})).await;
    setting.app.execute("UPDATE messages SET attempts = 3, failures = 2, expires_at = now() - interval '1 hour', provider_message_id = 'wamid.OLD' WHERE status = 'failed'").await;
    let answer = setting.act("retry", &failed).await;
    assert_eq!(answer.header("location"), format!("/v1/messages/{failed}"));
    let retried = answer.expect(202);
    assert_eq!(
        (&retried["status"], &retried["failure"], &retried["providerMessageId"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    let shown = setting.message(&failed).await;
    assert_eq!(told(&shown), ["accepted", "failed", "retried"]);
    let sql = "SELECT count(*) FROM messages a JOIN messages b ON b.lane_position < a.lane_position
        WHERE a.generation = 2 AND a.attempts = 0 AND a.failures = 0 AND a.expires_at > now() + interval '23 hours'";
    assert_eq!(setting.app.count(sql).await, 1);
    assert_eq!(setting.lane().await.1, 2);
    for (sql, count) in [
        ("SELECT count(*) FROM events WHERE type = 'message.retried'", 1),
        ("SELECT count(*) FROM audit_log WHERE action = 'message.retry'", 1),
    ] {
        assert_eq!(setting.app.count(sql).await, count, "{sql}");
    }
    for id in [&failed, &other] {
        setting.act("retry", id).await.problem(409, "not_retryable");
    }
}

#[tokio::test]
async fn what_has_not_failed_or_is_still_under_way_cannot_be_tried_again() {
    let setting = Setting::start().await;
    let id = setting.reply(json!({})).await;
    setting.act("cancel", &id).await.expect(200);
    setting.app.execute("UPDATE messages SET status = 'delivered', failure = NULL").await;
    let problem = setting.act("retry", &id).await.problem(409, "not_retryable");
    assert!(problem["detail"].as_str().unwrap().contains("delivered"), "{problem}");
    setting.app.execute("UPDATE messages SET direction = 'inbound'").await;
    setting.act("retry", &id).await.problem(409, "not_retryable");
    // A report said that it failed while its repetition is still in flight.
    let id = setting.reply(json!({})).await;
    setting.claim(&id).await;
    setting.app.execute("UPDATE messages SET status = 'failed', lane_position = NULL, failure = '{\"code\":\"rejected_by_channel\",\"providerCode\":null,\"title\":\"t\",\"detail\":null,\"retryable\":true}' WHERE status = 'pending'").await;
    let problem = setting.act("retry", &id).await.problem(409, "not_retryable");
    assert!(problem["detail"].as_str().unwrap().contains("under way"), "{problem}");
    // The business wrote it past us.
    let echo = "UPDATE messages SET sender_type = 'businessApp', sender_id = (SELECT id FROM inboxes)";
    setting.app.execute(echo).await;
    let problem = setting.act("retry", &id).await.problem(409, "not_retryable");
    assert!(problem["detail"].as_str().unwrap().contains("its own app"), "{problem}");
}

#[tokio::test]
async fn a_retry_meets_the_reply_window_as_its_message_was_told() {
    let setting = Setting::start().await;
    let (plain, patient) =
        (setting.reply(json!({})).await, setting.reply(json!({ "onClosedWindow": "hold" })).await);
    for id in [&plain, &patient] {
        setting.act("cancel", id).await.expect(200);
    }
    setting.app.execute(CLOSE).await;
    setting.act("retry", &plain).await.problem(422, "messaging_window_closed");
    assert_eq!(setting.message(&plain).await["status"], "failed");
    setting.act("retry", &patient).await.expect(202);
    assert_eq!(told(&setting.message(&patient).await), ["accepted", "failed", "retried", "held"]);
    assert_eq!(setting.lane().await, ("idle".into(), 0, 1, 0));
    setting.app.execute("UPDATE inboxes SET deleted_at = now()").await;
    setting.act("retry", &plain).await.problem(422, "inbox_deleted");
}

#[tokio::test]
async fn other_organizations_messages_are_not_there_to_be_canceled_or_retried() {
    let setting = Setting::start().await;
    let stranger = setting.app.workspace().await;
    let id = setting.reply(json!({})).await;
    for verb in ["cancel", "retry"] {
        let path = format!("/v1/messages/{id}/{verb}");
        setting.app.post(&path).key(&stranger.token).send().await.problem(404, "not_found");
        setting.act(verb, "nonsense").await.problem(404, "not_found");
        setting.act(verb, "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B").await.problem(404, "not_found");
    }
    assert_eq!(setting.message(&id).await["status"], "pending");
}

#[tokio::test]
async fn a_cancel_or_retry_with_an_idempotency_key_is_done_once() {
    let setting = Setting::start().await;
    let (first, second) = (setting.reply(json!({})).await, setting.reply(json!({})).await);
    let post = |verb: &str, id: &str| {
        let call = setting.app.post(&format!("/v1/messages/{id}/{verb}")).key(&setting.workspace.token);
        call.header("idempotency-key", "one").send()
    };
    let canceled = post("cancel", &first).await.expect(200);
    let retried = post("retry", &first).await.expect(202);
    for (verb, answer) in [("cancel", &canceled), ("retry", &retried)] {
        let again = post(verb, &first).await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.body, *answer);
        post(verb, &second).await.problem(409, "idempotency_key_reused");
    }
    assert_eq!(setting.message(&first).await["status"], "pending");
    assert_eq!(setting.lane().await.1, 2);
}
