//! Mail servers that refuse, hang or are not there, and workers that die or race.

use std::collections::BTreeSet;

use common::testing::eventually;
use faults::{Desk, Process, Told};
use serde_json::{Value, json};

use crate::watch::SOON;

fn ended(state: &str, reason: Option<&str>, attempts: i32) -> Told {
    Told { state: state.into(), reason: reason.map(str::to_owned), attempts }
}

/// What a process says of its mail server.
async fn smtp(worker: &Process) -> Result<Value, String> {
    let report = worker.internal("/readyz").await.map_err(|error| error.to_string())?;
    let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    if report["parts"]["smtp"].is_object() {
        Ok(report["parts"]["smtp"].clone())
    } else {
        Err(report.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_server_puts_off_is_tried_again_and_what_it_refuses_ends() {
    let desk = Desk::start(&[]).await.unwrap();
    let (ann, ben, eve) = (desk.user("ann").await, desk.user("ben").await, desk.user("eve").await);
    for (name, fault) in [
        ("ann", json!({ "refuse": { "code": 451, "text": "4.3.0 later" } })),
        ("ben", json!({ "refuse": { "code": 550 } })),
        // It hangs past our patience.
        ("eve", json!({ "delayMs": 60_000 })),
    ] {
        let recipient = format!("{name}@example.com");
        desk.mail_fault(&json!({ "recipient": recipient, "times": 1, "fault": fault })).await.unwrap();
    }
    let mut conversations = Vec::new();
    for (place, user) in [ann, ben, eve].into_iter().enumerate() {
        let conversation = desk.conversation(&format!("1555810000{place}")).await;
        desk.assign(conversation, user).await;
        conversations.push(conversation);
    }
    assert_eq!(desk.told(conversations[0], ann).await, ended("sent", None, 2));
    assert_eq!(desk.told(conversations[1], ben).await, ended("failed", Some("refused"), 1));
    assert_eq!(desk.told(conversations[2], eve).await, ended("sent", None, 2));
    for (name, emails) in [("ann", 1), ("ben", 0), ("eve", 1)] {
        assert_eq!(desk.emails(name).await.unwrap().len(), emails, "{name}");
    }
    // The server's words are kept, for the operator.
    let kept = "SELECT count(*) FROM notifications WHERE state = 'failed' AND detail LIKE '%550%refused on request%'";
    assert_eq!(desk.number(kept).await, 1);
    // Retrying ends some day.
    desk.mail_fault(&json!({ "fault": { "refuse": { "code": 452 } } })).await.unwrap();
    let conversation = desk.conversation("15558100009").await;
    desk.assign(conversation, ann).await;
    eventually("it was tried", SOON, async || {
        let sql = "UPDATE notifications SET created_at = now() - interval '25 hours', due_at = now()
            WHERE reason = 'not_taken' AND ended_at IS NULL";
        let client = desk.system.database.pool().get().await.map_err(|error| error.to_string())?;
        match client.execute(sql, &[]).await {
            Ok(1) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!(desk.told(conversation, ann).await.reason.as_deref(), Some("gave_up"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_gives_way_to_what_came_after_it() {
    let desk = Desk::start(&[]).await.unwrap();
    let (ann, conversation) = (desk.user("ann").await, desk.conversation("15558100005").await);
    desk.mail_fault(&json!({ "fault": { "refuse": { "code": 451 } } })).await.unwrap();
    desk.assign(conversation, ann).await;
    let until = async |sql: &str| {
        eventually(sql, SOON, async || match desk.number(sql).await {
            1 => Ok(()),
            other => Err(other),
        })
        .await;
    };
    until("SELECT count(*) FROM notifications WHERE reason = 'not_taken'").await;
    let webhook =
        faults::Webhook::new().text(desk.system.client.number(), "15558100005", "wamid.later", "Hello?");
    assert_eq!(desk.system.client.post_webhook(&webhook).await.unwrap(), 200);
    until("SELECT count(*) FROM notifications WHERE state = 'dropped' AND reason = 'superseded'").await;
    until(
        "SELECT count(*) FROM notifications WHERE state = 'waiting' AND assigned AND message_id IS NOT NULL",
    )
    .await;
    desk.system.client.sandbox_delete("/mail/faults").await.unwrap();
    desk.hurry().await;
    until("SELECT count(*) FROM notifications WHERE state = 'sent'").await;
    let emails = desk.emails("ann").await.unwrap();
    assert_eq!(emails.len(), 1, "{emails:?}");
    let text = emails[0]["text"].as_str().unwrap().replace("\r\n", "\n");
    assert!(text.contains("was assigned to you. One message is unread.\n\n> Hello?\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_taken_by_the_server_but_not_recorded_comes_again_under_the_same_message_id() {
    let mut desk = Desk::start(&[]).await.unwrap();
    let (ben, conversation) = (desk.user("ben").await, desk.conversation("15558100011").await);
    // The server has it, and its answer is on the way for long enough to die meanwhile.
    desk.mail_fault(&json!({ "times": 1, "fault": { "holdMs": 60_000 } })).await.unwrap();
    desk.assign(conversation, ben).await;
    desk.until_emails("ben", 1).await;
    desk.worker.kill().unwrap();
    desk.worker.restart().unwrap();
    assert_eq!(desk.told(conversation, ben).await, ended("sent", None, 2));
    let emails = desk.emails("ben").await.unwrap();
    assert_eq!(emails.len(), 2);
    assert_eq!(emails[0]["messageId"], emails[1]["messageId"]);
    assert!(emails[0]["messageId"].as_str().unwrap().ends_with("@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_side_by_side_tell_everybody_once() {
    let desk = Desk::start(&[("SWITCHBOARD_LEASE_SECONDS", "60")]).await.unwrap();
    let _others = [
        desk.system.start_worker("notifications").unwrap(),
        desk.system.start_worker("notifications").unwrap(),
    ];
    let ben = desk.user("ben").await;
    for place in 0..60 {
        let conversation = desk.conversation(&format!("155581010{place:02}")).await;
        desk.assign(conversation, ben).await;
    }
    desk.read(60).await;
    eventually("every email has ended", SOON, async || {
        match desk.number("SELECT count(*) FROM notifications WHERE state = 'sent' AND attempts = 1").await {
            60 => Ok(()),
            other => Err(other),
        }
    })
    .await;
    let emails = desk.emails("ben").await.unwrap();
    let ids: BTreeSet<&str> = emails.iter().filter_map(|email| email["messageId"].as_str()).collect();
    assert_eq!((emails.len(), ids.len()), (60, 60));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_events_are_read_and_emails_dropped_and_readiness_says_so() {
    let desk = Desk::start(&[("SWITCHBOARD_SMTP_URL", "")]).await.unwrap();
    let (ben, conversation) = (desk.user("ben").await, desk.conversation("15558100021").await);
    desk.assign(conversation, ben).await;
    assert_eq!(desk.told(conversation, ben).await, ended("dropped", Some("no_mail_server"), 1));
    let part = smtp(&desk.worker).await.unwrap();
    assert_eq!((&part["ok"], &part["required"]), (&json!(false), &json!(false)));
    assert!(part["detail"].as_str().unwrap().contains("SWITCHBOARD_SMTP_URL"), "{part}");
    let ready = desk.worker.internal("/readyz").await.unwrap();
    assert!(ready.contains("\"ready\":true"), "{ready}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_costs_no_email_and_is_told() {
    let mut desk = Desk::start(&[]).await.unwrap();
    let server = desk.worker.environment()["SWITCHBOARD_SMTP_URL"].clone();
    let with = |password: &str| {
        let mut environment = desk.worker.environment().clone();
        let url = server.replace("smtp://", &format!("smtp://switchboard:{password}@"));
        environment.insert("SWITCHBOARD_SMTP_URL".into(), url);
        environment
    };
    let (wrong, right) = (with("wrong"), with("right%21"));
    desk.worker.kill().unwrap();
    desk.worker.restart_with(wrong).unwrap();
    let (ben, conversation) = (desk.user("ben").await, desk.conversation("15558100031").await);
    desk.assign(conversation, ben).await;
    eventually("it says that the server does not let it in", SOON, async || {
        let part = smtp(&desk.worker).await?;
        if part["ok"] == false && part["detail"] == "the mail server answered 535" {
            Ok(())
        } else {
            Err(part.to_string())
        }
    })
    .await;
    assert!(desk.worker.terminate().unwrap());
    desk.worker.restart_with(right).unwrap();
    let told = desk.told(conversation, ben).await;
    assert_eq!((told.state.as_str(), told.reason), ("sent", None));
    assert_eq!(desk.until_emails("ben", 1).await[0]["user"], "switchboard");
}
