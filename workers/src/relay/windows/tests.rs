//! Windows that close, told by processes that race and die.

use common::db::closing_windows::{DUE, tell};
use common::testing::{TestDatabase, Workspace, workspace};
use deadpool_postgres::Pool;
use futures_util::future::join_all;
use serde_json::Value;

async fn ready() -> (TestDatabase, Workspace) {
    let database = TestDatabase::create().await;
    let workspace = workspace(database.pool(), "http://127.0.0.1:1").await;
    (database, workspace)
}

async fn execute(pool: &Pool, sql: &str) {
    pool.get().await.unwrap().batch_execute(sql).await.unwrap();
}

async fn told(pool: &Pool) -> Vec<Value> {
    let sql =
        "SELECT payload::jsonb FROM events WHERE type = 'conversation.window_closing' ORDER BY position";
    let rows = pool.get().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Tells in steps of two until nothing is left.
async fn tell_all(pool: &Pool) -> usize {
    let mut found = 0;
    loop {
        match tell(pool, 2).await.unwrap() {
            0 => return found,
            some => found += some,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_window_is_told_once_however_many_look_and_again_when_another_closes() {
    let (database, workspace) = ready().await;
    let pool = database.pool();
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(workspace.conversation(pool, &format!("1555000000{n}")).await);
    }
    execute(pool, "UPDATE conversations SET window_expires_at = now() + interval '50 minutes'").await;
    join_all((0..4).map(|_| tell_all(pool))).await;
    let events = told(pool).await;
    assert_eq!(events.len(), 6, "{events:?}");
    let conversation = &events[0]["conversation"];
    assert!(ids.iter().any(|id| conversation["id"] == id.to_string()), "{conversation}");
    assert_eq!((&conversation["contact"]["name"], &conversation["assignee"]), (&"Ada".into(), &Value::Null));
    assert_eq!(conversation["messagingWindow"]["state"], "OPEN");
    assert!(conversation["messagingWindow"]["expiresAt"].as_str().unwrap().ends_with('Z'));
    // The contact of one has written again: that window is another, which closes later.
    let first = format!("WHERE id = '{}'", ids[0].0);
    execute(
        pool,
        &format!("UPDATE conversations SET window_expires_at = now() + interval '24 hours' {first}"),
    )
    .await;
    assert_eq!(tell_all(pool).await, 0);
    execute(
        pool,
        &format!("UPDATE conversations SET window_expires_at = now() + interval '59 minutes' {first}"),
    )
    .await;
    assert_eq!((tell_all(pool).await, told(pool).await.len()), (1, 7));
}

#[tokio::test]
async fn what_is_open_for_long_closed_or_gone_is_not_told() {
    let (database, workspace) = ready().await;
    let pool = database.pool();
    let set = |window: &str, which: uuid::Uuid| {
        format!("UPDATE conversations SET window_expires_at = {window} WHERE id = '{which}'")
    };
    for (address, window) in [
        ("15550000001", "now() + interval '61 minutes'"),
        ("15550000002", "now() - interval '1 second'"),
        ("15550000003", "NULL"),
    ] {
        let id = workspace.conversation(pool, address).await;
        execute(pool, &set(window, id.0)).await;
    }
    assert_eq!(tell_all(pool).await, 0);
    let erased = workspace.conversation(pool, "15550000004").await;
    execute(pool, &set("now() + interval '5 minutes'", erased.0)).await;
    execute(pool, &format!("UPDATE conversations SET state = 'erased' WHERE id = '{}'", erased.0)).await;
    assert_eq!((tell_all(pool).await, told(pool).await.len()), (1, 0));
    assert_eq!(tell_all(pool).await, 0);
}

#[tokio::test]
async fn they_are_found_in_an_index_that_holds_no_told_one() {
    let (database, workspace) = ready().await;
    let (pool, organization, inbox) = (database.pool(), workspace.organization.0, workspace.inbox.0);
    let sql = format!(
        "WITH c AS (INSERT INTO contacts (id, organization_id) VALUES (gen_random_uuid(), '{organization}') RETURNING id)
        INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, window_expires_at, window_told)
        SELECT '{organization}', gen_random_uuid(), '{inbox}', c.id, 'whatsapp', n::text, now() + interval '30 minutes',
            CASE WHEN n > 50 THEN now() + interval '30 minutes' END FROM c, generate_series(1, 20000) n;
        ANALYZE conversations"
    );
    execute(pool, &sql).await;
    let client = pool.get().await.unwrap();
    let plan =
        client.query(&format!("EXPLAIN (ANALYZE, FORMAT TEXT) {DUE}"), &[&3_600.0, &300_i64]).await.unwrap();
    let plan: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("conversations_window_idx") && plan.contains("rows=50 "), "{plan}");
    assert!(!plan.contains("Removed by Filter"), "{plan}");
}
