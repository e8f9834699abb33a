//! What looking up a visitor's session costs: nothing, on the reply path.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::testing::eventually;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Options, TestApp, all_permissions};

/// A way to PostgreSQL that counts how often a client had to wait for an answer before it went on.
async fn counting_proxy(url: &str) -> (String, Arc<AtomicUsize>) {
    let mut url = url::Url::parse(url).unwrap();
    let server = (url.host_str().unwrap_or("127.0.0.1").to_owned(), url.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(address.port())).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server.clone()).await.unwrap();
            tokio::spawn(pass(client, server, counted.clone()));
        }
    });
    (url.to_string(), count)
}

async fn pass(mut client: TcpStream, mut server: TcpStream, trips: Arc<AtomicUsize>) -> std::io::Result<()> {
    let (mut asked, mut told) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut answered = true;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let read = read?;
                if read == 0 { return Ok(()) }
                if std::mem::take(&mut answered) {
                    trips.fetch_add(1, Ordering::SeqCst);
                }
                server.write_all(&asked[..read]).await?;
            }
            read = server.read(&mut told) => {
                let read = read?;
                if read == 0 { return Ok(()) }
                answered = true;
                client.write_all(&told[..read]).await?;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_a_link_costs_no_round_trip_of_its_own_on_the_reply_path() {
    let rows = TestApp::start().await;
    let (url, trips) = counting_proxy(rows.config().database.url.expose()).await;
    let app = TestApp::start_with(Options { database_url: Some(url), ..Options::default() }).await;
    let workspace = rows.workspace().await;
    let conversation = workspace.conversation(rows.pool(), "15550000001").await;
    let visit = rows.visit(&workspace, &all_permissions()).await;
    eventually("the first use is noted", Duration::from_secs(5), async || {
        let noted = "SELECT count(*) FROM shared_inbox_links WHERE last_used_at IS NOT NULL";
        if rows.count(noted).await == 1 { Ok(()) } else { Err("not yet") }
    })
    .await;
    // Outside the line nothing is published, so that nothing but the reply itself asks for anything.
    let later = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hello" }, "scheduledAt": later });
    let fewest = async |token: &str| {
        let mut fewest = usize::MAX;
        for _ in 0..40 {
            let before = trips.load(Ordering::SeqCst);
            app.post("/v1/conversations/reply").key(token).json(&body).send().await.expect(202);
            fewest = fewest.min(trips.load(Ordering::SeqCst) - before);
        }
        fewest
    };
    let (by_key, by_link) = (fewest(&workspace.token).await, fewest(&visit.token).await);
    assert!(by_key > 0);
    assert_eq!(by_link, by_key);
}
