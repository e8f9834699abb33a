//! A client that follows a conversation by `idFrom` while many write to it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::TestApp;

const WRITERS: usize = 50;

async fn follow_for(time: Duration) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let id = workspace.conversation(app.pool(), "15550000001").await;
    // More than the line of a conversation holds: what has been accepted is taken off it, as a worker would.
    let deadline = Instant::now() + time;
    let writers = join_all((0..WRITERS).map(async |writer| {
        let mut written = Vec::new();
        while Instant::now() < deadline {
            let text = format!("{writer}.{}", written.len());
            let body = json!({ "conversationId": id, "content": { "type": "text", "text": text } });
            let answer = app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await;
            if answer.status == 503 {
                let empty = "UPDATE messages SET lane_position = NULL WHERE lane_position IS NOT NULL;
                    UPDATE lanes SET state = 'idle', queued = 0, due_at = NULL, ready_at = NULL";
                app.execute(&format!("BEGIN; SELECT 1 FROM lanes FOR UPDATE; {empty}; COMMIT")).await;
                continue;
            }
            written.push(answer.expect(202)["id"].as_str().unwrap().to_owned());
        }
        written
    }));
    let reader = async {
        let (mut seen, mut quiet) = (Vec::<String>::new(), 0);
        // Once nobody writes any more, two empty looks are enough.
        while quiet < 2 {
            let over = Instant::now() > deadline + Duration::from_secs(2);
            let from = seen.last().map(|last| format!("&idFrom={last}")).unwrap_or_default();
            let path = format!("/v1/conversations/{id}/messages?limit=100{from}");
            let page = app.get(&path).key(&workspace.token).send().await.expect(200);
            let ids: Vec<String> = page["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| message["id"].as_str().unwrap().to_owned())
                .collect();
            let fresh: Vec<String> = ids.iter().filter(|id| Some(*id) != seen.last()).cloned().collect();
            quiet = if over && fresh.is_empty() { quiet + 1 } else { 0 };
            seen.extend(fresh);
        }
        seen
    };
    let (written, seen) = tokio::join!(writers, reader);
    let written: HashSet<String> = written.into_iter().flatten().collect();
    assert!(written.len() > 500, "only {} were written", written.len());
    assert!(seen.is_sorted_by(|before, after| before < after), "ids rise strictly as they are seen");
    assert_eq!(seen.len(), written.len(), "none twice, and no more than were accepted");
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), written, "none missed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_follows_ids_misses_none_of_fifty_writers_messages() {
    follow_for(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: half a minute of writing"]
async fn a_reader_that_follows_ids_misses_none_in_half_a_minute() {
    follow_for(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn a_range_upside_down_is_refused() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let id = workspace.conversation(app.pool(), "15550000001").await;
    let path = |query: &str| format!("/v1/conversations/{id}/messages?{query}");
    let (low, high) = ("msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3C");
    let get = async |query: String| app.get(&path(&query)).key(&workspace.token).send().await;
    let upside_down = get(format!("idFrom={high}&idTo={low}")).await;
    assert_eq!(upside_down.fields(400, "invalid_parameter"), ["idFrom"]);
    assert_eq!(get(format!("idFrom={low}&idTo={high}")).await.status, 200);
    assert_eq!(get(format!("idFrom={low}&idTo={low}")).await.status, 200);
    for bad in ["1", "cnv_01KASDQ0Y4E9GTHSRQ3QWS9E3B", ""] {
        assert_eq!(get(format!("idFrom={bad}")).await.fields(400, "invalid_parameter"), ["idFrom"], "{bad}");
        assert_eq!(get(format!("idTo={bad}")).await.fields(400, "invalid_parameter"), ["idTo"], "{bad}");
    }
}
