//! The event stream and its pages.

use std::time::Duration;

use common::domain::principal::{Role, Scope};
use common::testing::eventually;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Hooked, SOON};

/// A reader of the stream.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(hooked: &Hooked, path: &str, last: Option<&str>) -> Self {
        Self::open_as(hooked, path, last, &hooked.workspace.token).await
    }

    async fn open_as(hooked: &Hooked, path: &str, last: Option<&str>, key: &str) -> Self {
        let mut call = hooked.app.get(path).key(key).header("accept", "text/event-stream");
        if let Some(last) = last {
            call = call.header("last-event-id", last);
        }
        let response = call.0.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event's id and data; none at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                if let Some(data) = field("data") {
                    let data: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(field("event"), data["type"].as_str());
                    return Some((field("id").unwrap().to_owned(), data));
                }
                continue;
            }
            let chunk = tokio::time::timeout(SOON, self.response.chunk()).await.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_again_and_again_sees_every_event_once_and_in_order() {
    const EVENTS: i64 = 150;
    let hooked = Hooked::start().await;
    let conversation = Uuid::now_v7();
    hooked.emit("message.sent", Some(conversation), 0..20).await;
    let writing = async {
        for n in 20..EVENTS {
            let kind = if n % 2 == 0 { "message.sent" } else { "message.read" };
            hooked.emit(kind, Some(conversation), n..n + 1).await;
        }
    };
    let reading = async {
        let (mut seen, mut last) = (Vec::new(), "0".to_owned());
        while seen.len() < EVENTS as usize {
            let mut stream = Stream::open(&hooked, "/v1/events", Some(&last)).await;
            for _ in 0..7.min(EVENTS as usize - seen.len()) {
                let (id, event) = stream.next().await.unwrap();
                assert_eq!(event["sequence"].to_string(), id);
                seen.push(event);
                last = id;
            }
        }
        seen
    };
    let (seen, ()) = tokio::join!(reading, writing);
    let numbers: Vec<_> = seen.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=EVENTS).collect::<Vec<_>>());
    let told: Vec<_> = seen.iter().map(|event| event["data"]["n"].as_i64().unwrap()).collect();
    assert_eq!(told, (0..EVENTS).collect::<Vec<_>>());
    // Pages tell the same.
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = hooked.call("GET", &format!("/v1/events?after={after}&pageSize=40"), None, 200).await;
        paged.extend(page["events"].as_array().unwrap().clone());
        after = page["lastSequence"].as_i64().unwrap();
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(paged, seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_now_and_tells_all_its_readers_what_they_asked_for() {
    let hooked = Hooked::start().await;
    let (one, two, inbox) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    hooked.emit("message.sent", Some(one), 0..3).await;
    eventually("they are numbered", SOON, async || {
        let page = hooked.call("GET", "/v1/events?after=0", None, 200).await;
        if page["lastSequence"] == 3 { Ok(()) } else { Err(page) }
    })
    .await;
    let mut everything = Stream::open(&hooked, "/v1/events", None).await;
    let conversation = common::domain::ids::ConversationId(two);
    let mut of_one = Stream::open(&hooked, &format!("/v1/events?conversationIds={conversation}"), None).await;
    let mut of_types = Stream::open(&hooked, "/v1/events?types=message.read,message.failed", None).await;
    let of_inbox = format!("/v1/events?inboxIds={inbox}&types=message.sent");
    let mut of_inbox = Stream::open(&hooked, &of_inbox, None).await;
    hooked.emit("message.sent", Some(one), 3..4).await;
    hooked.emit("message.sent", Some(two), 4..5).await;
    hooked.emit("message.read", Some(one), 5..6).await;
    hooked.emit_of(inbox, "message.read", None, 6..7).await;
    hooked.emit_of(inbox, "message.sent", None, 7..8).await;
    for n in 3..8 {
        assert_eq!(everything.next().await.unwrap().1["data"]["n"], n);
    }
    assert_eq!(of_one.next().await.unwrap().1["data"]["n"], 4);
    assert_eq!(of_types.next().await.unwrap().1["data"]["n"], 5);
    assert_eq!(of_types.next().await.unwrap().1["data"]["n"], 6);
    assert_eq!(of_inbox.next().await.unwrap().1["data"]["n"], 7);
    let path = "/v1/events?after=0&types=message.read";
    let page = hooked.call("GET", path, None, 200).await;
    assert_eq!((page["events"].as_array().unwrap().len(), &page["lastSequence"]), (2, &json!(8)));
    let other = hooked.app.workspace().await;
    let theirs = hooked.app.get("/v1/events?after=0").key(&other.token).send().await.expect(200);
    assert_eq!(theirs["events"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_key_and_with_the_process() {
    let hooked = Hooked::start().await;
    let key = hooked.app.key(&hooked.workspace, Role::Agent, &[Scope::EventRead]).await;
    let mut ending = Stream::open_as(&hooked, "/v1/events", None, &key).await;
    let mut staying = Stream::open(&hooked, "/v1/events", None).await;
    let hash = hex::encode(common::crypto::hash_token(&key));
    hooked.app.execute(&format!("UPDATE api_keys SET revoked_at = now() WHERE hash = '\\x{hash}'")).await;
    // It is looked at every five seconds, and remembered for five.
    let end = tokio::time::timeout(Duration::from_secs(14), ending.next()).await;
    assert!(end.unwrap().is_none());
    hooked.emit("message.sent", None, 1..2).await;
    assert_eq!(staying.next().await.unwrap().1["data"]["n"], 1);
    let waiting = tokio::spawn(async move { staying.next().await.is_none() });
    hooked.app.stop().await;
    assert!(tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_does_not_hold_is_said_and_never_skipped() {
    let hooked = Hooked::start().await;
    hooked.emit("message.sent", None, 0..5).await;
    eventually("they are numbered", SOON, async || {
        let page = hooked.call("GET", "/v1/events?after=0", None, 200).await;
        if page["lastSequence"] == 5 { Ok(()) } else { Err(page) }
    })
    .await;
    let key = &hooked.workspace.token;
    let get = |path: &str| hooked.app.get(path).key(key).header("accept", "application/json").send();
    get("/v1/events?after=6").await.problem(410, "events_gone");
    hooked.app.execute("DELETE FROM events WHERE seq <= 3").await;
    get("/v1/events?after=2").await.problem(410, "events_gone");
    let page = get("/v1/events?after=3").await.expect(200);
    assert_eq!(page["events"].as_array().unwrap().len(), 2);
    let stream = hooked.app.get("/v1/events").key(key).header("last-event-id", "1").send().await;
    stream.problem(410, "events_gone");
    for (path, field) in [
        ("/v1/events?after=-1", "after"),
        ("/v1/events?types=message.sung", "types"),
        ("/v1/events?inboxIds=x", "inboxIds"),
        ("/v1/events?conversationIds=msg_1", "conversationIds"),
        ("/v1/events?after=3&pageSize=0", "pageSize"),
    ] {
        assert_eq!(get(path).await.fields(400, "invalid_parameter"), [field], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_in_which_nothing_happens_tells_its_place_from_time_to_time() {
    let hooked = Hooked::start().await;
    let mut stream = Stream::open(&hooked, "/v1/events?types=message.read", Some("0")).await;
    hooked.emit("message.sent", None, 0..3).await;
    let begun = std::time::Instant::now();
    // What was filtered out is behind the place that the sign of life tells.
    while !stream.text.contains("heartbeat\n") || !stream.text.contains("id: 3\n") {
        let chunk = tokio::time::timeout(SOON, stream.response.chunk()).await.unwrap().unwrap().unwrap();
        stream.text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!stream.text.contains("data:"), "{}", stream.text);
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(10) && waited < Duration::from_secs(25), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_s_stream_tells_what_is_shared_and_ends_with_its_link() {
    let hooked = Hooked::start().await;
    let visit = hooked.app.visit(&hooked.workspace, &json!({ "readInbox": true })).await;
    let (ours, elsewhere) = (Uuid::now_v7(), Uuid::now_v7());
    let mut stream = Stream::open_as(&hooked, "/v1/events", None, &visit.token).await;
    let path = format!("/v1/events?inboxIds={elsewhere}");
    let mut beyond = Stream::open_as(&hooked, &path, None, &visit.token).await;
    // Of another inbox, of no conversation, and then what is shared.
    hooked.emit_of(elsewhere, "message.sent", Some(Uuid::now_v7()), 0..3).await;
    hooked.emit("conversation.updated", None, 3..4).await;
    hooked.emit("message.sent", Some(ours), 4..5).await;
    let (_, event) = stream.next().await.unwrap();
    assert_eq!(event["data"]["n"], 4);
    let page = hooked.app.get("/v1/events?after=0").key(&visit.token).send().await.expect(200);
    assert_eq!(page["events"].as_array().unwrap().len(), 1, "{page}");
    let link = format!("/v1/shared-inbox-links/{}", visit.link["id"].as_str().unwrap());
    hooked.call("DELETE", &link, None, 200).await;
    assert_eq!(stream.next().await, None);
    assert_eq!(beyond.next().await, None);
}
