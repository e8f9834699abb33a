//! Followers that race over event logs longer than what is read at once.

use std::time::Duration;

use common::db::notification_cursors::follow;
use common::testing::{TestDatabase, Workspace, workspace};
use deadpool_postgres::Pool;
use futures_util::future::join_all;
use uuid::Uuid;

/// In each organization: of three events two are messages, each in a conversation of its own.
const EVENTS: i64 = 1_800;

/// Writes numbered events, and conversations that belong to the workspace's user.
async fn fill(pool: &Pool, of: &Workspace) {
    let sql = "WITH contact AS (
            INSERT INTO contacts (id, organization_id, name) VALUES (gen_random_uuid(), $1, 'Ada') RETURNING id
        ), conversation AS (
            INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, assignee_id, unread_count)
            SELECT $1, gen_random_uuid(), $2, contact.id, 'whatsapp', '1555' || n, $3, 1
            FROM contact, generate_series(1, $4::bigint) AS n RETURNING id
        ), numbered AS (
            SELECT id, row_number() OVER () AS seq FROM conversation
        ), sequence AS (
            INSERT INTO event_sequences (organization_id, last_seq) VALUES ($1, $4)
        )
        INSERT INTO events (id, organization_id, seq, type, conversation_id, message_id, payload)
        SELECT gen_random_uuid(), $1, seq, CASE seq % 3 WHEN 0 THEN 'message.sent' ELSE 'message.received' END, id,
            gen_random_uuid(), '{}' FROM numbered";
    let client = pool.get().await.unwrap();
    client.execute(sql, &[&of.organization.0, &of.inbox.0, &of.user.0, &EVENTS]).await.unwrap();
}

async fn number(pool: &Pool, sql: &str) -> i64 {
    pool.get().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

/// Follows until every log is read; how many events joined an email that was there already.
async fn follow_to_the_end(pool: &Pool) -> u64 {
    let behind =
        "SELECT count(*) FROM event_sequences s LEFT JOIN notification_cursors c USING (organization_id)
        WHERE s.last_seq > coalesce(c.seq, 0)";
    let (mut after, mut coalesced) = (Uuid::nil(), 0);
    loop {
        let followed = follow(pool, after, Duration::ZERO).await.unwrap();
        (after, coalesced) = (followed.after, coalesced + followed.coalesced);
        if !followed.more && number(pool, behind).await == 0 {
            return coalesced;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_that_race_note_every_event_once() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    for _ in 0..3 {
        fill(pool, &workspace(pool, "http://127.0.0.1:1").await).await;
    }
    let coalesced: u64 = join_all((0..4).map(|_| follow_to_the_end(pool))).await.into_iter().sum();
    // An event that was read twice would have joined its own email.
    assert_eq!(coalesced, 0);
    assert_eq!(number(pool, "SELECT count(*) FROM notifications").await, 3 * EVENTS / 3 * 2);
    assert_eq!(
        number(pool, "SELECT count(DISTINCT conversation_id) FROM notifications").await,
        3 * EVENTS / 3 * 2
    );
    assert_eq!(number(pool, "SELECT sum(seq)::bigint FROM notification_cursors").await, 3 * EVENTS);
}

#[tokio::test]
async fn of_one_batch_the_last_assignment_counts_and_messages_join_it() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let workspace = workspace(pool, "http://127.0.0.1:1").await;
    let conversation = workspace.conversation(pool, "15550000001").await;
    let client = pool.get().await.unwrap();
    let (organization, user) = (workspace.organization.0, workspace.user);
    let update = "UPDATE conversations SET assignee_id = $2 WHERE id = $1";
    client.execute(update, &[&conversation.0, &user.0]).await.unwrap();
    let sql = "INSERT INTO events (id, organization_id, seq, type, conversation_id, message_id, payload)
        VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6)";
    let assigned = |to: Option<String>| {
        let assignee = to.map(|id| serde_json::json!({ "userId": id, "name": "x" }));
        serde_json::json!({ "conversation": { "assignee": assignee } })
    };
    let other = common::domain::ids::UserId::new();
    let events = [
        ("message.received", Some(Uuid::from_u128(1)), serde_json::json!({})),
        ("conversation.assigned", None, assigned(Some(other.to_string()))),
        ("conversation.assigned", None, assigned(None)),
        ("message.received", Some(Uuid::from_u128(2)), serde_json::json!({})),
        ("conversation.assigned", None, assigned(Some(user.0.to_string()))),
    ];
    for (place, (kind, message, payload)) in events.into_iter().enumerate() {
        let seq = place as i64 + 1;
        client
            .execute(sql, &[&organization, &seq, &kind, &conversation.0, &message, &payload])
            .await
            .unwrap();
    }
    client.execute("INSERT INTO event_sequences VALUES ($1, 5)", &[&organization]).await.unwrap();
    let followed = follow(pool, Uuid::nil(), Duration::from_secs(60)).await.unwrap();
    assert_eq!((followed.after, followed.coalesced), (organization, 2));
    let sql = "SELECT count(*) FROM notifications WHERE assigned AND due_at <= now() AND user_id = (SELECT id FROM users)
        AND message_id = '00000000-0000-0000-0000-000000000002'";
    assert_eq!(number(pool, sql).await, 1);
    assert_eq!(number(pool, "SELECT count(*) FROM notifications").await, 1);
}

#[tokio::test]
async fn only_what_people_would_read_is_told_by_email() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let workspace = workspace(pool, "http://127.0.0.1:1").await;
    let client = pool.get().await.unwrap();
    let organization = workspace.organization.0;
    let contents = [
        ("reaction", serde_json::json!({ "type": "reaction", "emoji": "👍" })),
        ("system", serde_json::json!({ "type": "system", "text": "Ada changed from 1 to 2" })),
        ("text", serde_json::json!({ "type": "text", "text": "Hello?" })),
        ("unsupported", serde_json::json!({ "type": "unsupported", "raw": {} })),
    ];
    let sql = "INSERT INTO events (id, organization_id, seq, type, conversation_id, message_id, payload)
        VALUES (gen_random_uuid(), $1, $2, 'message.received', $3, gen_random_uuid(), $4)";
    let mut seq = 0;
    for (kind, content) in contents {
        let conversation = workspace.conversation(pool, &format!("1555000000{seq}")).await;
        let named = "UPDATE conversations SET assignee_id = $2, last_message_preview = $3 WHERE id = $1";
        client.execute(named, &[&conversation.0, &workspace.user.0, &kind]).await.unwrap();
        seq += 1;
        let payload = serde_json::json!({ "message": { "content": content } });
        client.execute(sql, &[&organization, &seq, &conversation.0, &payload]).await.unwrap();
    }
    client.execute("INSERT INTO event_sequences VALUES ($1, $2)", &[&organization, &seq]).await.unwrap();
    let followed = follow(pool, Uuid::nil(), Duration::from_secs(60)).await.unwrap();
    assert_eq!((followed.after, followed.coalesced), (organization, 0));
    let told = "SELECT string_agg(last_message_preview, ' ' ORDER BY last_message_preview) FROM conversations
        WHERE id IN (SELECT conversation_id FROM notifications)";
    assert_eq!(client.query_one(told, &[]).await.unwrap().get::<_, &str>(0), "text unsupported");
    assert_eq!(number(pool, "SELECT seq FROM notification_cursors").await, seq);
}
