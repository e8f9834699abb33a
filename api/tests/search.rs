//! Search: what it finds, how it combines, and that its index misses nothing that commits late or is taken up twice.

use std::time::Duration;

use common::db::message_search::{self, Followed, Portion};
use common::db::pipeline::events;
use common::domain::ids::{ConversationId, MessageId};
use common::testing::Workspace;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::support::{TestApp, Whole};

const ALL: Portion = Portion { organizations: 100, events: 1_000 };

/// What the relay does: numbers the events, and takes them up.
async fn index(app: &TestApp) {
    events::number(app.pool(), 0, &[], 10_000).await.unwrap();
    while message_search::follow(app.pool(), Uuid::nil(), ALL).await.unwrap().more {}
}

async fn ready() -> (TestApp, Workspace) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    (app, workspace)
}

async fn conversation(
    app: &TestApp,
    of: &Workspace,
    address: &str,
    name: &str,
    texts: &[&str],
) -> ConversationId {
    let id = of.conversation(app.pool(), address).await;
    app.execute(&format!(
        "UPDATE contacts SET name = '{name}' WHERE id = (SELECT contact_id FROM conversations WHERE id = '{}')",
        id.0
    ))
    .await;
    for text in texts {
        let body = json!({ "conversationId": id, "content": { "type": "text", "text": text } });
        app.post("/v1/conversations/reply").key(&of.token).json(&body).send().await.expect(202);
    }
    id
}

