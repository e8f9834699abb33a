//! What is learned of an inbox by workers that race.

use common::channels::{Action, ChannelError};
use common::db::pipeline::health::InboxStanding;
use common::testing::{TestDatabase, Workspace, workspace};
use deadpool_postgres::Pool;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{note, standing};

async fn ready() -> (TestDatabase, Workspace) {
    let database = TestDatabase::create().await;
    let workspace = workspace(database.pool(), "http://127.0.0.1:1").await;
    (database, workspace)
}

/// Eight workers learn the same at once.
async fn all(pool: &Pool, learn: impl Fn() -> InboxStanding) {
    let noted = join_all((0..8).map(|_| note(pool, learn()))).await;
    noted.into_iter().for_each(|noted| noted.unwrap());
}

/// Each change that was told: before and after.
async fn told(pool: &Pool) -> Vec<(Value, Value)> {
    let sql = "SELECT payload::jsonb FROM events WHERE type = 'inbox.status_changed' ORDER BY position";
    let rows = pool.get().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| row.get::<_, Value>(0))
        .map(|told| (told["previousStatus"].clone(), told["inbox"]["status"].clone()))
        .collect()
}

fn status(state: &str, reasons: &[&str]) -> Value {
    json!({ "state": state, "reasons": reasons })
}

fn refusal(action: Action, code: &'static str) -> ChannelError {
    ChannelError::new(action, code, "refused")
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_race_tell_each_change_once() {
    let (database, workspace) = ready().await;
    let (pool, inbox) = (database.pool(), workspace.inbox.0);
    let expired = refusal(Action::Auth, "token_expired");
    let unpaid = refusal(Action::Account, "payment_issue");
    all(pool, || InboxStanding::closed(inbox, &expired)).await;
    all(pool, || InboxStanding::closed(inbox, &expired)).await;
    all(pool, || InboxStanding::closed(inbox, &unpaid)).await;
    // What a check finds while the gate is closed shows once that is open.
    all(pool, || InboxStanding::checked(inbox, &["quality_low"])).await;
    all(pool, || InboxStanding::open(inbox)).await;
    all(pool, || InboxStanding::checked(inbox, &["quality_low"])).await;
    all(pool, || InboxStanding::checked(inbox, &["quality_low", "rate_limited"])).await;
    all(pool, || InboxStanding::checked(inbox, &[])).await;
    let steps = [
        status("active", &[]),
        status("disconnected", &["token_expired"]),
        status("degraded", &["payment_issue"]),
        status("degraded", &["quality_low"]),
        status("degraded", &["quality_low", "rate_limited"]),
        status("active", &[]),
    ];
    let changes: Vec<_> = steps.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    assert_eq!(told(pool).await, changes);
}

#[tokio::test]
async fn a_gate_that_tries_and_closes_again_tells_nothing_new_and_waits_longer() {
    let (database, workspace) = ready().await;
    let (pool, inbox) = (database.pool(), workspace.inbox.0);
    let expired = refusal(Action::Auth, "token_expired");
    let failures = async || -> i32 {
        let client = pool.get().await.unwrap();
        client.query_one("SELECT gate_failures FROM inboxes", &[]).await.unwrap().get(0)
    };
    note(pool, InboxStanding::closed(inbox, &expired)).await.unwrap();
    assert_eq!(failures().await, 1);
    // Others that were under way when it closed are no further failures.
    note(pool, InboxStanding::closed(inbox, &expired)).await.unwrap();
    assert_eq!(failures().await, 1);
    let half = "UPDATE inboxes SET gate = 'half_open'";
    pool.get().await.unwrap().execute(half, &[]).await.unwrap();
    note(pool, InboxStanding::closed(inbox, &expired)).await.unwrap();
    assert_eq!((failures().await, told(pool).await.len()), (2, 1));
    note(pool, InboxStanding::open(inbox)).await.unwrap();
    assert_eq!((failures().await, told(pool).await.len()), (0, 2));
}

#[tokio::test]
async fn an_answer_that_says_nothing_of_the_inbox_changes_nothing() {
    let (database, workspace) = ready().await;
    let (pool, inbox) = (database.pool(), workspace.inbox.0);
    let learn = async |answer, throttled| match standing(inbox, answer, throttled) {
        Ok(standing) => note(pool, standing).await.map(|()| true).unwrap(),
        Err(_) => false,
    };
    assert!(!learn(Err(refusal(Action::Transient, "provider_error")), false).await);
    assert!(!learn(Err(refusal(Action::Content, "invalid_parameter")), true).await);
    assert!(learn(Ok(vec![]), false).await);
    assert!(told(pool).await.is_empty());
    assert!(learn(Ok(vec!["rate_limited"]), true).await);
    assert!(learn(Err(refusal(Action::Account, "number_restricted")), false).await);
    let states: Vec<_> = told(pool).await.into_iter().map(|(_, now)| now).collect();
    assert_eq!(states, [status("degraded", &["rate_limited"]), status("degraded", &["number_restricted"])]);
    // A deleted inbox has no status any more.
    pool.get().await.unwrap().execute("UPDATE inboxes SET deleted_at = now()", &[]).await.unwrap();
    assert!(learn(Ok(vec![]), false).await);
    assert_eq!(told(pool).await.len(), 2);
}
