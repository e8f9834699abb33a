//! Servers that are there and do not answer: noticed, waited out, and taken up again as soon as they go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Client, Options, Process, Server, System};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::traffic::{Traffic, shows_up};
use crate::watch::{SOON, reply, taken, until_status};

fn connected(server: &str, used: &str) -> String {
    format!(r#"switchboard_connected{{server="{server}",use="{used}"}}"#)
}

/// Waits until the process says that it has lost a connection; how long after `since` that was.
async fn notices(process: &Process, series: &str, since: Instant, within: Duration) -> Duration {
    let left = within.saturating_sub(since.elapsed());
    eventually(&format!("{} notices: {series}", process.name()), left, async || {
        match process.metric(series).await {
            Ok(0.0) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    since.elapsed()
}

/// Replies that are sent all the time, each conversation's one after the other, until each is accepted.
struct Replies {
    stop: CancellationToken,
    running: JoinSet<(String, Vec<String>)>,
}

impl Replies {
    async fn start(system: &System, conversations: usize) -> Self {
        let mut replies = Self { stop: CancellationToken::new(), running: JoinSet::new() };
        for n in 0..conversations {
            let address = format!("1555200{n:04}");
            let conversation = system.workspace.conversation(system.database.pool(), &address).await;
            let (client, stop) = (system.client.clone(), replies.stop.clone());
            replies.running.spawn(async move {
                let mut texts = Vec::new();
                while !stop.is_cancelled() {
                    texts.push(format!("reply-{}-to-{address}", texts.len()));
                    client.reply_insistently(conversation, &texts[texts.len() - 1]).await;
                    tokio::time::sleep(Duration::from_millis(1_500)).await;
                }
                (address, texts)
            });
        }
        replies
    }

    /// Lets each conversation end its reply; what was accepted, in order.
    async fn end(self) -> Vec<(String, Vec<String>)> {
        self.stop.cancel();
        self.running.join_all().await
    }
}

/// Waits until the provider has taken everything; each once, in order.
async fn are_taken(system: &System, replies: &[(String, Vec<String>)], within: Duration) {
    for (address, texts) in replies {
        let found = eventually("all replies are taken", within, async || {
            let found = taken(system, address).await;
            if found.len() >= texts.len() {
                Ok(found)
            } else {
                Err(format!("{} of {}", found.len(), texts.len()))
            }
        })
        .await;
        assert_eq!(&found, texts, "{address}");
    }
}

async fn flows(client: &Client, conversation: ConversationId, thawed: Instant) {
    let id = client.reply_insistently(conversation, "after-the-thaw").await;
    until_status(client, id["id"].as_str().unwrap(), "delivered").await;
    assert!(thawed.elapsed() < SOON, "work flows only {:?} after the thaw", thawed.elapsed());
}

/// RabbitMQ stands still for `time`.
async fn frozen_rabbitmq(time: Duration) {
    let rabbitmq = Server::rabbitmq().await.unwrap();
    let options = Options { amqp_url: Some(rabbitmq.url().to_owned()), ..Options::default() };
    let system = Arc::new(System::start(options).await.unwrap());
    let client = system.client.clone();
    let fresh = system.workspace.conversation(system.database.pool(), "15550006001").await;
    let before = reply(&client, fresh, "before").await;
    until_status(&client, &before, "delivered").await;
    let replies = Replies::start(&system, 10).await;
    let traffic = Traffic::start(&client, client.number(), 3, Duration::from_millis(250));

    rabbitmq.freeze().await.unwrap();
    let frozen = Instant::now();
    let publish = connected("rabbitmq", "publish");
    let noticed = tokio::join!(
        notices(&system.api, &publish, frozen, SOON),
        notices(&system.workers["relay"], &publish, frozen, SOON),
        notices(&system.workers["inbound"], &publish, frozen, SOON),
    );
    println!("publishers noticed after {noticed:?}");
    for (worker, used) in [
        ("outbound", "outbound.whatsapp.first"),
        ("outbound", "outbound.whatsapp.retry"),
        ("inbound", "inbound"),
        ("inbound", "intake.fallback"),
        ("relay", "dead"),
    ] {
        let series = connected("rabbitmq", used);
        let noticed = notices(&system.workers[worker], &series, frozen, SOON).await;
        println!("the consumer of {used} noticed after {noticed:?}");
    }
    tokio::time::sleep(time.saturating_sub(frozen.elapsed())).await;
    rabbitmq.thaw().await.unwrap();
    let thawed = Instant::now();
    flows(&client, fresh, thawed).await;
    println!("work flowed {:?} after the thaw", thawed.elapsed());
    let answers = traffic.answers();
    let (replies, written) = (replies.end().await, traffic.end().await);
    let refused: Vec<_> = answers.into_iter().filter(|(_, answer)| *answer != Some(200)).collect();
    assert!(refused.is_empty(), "{refused:?}");
    are_taken(&system, &replies, SOON).await;
    shows_up(&client, &written, SOON).await;
}

/// PostgreSQL stands still for `time`: intake goes on through RabbitMQ.
async fn frozen_postgres(time: Duration) {
    let postgres = Server::postgres().await.unwrap();
    let options = Options { database_url: Some(postgres.url().to_owned()), ..Options::default() };
    let system = System::start(options).await.unwrap();
    let client = system.client.clone();
    let fresh = system.workspace.conversation(system.database.pool(), "15550006101").await;
    let before = reply(&client, fresh, "before").await;
    until_status(&client, &before, "delivered").await;
    let replies = Replies::start(&system, 10).await;
    let traffic = Traffic::start(&client, client.number(), 3, Duration::from_millis(250));

    postgres.freeze().await.unwrap();
    let frozen = Instant::now();
    let noticed = notices(&system.api, &connected("postgresql", "api"), frozen, SOON).await;
    println!("the api noticed after {noticed:?}");
    tokio::time::sleep(time.saturating_sub(frozen.elapsed())).await;
    let meanwhile = traffic.answers().into_iter().filter(|(at, _)| *at > frozen).count();
    postgres.thaw().await.unwrap();
    let thawed = Instant::now();
    flows(&client, fresh, thawed).await;
    println!("{meanwhile} webhooks answered meanwhile; work flowed {:?} after the thaw", thawed.elapsed());
    let answers = traffic.answers();
    let (replies, written) = (replies.end().await, traffic.end().await);
    let refused: Vec<_> = answers.into_iter().filter(|(_, answer)| *answer != Some(200)).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(meanwhile > 3, "{meanwhile}");
    are_taken(&system, &replies, SOON).await;
    shows_up(&client, &written, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_rabbitmq_is_noticed_and_work_flows_after_its_thaw() {
    frozen_rabbitmq(Duration::from_secs(12)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: RabbitMQ stands still for half a minute"]
async fn a_rabbitmq_frozen_for_long_is_waited_out() {
    frozen_rabbitmq(Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_postgres_is_noticed_and_work_flows_after_its_thaw() {
    frozen_postgres(Duration::from_secs(12)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: PostgreSQL stands still for half a minute"]
async fn a_postgres_frozen_for_long_is_waited_out() {
    frozen_postgres(Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_servers_restart_under_load() {
    let (postgres, rabbitmq) = tokio::try_join!(Server::postgres(), Server::rabbitmq()).unwrap();
    let (database_url, amqp_url) = (Some(postgres.url().to_owned()), Some(rabbitmq.url().to_owned()));
    let system = System::start(Options { database_url, amqp_url, ..Options::default() }).await.unwrap();
    system.client.sandbox_patch("/control/settings", &serde_json::json!({ "answerMs": 50 })).await.unwrap();
    let mut running = JoinSet::new();
    for n in 0..30 {
        let address = format!("1555300{n:04}");
        let conversation = system.workspace.conversation(system.database.pool(), &address).await;
        let client = system.client.clone();
        running.spawn(async move {
            let texts: Vec<String> = (0..10).map(|turn| format!("reply-{turn}-to-{address}")).collect();
            let mut last = serde_json::Value::Null;
            for text in &texts {
                last = client.reply_insistently(conversation, text).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            (address, texts, last["id"].as_str().unwrap().to_owned())
        });
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        rabbitmq.stop().await.unwrap();
        rabbitmq.start().await.unwrap();
        postgres.stop().await.unwrap();
        postgres.start().await.unwrap();
    }
    let sent = running.join_all().await;
    let replies: Vec<_> = sent.iter().map(|(address, texts, _)| (address.clone(), texts.clone())).collect();
    let begun = Instant::now();
    are_taken(&system, &replies, SOON).await;
    for (_, _, last) in &sent {
        until_status(&system.client, last, "delivered").await;
    }
    println!("300 replies taken in order {:?} after the last was accepted", begun.elapsed());
    assert_eq!(system.ledger().await.unwrap().len(), 300);
}
