//! Events on their way to endpoints: signatures, tries, isolation, order and replays, with a real worker and a real receiver.

use std::time::Duration;

use common::db::webhook_deliveries::{self, Claimed, Recorded, Reply as Outcome, Verdict};
use common::domain::ids::WebhookId;
use common::testing::eventually;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Hooked, Receiver, Reply, SOON, TestApp};

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn numbers(received: &[crate::support::Received]) -> Vec<i64> {
    received.iter().map(crate::support::Received::number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_posted_signed_and_says_what_the_log_says() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let more = json!({ "headers": { "X-Token": "hidden" }, "hexSignatureHeader": "X-Signature" });
    let webhook = hooked.webhook(&receiver, more).await;
    let conversation = hooked.workspace.conversation(hooked.app.pool(), "15551110001").await;
    hooked.emit("message.sent", Some(conversation.0), 1..2).await;
    let got = receiver.until(1).await.remove(0);
    let secret = webhook["secret"].as_str().unwrap();
    assert!(got.is_signed_with(secret));
    let hmac = common::crypto::signature::hmac_sha256(secret.as_bytes(), &got.body);
    assert_eq!(got.header("x-signature"), hex::encode(hmac));
    assert_eq!((got.header("x-token"), got.header("content-type")), ("hidden", "application/json"));
    let page = hooked.call("GET", "/v1/events?after=0", None, 200).await;
    assert_eq!(page["events"], json!([got.json()]));
    assert_eq!((got.header("webhook-id"), &got.json()["sequence"]), (id(&got.json()), &json!(1)));
    let delivery = hooked.delivery(&webhook, "delivered").await;
    assert_eq!(delivery["eventId"], got.json()["id"]);
    assert_eq!(delivery["conversationId"], conversation.to_string());
    let attempt = &delivery["attempts"][0];
    assert_eq!((&attempt["outcome"], &attempt["responseStatus"]), (&json!("delivered"), &json!(200)));
    assert_eq!(attempt["responseBody"], "said 200");
    assert!(attempt["durationMs"].is_i64());
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_tried_again_under_the_same_id_and_a_delivery_can_be_repeated() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let webhook = hooked.webhook(&receiver, json!({})).await;
    receiver.answer(&[Reply::Status(500), Reply::Header(429, "retry-after", "2".into())]);
    hooked.emit("message.sent", None, 1..2).await;
    let got = receiver.until(3).await;
    let delivery = hooked.delivery(&webhook, "delivered").await;
    let outcomes: Vec<_> = delivery["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["responseStatus"].clone())
        .collect();
    assert_eq!(outcomes, [json!(500), json!(429), json!(200)]);
    let secret = webhook["secret"].as_str().unwrap();
    for other in &got {
        assert_eq!(other.header("webhook-id"), got[0].header("webhook-id"));
        assert!(other.is_signed_with(secret));
    }
    let started = |place: usize| {
        let text = delivery["attempts"][place]["startedAt"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(text).unwrap()
    };
    assert!((started(2) - started(1)).num_milliseconds() >= 1_990, "Retry-After is honoured");
    let path = format!("/v1/webhooks/{}/deliveries/{}/redeliver", id(&webhook), id(&delivery));
    let again = hooked.call("POST", &path, None, 202).await;
    assert_eq!(again["status"], "pending");
    let got = receiver.until(4).await;
    assert_eq!(got[3].header("webhook-id"), got[0].header("webhook-id"));
    assert_eq!(hooked.delivery(&webhook, "delivered").await["attemptCount"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_to_the_end_is_given_up_and_replayed_on_request() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let webhook = hooked.webhook(&receiver, json!({ "events": ["message.sent"] })).await;
    receiver.always(Reply::Header(302, "location", format!("http://{}/elsewhere", receiver.address)));
    hooked.emit("message.sent", None, 1..2).await;
    let delivery = hooked.delivery(&webhook, "failed").await;
    // Three waits are configured here, and a redirect is not followed.
    assert_eq!((delivery["attempts"].as_array().unwrap().len(), receiver.received().len()), (4, 4));
    assert_eq!(delivery["attempts"][0]["outcome"], "redirect");
    assert_eq!(hooked.deliveries(&webhook, "status=failed").await.len(), 1);
    receiver.always(Reply::Status(204));
    let path = format!("/v1/webhooks/{}/replays", id(&webhook));
    let replay = hooked.call("POST", &path, Some(json!({ "failed": true })), 202).await;
    hooked.delivery(&webhook, "delivered").await;
    assert!(hooked.deliveries(&webhook, "status=failed").await.is_empty());
    let shown = hooked.call("GET", &format!("{path}/{}", id(&replay)), None, 200).await;
    assert_eq!((&shown["status"], &shown["queued"]), (&json!("done"), &json!(1)));

    // While it is disabled nothing is noted for it; a replay of the time brings it.
    let from = chrono::Utc::now();
    let webhook_path = format!("/v1/webhooks/{}", id(&webhook));
    hooked.call("PATCH", &webhook_path, Some(json!({ "enabled": false })), 200).await;
    hooked.emit("message.sent", None, 2..5).await;
    hooked.emit("message.read", None, 5..6).await;
    let read = "SELECT count(*) FROM webhook_cursors WHERE seq = 5";
    eventually("the log is read", SOON, async || match hooked.app.count(read).await {
        1 => Ok(()),
        other => Err(other),
    })
    .await;
    hooked.call("PATCH", &webhook_path, Some(json!({ "enabled": true })), 200).await;
    assert_eq!(receiver.received().len(), 5);
    hooked.call("POST", &path, Some(json!({ "from": from })), 202).await;
    let mut got = numbers(&receiver.until(8).await[5..]);
    got.sort_unstable();
    assert_eq!(got, [2, 3, 4]);
    let types = hooked.deliveries(&webhook, "eventType=message.read").await;
    assert!(types.is_empty(), "{types:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_or_fails_for_days_is_disabled_and_told_of() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let gone = hooked.webhook(&receiver, json!({ "events": ["message.sent"] })).await;
    receiver.answer(&[Reply::Status(410)]);
    hooked.emit("message.sent", None, 1..2).await;
    let disabled = async |webhook: &Value| {
        let path = format!("/v1/webhooks/{}", id(webhook));
        eventually("it is disabled", SOON, async || {
            let shown = hooked.call("GET", &path, None, 200).await;
            if shown["enabled"] == false { Ok(shown["disabledReason"].clone()) } else { Err(shown) }
        })
        .await
    };
    assert_eq!(disabled(&gone).await, "gone");
    let told = async |count: usize| {
        eventually("it is told", SOON, async || {
            let page = hooked.call("GET", "/v1/events?after=0&types=webhook.disabled", None, 200).await;
            let events = page["events"].as_array().unwrap().clone();
            if events.len() == count { Ok(events) } else { Err(page) }
        })
        .await
    };
    let events = told(1).await;
    assert_eq!(
        (&events[0]["data"]["reason"], &events[0]["data"]["webhook"]["id"]),
        (&json!("gone"), &gone["id"])
    );
    // Enabled again, it gets what it refused.
    hooked.call("PATCH", &format!("/v1/webhooks/{}", id(&gone)), Some(json!({ "enabled": true })), 200).await;
    assert_eq!(numbers(&receiver.until(2).await), [1, 1]);
    hooked.call("DELETE", &format!("/v1/webhooks/{}", id(&gone)), None, 204).await;

    let failing = hooked.webhook(&receiver, json!({ "events": ["message.read"] })).await;
    receiver.always(Reply::Status(503));
    hooked.app.execute("UPDATE webhooks SET failing_since = now() - interval '6 days', failures = 1").await;
    hooked.emit("message.read", None, 3..4).await;
    assert_eq!(disabled(&failing).await, "failing");
    assert_eq!(told(2).await[1]["data"]["reason"], "failing");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_costs_the_others_nothing() {
    let (hooked, well) = (Hooked::start().await, Receiver::start().await);
    let hanging = Receiver::start().await;
    hanging.always(Reply::Hang);
    let mut stuck = Vec::new();
    for _ in 0..3 {
        stuck.push(hooked.webhook(&hanging, json!({})).await);
    }
    hooked.emit("message.sent", None, 0..40).await;
    // Every one of them is at it before the one that is well is there.
    hanging.until(3 * webhook_deliveries::AT_ONCE as usize).await;
    hooked.webhook(&well, json!({ "events": ["message.read"] })).await;
    hooked.emit("message.read", None, 40..140).await;
    let mut got = numbers(&well.until(100).await);
    got.sort_unstable();
    assert_eq!(got, (40..140).collect::<Vec<_>>());
    let ended = "SELECT count(*) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
        WHERE a.outcome = 'delivered' AND d.webhook_id <> ALL(SELECT id FROM webhooks ORDER BY id LIMIT 3)";
    eventually("all is recorded", SOON, async || match hooked.app.count(ended).await {
        100 => Ok(()),
        other => Err(other),
    })
    .await;
    // And however much waits, no more is on its way to the one that hangs.
    let sending = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM webhook_deliveries
        WHERE state = 'sending' AND due_at > now() GROUP BY webhook_id) AS each";
    assert!(hooked.app.count(sending).await <= webhook_deliveries::AT_ONCE);
    for webhook in &stuck {
        assert!(hooked.deliveries(webhook, "status=delivered").await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_asked_for_is_posted() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let other_inbox = Uuid::now_v7();
    hooked.emit("message.sent", None, 0..1).await;
    // What an endpoint gets begins after the last number given before it was there.
    eventually("the first has its number", SOON, async || {
        match hooked.app.count("SELECT count(*) FROM events WHERE seq IS NULL").await {
            0 => Ok(()),
            other => Err(other),
        }
    })
    .await;
    let more = json!({ "events": ["message.sent", "message.read"], "inboxIds": [hooked.workspace.inbox] });
    let webhook = hooked.webhook(&receiver, more).await;
    hooked.emit_of(other_inbox, "message.sent", None, 1..2).await;
    hooked.emit("message.failed", None, 2..3).await;
    hooked.emit("message.read", None, 3..4).await;
    hooked.emit("message.sent", None, 4..5).await;
    let mut got = numbers(&receiver.until(2).await);
    got.sort_unstable();
    assert_eq!(got, [3, 4]);
    assert_eq!(hooked.deliveries(&webhook, "").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_order_a_conversation_waits_for_its_first_and_no_other_does() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    hooked.webhook(&receiver, json!({ "ordered": true })).await;
    receiver.answer(&[Reply::Status(500), Reply::Status(500)]);
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    hooked.emit("message.sent", Some(first), 1..6).await;
    receiver.until(1).await;
    hooked.emit("message.sent", Some(second), 11..14).await;
    let got = numbers(&receiver.until(10).await);
    let of =
        |range: std::ops::Range<i64>| got.iter().copied().filter(|n| range.contains(n)).collect::<Vec<_>>();
    let (ours, theirs) = (of(1..6), of(11..14));
    assert!(ours.is_sorted() && theirs.is_sorted(), "{got:?}");
    assert_eq!(got.len(), 10, "{got:?}");
    // The second conversation did not wait until the first one's failures were over.
    let last_failure = got.iter().rposition(|n| *n == 1).unwrap();
    let begun = got.iter().position(|n| *n == 11).unwrap();
    assert!(begun < last_failure, "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_sign_while_one_is_replaced() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    // The first was another program's, and is brought along.
    let brought = json!({ "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    let webhook = hooked.webhook(&receiver, brought.clone()).await;
    assert_eq!(webhook["secret"], brought["secret"]);
    let path = format!("/v1/webhooks/{}", id(&webhook));
    let rotated = hooked.call("POST", &format!("{path}/rotate-secret"), None, 200).await;
    let test = hooked.call("POST", &format!("{path}/test"), None, 202).await;
    let got = receiver.until(1).await.remove(0);
    let (old, new) = (webhook["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());
    assert!(got.is_signed_with(old) && got.is_signed_with(new));
    assert_eq!((&got.json()["type"], &got.json()["sequence"]), (&json!("webhook.test"), &Value::Null));
    assert_eq!(hooked.delivery(&webhook, "delivered").await["id"], test["id"]);
    hooked.app.execute("UPDATE webhooks SET previous_secret_until = now()").await;
    hooked.call("POST", &format!("{path}/test"), None, 202).await;
    let got = receiver.until(2).await.remove(1);
    assert!(!got.is_signed_with(old) && got.is_signed_with(new));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_asked_about_again_at_every_post() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    // As if a name, or what the operator allows, had changed since it was let through. This machine is allowed here.
    for host in [
        "169.254.169.254",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "0xa9fea9fe",
        "0",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
    ] {
        let webhook = hooked.webhook(&receiver, json!({})).await;
        let set =
            format!("UPDATE webhooks SET url = 'http://{host}/latest' WHERE url = '{}'", receiver.url());
        hooked.app.execute(&set).await;
        hooked.call("POST", &format!("/v1/webhooks/{}/test", id(&webhook)), None, 202).await;
        let delivery = hooked.delivery(&webhook, "failed").await;
        assert_eq!(delivery["attempts"][0]["outcome"], "address_not_allowed", "{host}");
        assert!(delivery["attempts"][0]["responseStatus"].is_null());
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_worker_had_is_posted_again_and_its_late_record_moves_nothing() {
    let app = TestApp::start().await;
    let (workspace, receiver) = (app.workspace().await, Receiver::start().await);
    let body = json!({ "url": receiver.url() });
    let webhook = app.post("/v1/webhooks").key(&workspace.token).json(&body).send().await.expect(201);
    let webhook_id: WebhookId = id(&webhook).parse().unwrap();
    app.post(&format!("/v1/webhooks/{webhook_id}/test")).key(&workspace.token).send().await.expect(202);
    let claim = async || {
        let lease = Duration::from_millis(300);
        match webhook_deliveries::claim(app.pool(), webhook_id.0, 8, lease).await.unwrap() {
            Claimed::Some(_, claims) => Ok(claims[0].clone()),
            other => Err(format!("{other:?}")),
        }
    };
    let lost = claim().await.unwrap();
    claim().await.unwrap_err();
    let second = eventually("the lease lapses", SOON, claim).await;
    assert_eq!((lost.id, lost.event), (second.id, second.event));
    assert_eq!((lost.attempt, second.attempt), (1, 2));
    let reply = Outcome { outcome: "delivered", status: Some(200), ..Outcome::default() };
    let record = async |claim| {
        let decided = (Verdict::Delivered, Duration::from_secs(60));
        webhook_deliveries::record(app.pool(), webhook_id, claim, &reply, decided).await.unwrap()
    };
    assert_eq!(record(&lost).await, Recorded::Stale);
    assert_eq!(app.count("SELECT count(*) FROM webhook_deliveries WHERE state = 'sending'").await, 1);
    // What it did is known all the same.
    assert_eq!(app.count("SELECT count(*) FROM webhook_attempts WHERE outcome = 'delivered'").await, 1);
    assert_eq!(record(&second).await, Recorded::Done);
    assert_eq!(app.count("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_contact_nothing_more_is_told_and_no_answer_is_kept() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let webhook = hooked.webhook(&receiver, json!({})).await;
    receiver.always(Reply::Echo);
    let conversation = hooked.workspace.conversation(hooked.app.pool(), "15551110009").await;
    hooked.emit("message.sent", Some(conversation.0), 424_242..424_243).await;
    let delivery = hooked.delivery(&webhook, "delivered").await;
    assert!(delivery["attempts"][0]["responseBody"].as_str().unwrap().contains("424242"));
    let shown = hooked.call("GET", &format!("/v1/conversations/{conversation}"), None, 200).await;
    let contact = format!("/v1/contacts/{}", id(&shown["contact"]));
    hooked.call("DELETE", &contact, None, 204).await;
    eventually("the contact is forgotten", SOON, async || {
        match hooked.app.count("SELECT count(*) FROM erasures").await {
            0 => Ok(()),
            waiting => Err(waiting),
        }
    })
    .await;
    let kept = "SELECT count(*) FROM webhook_attempts WHERE response LIKE '%424242%'";
    assert_eq!(hooked.app.count(kept).await, 0);
    let path = format!("/v1/webhooks/{}/deliveries/{}/redeliver", id(&webhook), id(&delivery));
    hooked.call("POST", &path, None, 202).await;
    let got = receiver.until(2).await;
    assert_eq!(got[1].json()["data"], json!({ "erased": true }));
    assert_eq!(got[1].header("webhook-id"), got[0].header("webhook-id"));
    let delivery = hooked.delivery(&webhook, "delivered").await;
    assert!(delivery["attempts"][1]["responseBody"].is_null());
}
