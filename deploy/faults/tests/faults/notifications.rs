//! Who is told what: bursts, assignments, and what is true by the time an email is sent.

use common::testing::eventually;
use faults::{Desk, Told, Webhook};
use serde_json::Value;
use uuid::Uuid;

use crate::watch::SOON;

fn sent(attempts: i32) -> Told {
    Told { state: "sent".into(), reason: None, attempts }
}

fn dropped(reason: &str) -> Told {
    Told { state: "dropped".into(), reason: Some(reason.into()), attempts: 1 }
}

/// The contact of this address writes these texts, in one webhook.
async fn write(desk: &Desk, address: &str, texts: &[&str]) {
    let number = desk.system.client.number();
    let webhook = texts.iter().fold(Webhook::new(), |webhook, text| {
        webhook.text(number, address, &format!("wamid.{}", Uuid::new_v4()), text)
    });
    assert_eq!(desk.system.client.post_webhook(&webhook).await.unwrap(), 200);
}

/// A field of an email, with its lines ended as ours are.
fn text(email: &Value, field: &str) -> String {
    email[field].as_str().unwrap_or_else(|| panic!("no {field} in {email}")).replace("\r\n", "\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_ten_messages_is_one_email() {
    let desk = Desk::start(&[("SWITCHBOARD_NOTIFICATION_DELAY_SECONDS", "2")]).await.unwrap();
    let (olu, conversation) = (desk.system.workspace.user, desk.conversation("15558000001").await);
    desk.give(conversation, olu).await;
    let texts = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "Where is my order? שלום 👋"];
    write(&desk, "15558000001", &texts).await;
    desk.read(10).await;
    assert_eq!(desk.told(conversation, olu).await, sent(1));
    let emails = desk.emails("olu").await.unwrap();
    assert_eq!(emails.len(), 1, "{emails:?}");
    let email = &emails[0];
    assert_eq!(text(email, "subject"), "10 unread messages from Ada");
    assert_eq!(text(email, "sender"), "inbox@example.com");
    let link = format!("https://app.example.com/inbox/{conversation}");
    for part in ["text", "html"] {
        let part = text(email, part);
        assert!(part.contains(&link) && part.contains("Where is my order? שלום 👋"), "{part}");
    }
    // Nobody is told of a conversation that is nobody's.
    write(&desk, "15558000002", &["Hello?"]).await;
    desk.read(12).await;
    assert_eq!(desk.number("SELECT count(*) FROM notifications").await, 1);
    let metrics = desk.worker.internal("/metrics").await.unwrap();
    assert!(metrics.contains("switchboard_notifications_total{outcome=\"coalesced\"} 9"), "{metrics}");
    assert!(metrics.contains("switchboard_notifications_total{outcome=\"sent\"} 1"), "{metrics}");
    assert!(!metrics.contains('@') && !metrics.contains("1555800"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_join_the_email_that_waits_and_those_after_it_was_begun_make_the_next() {
    let desk = Desk::start(&[]).await.unwrap();
    let (olu, conversation) = (desk.system.workspace.user, desk.conversation("15558000011").await);
    desk.give(conversation, olu).await;
    for (place, words) in ["one", "two", "three"].into_iter().enumerate() {
        write(&desk, "15558000011", &[words]).await;
        desk.read(place as i64 + 1).await;
    }
    assert_eq!(desk.number("SELECT count(*) FROM notifications").await, 1);
    desk.hurry().await;
    assert_eq!(desk.told(conversation, olu).await, sent(1));
    assert!(text(&desk.until_emails("olu", 1).await[0], "text").contains("> three\n"));
    write(&desk, "15558000011", &["four"]).await;
    desk.read(4).await;
    desk.hurry().await;
    let emails = desk.until_emails("olu", 2).await;
    assert_ne!(emails[0]["messageId"], emails[1]["messageId"]);
    assert_eq!(text(&emails[1], "subject"), "4 unread messages from Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_is_told_at_once_and_nothing_of_the_contact_becomes_markup() {
    let desk = Desk::start(&[]).await.unwrap();
    let ben = desk.user("ben").await;
    let conversation = desk.conversation("15558000021").await;
    desk.sql("UPDATE contacts SET name = E'<b>Zoë</b>\\r\\nBcc: x@example.com 🦜'").await;
    desk.sql("UPDATE conversations SET last_message_preview = '<script>alert(1)</script> & \"co\"'").await;
    desk.assign(conversation, ben).await;
    let email = desk.until_emails("ben", 1).await.remove(0);
    assert_eq!(text(&email, "subject"), "Conversation with <b>Zoë</b> Bcc: x@example.com 🦜 assigned to you");
    let html = text(&email, "html");
    assert!(html.contains("&lt;b&gt;Zoë&lt;/b&gt; Bcc: x@example.com 🦜"), "{html}");
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp;") && !html.contains("<script"),
        "{html}"
    );
    assert!(text(&email, "text").contains("> <script>alert(1)</script> & \"co\"\n"));
    assert_eq!(email["recipients"], serde_json::json!(["ben@example.com"]));
    assert_eq!(desk.told(conversation, ben).await, sent(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_true_when_an_email_is_due_decides_whether_there_is_one() {
    let desk = Desk::start(&[]).await.unwrap();
    let mut cases = Vec::new();
    let endings = [
        ("gone", "user_disabled", "UPDATE users SET disabled_at = now() WHERE id = '{user}'"),
        (
            "moved",
            "reassigned",
            "UPDATE conversations SET assignee_id = '{other}' WHERE id = '{conversation}'",
        ),
        ("freed", "reassigned", "UPDATE conversations SET assignee_id = NULL WHERE id = '{conversation}'"),
        ("calm", "read", "UPDATE conversations SET unread_count = 0 WHERE id = '{conversation}'"),
        (
            "deaf",
            "not_wanted",
            "INSERT INTO notification_preferences VALUES ('{organization}', '{user}', true, false, true)",
        ),
        (
            "mute",
            "not_wanted",
            "INSERT INTO notification_preferences VALUES ('{organization}', '{user}', true, true, false)",
        ),
        (
            "busy",
            "sent",
            "INSERT INTO notification_preferences VALUES ('{organization}', '{user}', false, true, true)",
        ),
    ];
    for (place, (name, reason, sql)) in endings.into_iter().enumerate() {
        let (address, user) = (format!("1555800003{place}"), desk.user(name).await);
        let conversation = desk.conversation(&address).await;
        desk.give(conversation, user).await;
        write(&desk, &address, &["Hello?"]).await;
        let sql = sql
            .replace("{user}", &user.0.to_string())
            .replace("{other}", &desk.system.workspace.user.0.to_string())
            .replace("{organization}", &desk.system.workspace.organization.0.to_string())
            .replace("{conversation}", &conversation.0.to_string());
        cases.push((name, reason, sql, conversation, user));
    }
    desk.read(cases.len() as i64).await;
    for (_, _, sql, ..) in &cases {
        desk.sql(sql).await;
    }
    desk.hurry().await;
    for (name, reason, _, conversation, user) in cases {
        let (expected, emails) = if reason == "sent" { (sent(1), 1) } else { (dropped(reason), 0) };
        assert_eq!(desk.told(conversation, user).await, expected, "{name}");
        assert_eq!(desk.emails(name).await.unwrap().len(), emails, "{name}");
    }
    // Nor is somebody told of an assignment who does not want to be, whatever there is to read.
    let user = desk.user("busier").await;
    desk.sql(&format!(
        "INSERT INTO notification_preferences VALUES ('{}', '{}', false, true, true)",
        desk.system.workspace.organization.0, user.0
    ))
    .await;
    let conversation = desk.conversation("15558000041").await;
    desk.assign(conversation, user).await;
    assert_eq!(desk.told(conversation, user).await, dropped("not_wanted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_moves_is_told_to_whom_it_moved() {
    let desk = Desk::start(&[]).await.unwrap();
    let (ann, ben) = (desk.user("ann").await, desk.user("ben").await);
    let conversation = desk.conversation("15558000051").await;
    // Ann's email was refused for now; before the next try the conversation is Ben's.
    desk.mail_fault(&serde_json::json!({ "recipient": "ann@example.com", "times": 1, "fault": { "refuse": { "code": 451 } } }))
        .await
        .unwrap();
    desk.assign(conversation, ann).await;
    eventually("Ann's email was tried", SOON, async || {
        match desk.number("SELECT count(*) FROM notifications WHERE reason = 'not_taken'").await {
            1 => Ok(()),
            other => Err(other),
        }
    })
    .await;
    desk.assign(conversation, ben).await;
    desk.until_emails("ben", 1).await;
    desk.sql("UPDATE notifications SET due_at = now() WHERE state = 'sending'").await;
    let told = desk.told(conversation, ann).await;
    assert_eq!((told.state.as_str(), told.reason.as_deref()), ("dropped", Some("reassigned")));
    assert!(desk.emails("ann").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_do_through_the_api_is_what_users_are_told_of() {
    let desk = Desk::start(&[]).await.unwrap();
    let (ben, client) = (desk.user("ben").await, &desk.system.client);
    write(&desk, "15558000061", &["Is anybody there?"]).await;
    let conversation = eventually("the conversation is there", SOON, async || {
        client.conversation_with("15558000061").await.map_err(|error| error.to_string())
    })
    .await;
    let path = format!("/v1/conversations/{}/assignee", conversation["id"].as_str().unwrap());
    let body = serde_json::json!({ "userId": ben });
    assert_eq!(client.api_post(&path, &body, None).await.unwrap().0, 204);
    let email = desk.until_emails("ben", 1).await.remove(0);
    assert_eq!(text(&email, "subject"), "Conversation with Ada assigned to you");
    assert!(text(&email, "text").contains("One message is unread.\n\n> Is anybody there?\n"), "{email}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_a_new_conversation_in_turn_is_told_of_it_at_once() {
    let desk = Desk::start(&[]).await.unwrap();
    let ben = desk.user("ben").await;
    let (organization, user) = (desk.system.workspace.organization.0, ben.0);
    desk.sql(&format!(
        "WITH team AS (
            INSERT INTO teams (id, organization_id, name, mode, fallback)
            VALUES (gen_random_uuid(), '{organization}', 'Support', 'roundRobin', true) RETURNING id
        )
        INSERT INTO team_members (organization_id, team_id, user_id) SELECT '{organization}', id, '{user}' FROM team"
    ))
    .await;
    write(&desk, "15558000031", &["Hello?"]).await;
    let email = desk.until_emails("ben", 1).await.remove(0);
    let subject = text(&email, "subject");
    assert!(subject.starts_with("Conversation with ") && subject.ends_with(" assigned to you"), "{subject}");
    assert_eq!(email["recipients"], serde_json::json!(["ben@example.com"]));
}
