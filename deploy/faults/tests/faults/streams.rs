//! Readers of the stream who come back all the time, to one api or another, and readers who take nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use common::domain::ids::EventId;
use common::testing::eventually;
use faults::{Options, Port, Process, System};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(240);

fn options() -> Options {
    Options { without: vec!["inbound", "outbound"], ..Options::default() }
}

/// Events that tell the numbers from `first` on, each followed by so many bytes; one transaction each ten.
async fn happen(system: &System, numbers: std::ops::Range<i64>, bytes: i32) {
    let sql = "INSERT INTO events (id, organization_id, type, inbox_id, payload)
        SELECT id, $2, 'message.sent', $3, json_build_object('n', n, 'filling', repeat('x', $5))
        FROM unnest($1::uuid[], $4::bigint[]) AS r (id, n) ORDER BY n";
    let (organization, inbox) = (system.workspace.organization.0, system.workspace.inbox.0);
    let client = system.database.pool().get().await.unwrap();
    for begun in numbers.clone().step_by(10) {
        let told: Vec<i64> = (begun..numbers.end.min(begun + 10)).collect();
        let ids: Vec<_> = told.iter().map(|_| EventId::new().0).collect();
        client.execute(sql, &[&ids, &organization, &inbox, &told, &bytes]).await.unwrap();
    }
}

/// One more api.
fn another_api(system: &System) -> (Process, String) {
    let port = Port::reserve().unwrap();
    let address = port.address();
    let api = system.start_worker_with("switchboard-api", &[("SWITCHBOARD_LISTEN", &address)]).unwrap();
    (api.with(port), format!("http://{address}"))
}

/// What one connection brought: the numbers of events, and the last place told.
struct Reading {
    numbers: Vec<i64>,
    last: String,
}

/// Reads for a second, or until so many events have come, and goes away in the middle of whatever is on its way.
async fn read(system: &System, api: &str, last: &str, most: usize) -> Option<Reading> {
    let client = common::http_client::build(Duration::from_secs(20)).unwrap();
    let request = client.get(format!("{api}/v1/events")).bearer_auth(system.client.token());
    let request = request.header("accept", "text/event-stream").header("last-event-id", last);
    let mut response = request.send().await.ok().filter(|response| response.status() == 200)?;
    let (mut text, begun) = (String::new(), Instant::now());
    let mut reading = Reading { numbers: Vec::new(), last: last.to_owned() };
    while reading.numbers.len() < most {
        let left = Duration::from_secs(1).saturating_sub(begun.elapsed());
        let Ok(Ok(Some(chunk))) = tokio::time::timeout(left, response.chunk()).await else { break };
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some(end) = text.find("\n\n") {
            let block: String = text.drain(..end + 2).collect();
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            if let Some(id) = field("id: ") {
                reading.last = id.to_owned();
            }
            if let Some(data) = field("data: ") {
                let event: serde_json::Value = serde_json::from_str(data).unwrap();
                assert_eq!(event["sequence"].to_string(), reading.last);
                reading.numbers.push(event["data"]["n"].as_i64().unwrap());
            }
        }
    }
    Some(reading)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_every_second_to_either_api_sees_each_event_once_and_in_order() {
    let long = std::env::var("SWITCHBOARD_LONG_TESTS").is_ok_and(|value| value == "1");
    let events: i64 = if long { 10_000 } else { 1_500 };
    let system = System::start(options()).await.unwrap();
    let (_other, second) = another_api(&system);
    let apis = [system.client.api_url.clone(), second];
    let system = Arc::new(system);
    let written = Arc::new(AtomicI64::new(0));
    let writing = tokio::spawn({
        let (system, written) = (system.clone(), written.clone());
        async move {
            for begun in (0..events).step_by(50) {
                happen(&system, begun..begun + 50, 100).await;
                written.store(begun + 50, Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let (mut seen, mut last, mut turns) = (Vec::new(), "0".to_owned(), 0_usize);
    let begun = Instant::now();
    while (seen.len() as i64) < events {
        assert!(begun.elapsed() < PATIENCE, "{} of {} seen", seen.len(), written.load(Relaxed));
        let most = 1 + turns * 37 % 90;
        if let Some(reading) = read(&system, &apis[turns % 2], &last, most).await {
            // What came with the last chunk counts too: the reader has it.
            seen.extend(reading.numbers);
            last = reading.last;
        }
        turns += 1;
    }
    writing.await.unwrap();
    println!("{events} events in {turns} connections and {:?}", begun.elapsed());
    assert_eq!(seen, (0..events).collect::<Vec<_>>());
}

/// Connects and asks for the stream, and takes nothing but the head of the answer.
async fn stall(system: &System) -> TcpStream {
    let address = system.client.api_url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET /v1/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\r\n",
        system.client.token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0_u8; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_take_nothing_are_let_go_and_cost_no_memory() {
    const SLOW: usize = 40;
    let system = System::start(options()).await.unwrap();
    let mut stalled = Vec::new();
    for _ in 0..SLOW {
        stalled.push(stall(&system).await);
    }
    let before = system.api.memory().unwrap();
    // To each of them 40 MB; what the kernel takes for it is a few of that.
    let reading = async {
        let (mut seen, mut last) = (0, "0".to_owned());
        while seen < 2_000 {
            let Some(reading) = read(&system, &system.client.api_url, &last, 500).await else { continue };
            (seen, last) = (seen + reading.numbers.len(), reading.last);
        }
        seen
    };
    let ((), seen) = tokio::join!(happen(&system, 0..2_000, 20_000), reading);
    assert_eq!(seen, 2_000);
    let grown = system.api.memory().unwrap().saturating_sub(before) >> 20;
    println!("{SLOW} readers that take nothing, of 1600 MB: {grown} MB more");
    assert!(grown < 200, "{grown} MB");
    let let_go = r#"switchboard_stream_ended_total{reason="slow"}"#;
    eventually("all of them are let go", PATIENCE, async || match system.api.metric(let_go).await {
        Ok(found) if found == SLOW as f64 => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}