async fn found(app: &TestApp, of: &Workspace, query: &str) -> Vec<String> {
    let page = app.get(&format!("/v1/conversations?{query}")).key(&of.token).send().await.expect(200);
    assert!(page["nextPageToken"].is_null());
    let list = page["conversations"].as_array().unwrap();
    list.iter().map(|conversation| conversation["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn conversations_are_found_by_name_address_and_text_newest_first() {
    let (app, of) = ready().await;
    let ada =
        conversation(&app, &of, "15550001111", "Ada Lovelace", &["The invoice is paid", "Thanks!"]).await;
    let ben = conversation(&app, &of, "15550002222", "Ben", &["Your INVOICE, please: no. 4711"]).await;
    let zoe = conversation(&app, &of, "US.13491208655302741918", "Zoë Ångström", &["Grüße aus Köln"]).await;
    index(&app).await;
    let (ada, ben, zoe) = (ada.to_string(), ben.to_string(), zoe.to_string());
    let none = Vec::<String>::new();
    for (term, expected) in [
        ("invoice", vec![&ben, &ada]),
        ("INV", vec![&ben, &ada]),
        ("invoice%20paid", vec![&ada]),
        ("paid%20invo", vec![&ada]),
        ("4711", vec![&ben]),
        ("gr%C3%BC%C3%9Fe", vec![&zoe]),
        ("love", vec![&ada]),
        ("lace", vec![&ada]),
        ("lovelace%20ada", vec![&ada]),
        ("be", vec![&ben]),
        ("ngstr", vec![&zoe]),
        ("%2B1%20(555)%20000-2222", vec![&ben]),
        ("0001111", vec![&ada]),
        ("us.1349", vec![&zoe]),
        ("voice", vec![]),
        // Words of two messages, or of a name and a message, are not found together.
        ("invoice%20thanks", vec![]),
        ("ben%20please", vec![]),
        ("%25", vec![]),
        ("'%20%26%20!", vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(found(&app, &of, &format!("search={term}")).await, expected, "{term}");
    }
    assert_eq!(
        found(&app, &of, "search=invoice&orderBy=%2BlastMessageDate").await,
        [ada.clone(), ben.clone()]
    );
    assert_eq!(found(&app, &of, "search=invoice&pageSize=1").await, [ben.as_str()]);
    app.execute("UPDATE conversations SET unread_count = 1 WHERE address = '15550001111'").await;
    assert_eq!(found(&app, &of, "search=invoice&unreadOnly=true").await, [ada.as_str()]);
    assert_eq!(
        found(&app, &of, &format!("search=invoice&inboxId={}", of.inbox)).await,
        [ben.clone(), ada.clone()]
    );
    assert_eq!(found(&app, &of, "search=invoice&channelIds=rcs").await, none);
    assert_eq!(found(&app, &of, "search=invoice&archived=true").await, none);
    assert_eq!(found(&app, &of, "search=invoice&dateFrom=2100-01-01").await, none);
    assert_eq!(found(&app, &of, "search=invoice&unassigned=true").await, [ben, ada]);
}

#[tokio::test]
async fn a_search_that_cannot_be_read_is_refused() {
    let (app, of) = ready().await;
    let call = async |query: &str| app.get(&format!("/v1/conversations?{query}")).key(&of.token).send().await;
    for bad in ["", "%20%20", &"x".repeat(201)] {
        assert_eq!(
            call(&format!("search={bad}")).await.fields(400, "invalid_parameter"),
            ["search"],
            "{bad}"
        );
    }
    assert_eq!(call(&format!("search={}", "%F0%9F%91%8D".repeat(200))).await.status, 200);
    conversation(&app, &of, "15550000001", "Ada", &[]).await;
    conversation(&app, &of, "15550000002", "Ada", &[]).await;
    let page = call("pageSize=1").await.expect(200);
    let paged = format!("search=ada&pageToken={}", page["nextPageToken"].as_str().unwrap());
    assert_eq!(call(&paged).await.fields(400, "invalid_parameter"), ["pageToken"]);
}

#[tokio::test]
async fn another_organization_finds_nothing_of_it() {
    let (app, ours) = ready().await;
    let theirs = app.workspace().await;
    conversation(&app, &theirs, "15550009999", "Secretive", &["confidential"]).await;
    index(&app).await;
    for term in ["secretive", "0009999", "confidential"] {
        assert_eq!(found(&app, &theirs, &format!("search={term}")).await.len(), 1, "{term}");
        assert_eq!(found(&app, &ours, &format!("search={term}")).await.len(), 0, "{term}");
    }
}

#[tokio::test]
async fn what_is_too_common_is_still_found_in_the_newest_conversations() {
    let (app, of) = ready().await;
    // More than an index gives: 6,000 contacts with the same name.
    app.execute(&format!(
        "INSERT INTO contacts (id, organization_id, name)
        SELECT ('0{0}-' || lpad(to_hex(n), 12, '0'))::uuid, '{1}', 'Common ' || n FROM generate_series(1, 6000) n;
        INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, last_message_at)
        SELECT organization_id, id, '{2}', id, 'whatsapp', right(id::text, 12), now() + right(id::text, 4)::int * interval '1 ms'
        FROM contacts WHERE name LIKE 'Common %' AND right(id::text, 4) ~ '^[0-9]+$'",
        "190a000-0000-7000-8000", of.organization.0, of.inbox.0
    ))
    .await;
    let total = app.count("SELECT count(*) FROM conversations").await;
    app.execute(&format!(
        "INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address)
        SELECT k.organization_id, gen_random_uuid(), '{}', k.id, 'whatsapp', 'x' || k.id
        FROM contacts k CROSS JOIN generate_series(1, 2)",
        of.inbox.0
    ))
    .await;
    let newest = app.get("/v1/conversations?pageSize=50").key(&of.token).send().await.expect(200);
    let newest: Vec<&str> =
        newest["conversations"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(total > 1_000);
    assert_eq!(found(&app, &of, "search=common").await, newest);
}

#[tokio::test]
async fn an_edited_message_is_found_by_its_new_words_and_an_erased_one_no_more() {
    let (app, of) = ready().await;
    let id = conversation(&app, &of, "15550001111", "Ada", &["before", "untouched"]).await;
    index(&app).await;
    let update = "INSERT INTO events (id, organization_id, type, conversation_id, message_id, payload)
        SELECT gen_random_uuid(), organization_id, 'message.updated', conversation_id, id, '{}' FROM messages
        WHERE content->>'text' = ";
    app.execute(&format!(
        "{update} 'before'; UPDATE messages SET content = '{{\"type\":\"text\",\"text\":\"after\"}}' WHERE content->>'text' = 'before'"
    ))
    .await;
    index(&app).await;
    assert_eq!(found(&app, &of, "search=before").await.len(), 0);
    assert_eq!(found(&app, &of, "search=after").await.len(), 1);
    app.execute(&format!(
        "{update} 'after'; UPDATE messages SET content = '{{\"type\":\"unsupported\",\"raw\":{{}}}}' WHERE content->>'text' = 'after'"
    ))
    .await;
    index(&app).await;
    assert_eq!(found(&app, &of, "search=after").await.len(), 0);
    let mut client = app.pool().get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    message_search::forget(&tx, &[id]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found(&app, &of, "search=untouched").await.len(), 0);
}

/// Writes a message and its event as the acceptor does, in a transaction that is left open for a while or rolled back.
async fn write(app: &TestApp, of: &Workspace, id: ConversationId, word: &str, stay: Duration, commit: bool) {
    let mut client = app.pool().get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    let message = MessageId::new();
    let insert = "INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type,
            sender_id, at, trace_id)
        VALUES ($1, $2, $3, 'inbound', 'delivered', jsonb_build_object('type', 'text', 'text', $4::text), 'contact', $3,
            now(), $3)";
    tx.execute(insert, &[&message.0, &of.organization.0, &id.0, &word]).await.unwrap();
    let event = "INSERT INTO events (id, organization_id, type, conversation_id, message_id, payload)
        VALUES (gen_random_uuid(), $1, 'message.received', $2, $3, '{}')";
    tx.execute(event, &[&of.organization.0, &id.0, &message.0]).await.unwrap();
    tokio::time::sleep(stay).await;
    if commit { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
}

#[tokio::test]
async fn nothing_is_missed_when_events_commit_late_and_two_relays_follow_them() {
    let (app, of) = ready().await;
    let second = app.workspace().await;
    let ids = [
        (&of, of.conversation(app.pool(), "15550000001").await),
        (&of, of.conversation(app.pool(), "15550000002").await),
        (&second, second.conversation(app.pool(), "15550000003").await),
    ];
    let writers = join_all(ids.iter().enumerate().map(async |(writer, (of, id))| {
        for number in 0_u64..30 {
            let stay = Duration::from_millis(number * 7 % 11);
            write(&app, of, *id, &format!("w{writer}n{number}x"), stay, number % 6 != 5).await;
        }
    }));
    let numbering = async {
        loop {
            events::number(app.pool(), 0, &[], 5).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let follow = async || {
        let (mut after, small) = (Uuid::nil(), Portion { organizations: 1, events: 3 });
        loop {
            let Followed { last, .. } = message_search::follow(app.pool(), after, small).await.unwrap();
            after = last.unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = writers => (),
        () = async { tokio::join!(numbering, follow(), follow()); } => unreachable!("they go on for ever"),
    }
    index(&app).await;
    for (writer, (of, id)) in ids.iter().enumerate() {
        for number in 0..30 {
            let expected = if number % 6 == 5 { vec![] } else { vec![id.to_string()] };
            assert_eq!(found(&app, of, &format!("search=w{writer}n{number}x")).await, expected);
        }
    }
    let missing = "SELECT count(*) FROM messages m
        WHERE NOT EXISTS (SELECT 1 FROM message_search s WHERE s.message_id = m.id)";
    assert_eq!(app.count(missing).await, 0);
}

#[tokio::test]
async fn what_was_read_and_not_written_when_a_relay_dies_is_taken_up_again() {
    let (app, of) = ready().await;
    conversation(&app, &of, "15550001111", "Ada", &["survivor"]).await;
    events::number(app.pool(), 0, &[], 100).await.unwrap();
    // It dies at any of its awaits, with the transaction open.
    let mut steps = 0;
    for most in 1..400 {
        let following = message_search::follow(app.pool(), Uuid::nil(), ALL);
        steps += 1;
        if tokio::time::timeout(Duration::from_micros(most * 200), following).await.is_ok() {
            break;
        }
    }
    index(&app).await;
    assert!(steps > 1, "it was never interrupted");
    assert_eq!(found(&app, &of, "search=survivor").await.len(), 1);
}

#[tokio::test]
async fn a_message_is_found_within_five_seconds_of_being_written() {
    let whole = Whole::start().await;
    whole.conversation("15550003001", "Where is my lighthouse?").await;
    let written = std::time::Instant::now();
    whole.listed("search=lighthouse", "15550003001", "Where is my lighthouse?").await;
    assert!(written.elapsed() < Duration::from_secs(5), "{:?}", written.elapsed());
}
