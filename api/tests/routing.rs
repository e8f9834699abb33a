//! Where new conversations go: to the inbox's team, else the fallback; and within a team to its members in turn.

use std::collections::HashMap;

use common::domain::ids::{TeamId, UserId};
use common::testing::{Workspace, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{SOON, TestApp, Whole};
use crate::teams::{call, team};

async fn give(app: &TestApp, of: &Workspace, team: TeamId) {
    let path = format!("/inboxes/{}/team", of.inbox);
    call(app, of, "PUT", &path, Some(json!({ "teamId": team }))).await.expect(200);
}

fn start(of: &Workspace, to: &str) -> Option<Value> {
    Some(json!({
        "inboxId": of.inbox, "recipient": { "type": "channel", "externalId": to },
        "content": { "type": "template", "name": "hello", "language": "en" },
    }))
}

/// Starts conversations one after the other; whose each is.
async fn begin(app: &TestApp, of: &Workspace, numbers: std::ops::Range<u32>) -> Vec<Option<String>> {
    let mut owners = Vec::new();
    for n in numbers {
        let message =
            call(app, of, "POST", "/messages", start(of, &format!("1555000{n:04}"))).await.expect(202);
        let path = format!("/conversations/{}", message["conversationId"].as_str().unwrap());
        let shown = call(app, of, "GET", &path, None).await.expect(200);
        owners.push(shown["assignee"]["userId"].as_str().map(str::to_owned));
    }
    owners
}

fn names(users: &[&UserId]) -> Vec<Option<String>> {
    users.iter().map(|user| Some(user.to_string())).collect()
}

/// How often each user has a conversation.
async fn shares(app: &TestApp, of: &Workspace) -> HashMap<String, i64> {
    let sql = "SELECT assignee_id, count(*) FROM conversations
        WHERE organization_id = $1 AND assignee_id IS NOT NULL GROUP BY 1";
    let rows = app.pool().get().await.unwrap().query(sql, &[&of.organization.0]).await.unwrap();
    rows.iter().map(|row| (UserId(row.get(0)).to_string(), row.get(1))).collect()
}

#[tokio::test]
async fn a_team_takes_turns_among_those_who_are_available() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let (id, users) = team(&app, &of, "roundRobin", 3).await;
    give(&app, &of, id).await;
    let [a, b, c] = [&users[0], &users[1], &users[2]];
    assert_eq!(begin(&app, &of, 0..4).await, names(&[a, b, c, a]));
    let available = |user: &UserId, is: bool| {
        let path = format!("/users/{user}");
        let (app, of) = (&app, &of);
        async move { call(app, of, "PATCH", &path, Some(json!({ "available": is }))).await.expect(200) }
    };
    available(b, false).await;
    assert_eq!(begin(&app, &of, 4..6).await, names(&[c, a]));
    available(b, true).await;
    assert_eq!(begin(&app, &of, 6..7).await, names(&[b]));
    // Who is disabled or leaves the team is passed over.
    assert_eq!(call(&app, &of, "DELETE", &format!("/users/{c}"), None).await.status, 204);
    assert_eq!(begin(&app, &of, 7..8).await, names(&[a]));
    assert_eq!(call(&app, &of, "DELETE", &format!("/teams/{id}/members/{b}"), None).await.status, 204);
    assert_eq!(begin(&app, &of, 8..9).await, names(&[a]));
    available(a, false).await;
    assert_eq!(begin(&app, &of, 9..10).await, [None]);
    call(&app, &of, "PATCH", &format!("/teams/{id}"), Some(json!({ "mode": "manual" }))).await.expect(200);
    available(a, true).await;
    assert_eq!(begin(&app, &of, 10..11).await, [None]);
}

#[tokio::test]
async fn a_conversation_that_is_there_keeps_whoever_has_it() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let (id, users) = team(&app, &of, "roundRobin", 2).await;
    give(&app, &of, id).await;
    let first = begin(&app, &of, 0..1).await;
    assert_eq!(begin(&app, &of, 0..1).await, first);
    assert_eq!(begin(&app, &of, 1..2).await, names(&[&users[1]]));
}

#[tokio::test]
async fn an_assignment_in_turn_is_told_like_any_other() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let (id, users) = team(&app, &of, "roundRobin", 1).await;
    give(&app, &of, id).await;
    begin(&app, &of, 0..1).await;
    let sql = "SELECT type, payload::text FROM events ORDER BY position";
    let rows = app.pool().get().await.unwrap().query(sql, &[]).await.unwrap();
    let kinds: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(kinds, ["conversation.created", "message.created", "conversation.assigned"]);
    let told: Value = serde_json::from_str(rows[2].get(1)).unwrap();
    let assignee = json!({ "userId": users[0], "name": "Member 0" });
    assert_eq!(told["conversation"]["assignee"], assignee);
    assert_eq!(told["previousAssigneeId"], Value::Null);
    assert_eq!(told["by"], json!({ "type": "team", "id": id }));
}

#[tokio::test]
async fn of_fifty_conversations_that_begin_at_once_nobody_is_skipped_and_nobody_comes_twice() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let (id, users) = team(&app, &of, "roundRobin", 5).await;
    give(&app, &of, id).await;
    let calls = (0..50).map(|n| {
        let (app, of) = (&app, &of);
        async move { call(app, of, "POST", "/messages", start(of, &format!("1555000{n:04}"))).await.status }
    });
    assert_eq!(join_all(calls).await, [202; 50]);
    let shares = shares(&app, &of).await;
    assert_eq!(users.iter().map(|user| shares[&user.to_string()]).collect::<Vec<_>>(), [10; 5]);
    // And the next one goes on where they left off.
    assert_eq!(begin(&app, &of, 50..51).await, names(&[&users[0]]));
}

#[tokio::test]
async fn contacts_who_write_and_clients_who_start_share_the_turns() {
    let whole = Whole::start().await;
    let (app, of) = (&whole.app, &whole.workspace);
    let (id, users) = team(app, of, "roundRobin", 4).await;
    let fallback = json!({ "fallback": true });
    call(app, of, "PATCH", &format!("/teams/{id}"), Some(fallback)).await.expect(200);
    let numbers: Vec<String> = (0..20).map(|n| format!("1555000{n:04}")).collect();
    let writes = numbers.iter().map(|number| whole.contact_writes(number, "Hello"));
    let starts = (20..40).map(|n| async move {
        call(app, of, "POST", "/messages", start(of, &format!("1555000{n:04}"))).await.expect(202);
    });
    tokio::join!(join_all(writes), join_all(starts));
    let shares = eventually("all have begun", SOON, async || {
        let shares = shares(app, of).await;
        if shares.values().sum::<i64>() == 40 { Ok(shares) } else { Err(shares) }
    })
    .await;
    assert_eq!(users.iter().map(|user| shares[&user.to_string()]).collect::<Vec<_>>(), [10; 4]);
    let listed = whole.get(&format!("/v1/conversations?assigneeId={}", users[0])).await;
    let listed = listed["conversations"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 10);
    assert!(listed.iter().all(|it| it["teamId"] == json!(id)), "{listed:?}");
    let events = "SELECT count(*) FROM events WHERE type = 'conversation.assigned'";
    assert_eq!(app.count(events).await, 40);
}
