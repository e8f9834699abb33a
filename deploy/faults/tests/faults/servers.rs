//! PostgreSQL and RabbitMQ stopped: intake goes on with either, accepting goes on without RabbitMQ, and nothing is lost.

use std::time::{Duration, Instant};

use common::testing::eventually;
use faults::{Client, Options, Server, System, Webhook, sign};
use serde_json::Value;

use crate::traffic::{Traffic, shows_up};
use crate::watch::{SOON, events, number, reply, taken, until_event, until_status};

/// A reply that cannot be accepted is refused in words, with the time to come back.
async fn is_refused(client: &Client, conversation: common::domain::ids::ConversationId) {
    let answer = client.try_reply(conversation, "half-written").await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let wait: u32 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait > 0);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "database_unavailable", "{problem}");
}

async fn ready(client: &Client) {
    eventually("the api is ready", SOON, async || client.api_get("/readyz").await).await;
}

async fn forge(client: &Client, from: &str) -> u16 {
    let webhook = Webhook::new().text(client.number(), from, &format!("wamid.{from}"), "forged");
    let signature = sign("another secret", &webhook.body());
    client.post_webhook_as(webhook.body(), Some(&signature)).await.unwrap()
}

/// PostgreSQL is away for `outage`; half way through, the api is killed and started again, with no secret in memory.
async fn without_postgres(outage: Duration) {
    let postgres = Server::postgres().await.unwrap();
    let options = Options { database_url: Some(postgres.url().to_owned()), ..Options::default() };
    let mut system = System::start(options).await.unwrap();
    let client = system.client.clone();
    let conversation = system.workspace.conversation(system.database.pool(), "15550005001").await;
    let before = reply(&client, conversation, "before").await;
    let traffic = Traffic::start(&client, client.number(), 8, Duration::from_millis(100));
    until_status(&client, &before, "delivered").await;

    postgres.stop().await.unwrap();
    let stopped = Instant::now();
    is_refused(&client, conversation).await;
    assert_eq!(forge(&client, "15550005002").await, 401);
    tokio::time::sleep((outage / 2).saturating_sub(stopped.elapsed())).await;
    let killed = Instant::now();
    system.api.kill().unwrap();
    system.api.restart().unwrap();
    ready(&client).await;
    let restarted = Instant::now();
    for forged in 0..5 {
        assert_eq!(forge(&client, &format!("1555000510{forged}")).await, 200);
    }
    is_refused(&client, conversation).await;
    tokio::time::sleep(outage.saturating_sub(stopped.elapsed())).await;
    postgres.start().await.unwrap();
    let back = Instant::now();
    let after =
        eventually("replies are accepted again", SOON, async || client.reply(conversation, "after").await)
            .await;
    eventually("intake goes to PostgreSQL again, with no pause in what comes", SOON, async || {
        let report = client.api_get("/readyz").await.map_err(|error| error.to_string())?;
        if report["parts"]["intake"]["ok"] == true { Ok(()) } else { Err(report.to_string()) }
    })
    .await;
    println!("intake took {:?} to get back to PostgreSQL", back.elapsed());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answers = traffic.answers();
    let written = traffic.end().await;

    let up = |at: &Instant| *at < killed || *at > restarted;
    let refused: Vec<_> = answers.iter().filter(|(at, answer)| up(at) && *answer != Some(200)).collect();
    assert!(refused.is_empty(), "{} of {} refused: {refused:?}", refused.len(), answers.len());
    let meanwhile = answers.iter().filter(|(at, _)| *at > stopped && *at < back).count();
    shows_up(&client, &written, SOON).await;
    println!(
        "{meanwhile} webhooks in {:?} without PostgreSQL; all shown {:?} after",
        back - stopped,
        back.elapsed()
    );
    let total: usize = written.values().sum();
    assert_eq!(
        number(&system, "SELECT count(*) FROM messages WHERE direction = 'inbound'").await,
        total as i64
    );
    assert_eq!(number(&system, "SELECT count(*) FROM messages WHERE direction = 'outbound'").await, 2);
    let rejected = r#"switchboard_channel_events_total{channel="whatsapp",result="rejected"}"#;
    assert_eq!(system.workers["inbound"].metric(rejected).await.unwrap(), 5.0);
    until_status(&client, after["id"].as_str().unwrap(), "delivered").await;
    assert_eq!(taken(&system, "15550005001").await, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_taken_in_while_postgres_is_away_and_the_api_restarts() {
    without_postgres(Duration::from_secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: PostgreSQL is away for a minute"]
async fn webhooks_are_taken_in_for_a_minute_without_postgres() {
    without_postgres(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rabbitmq_all_is_taken_in_and_without_both_all_is_refused() {
    let (postgres, rabbitmq) = tokio::try_join!(Server::postgres(), Server::rabbitmq()).unwrap();
    let (database_url, amqp_url) = (Some(postgres.url().to_owned()), Some(rabbitmq.url().to_owned()));
    let system = System::start(Options { database_url, amqp_url, ..Options::default() }).await.unwrap();
    let client = system.client.clone();
    let conversation = system.workspace.conversation(system.database.pool(), "15550005201").await;
    let before = reply(&client, conversation, "reply 0").await;
    until_status(&client, &before, "delivered").await;

    rabbitmq.stop().await.unwrap();
    let traffic = Traffic::start(&client, client.number(), 3, Duration::from_millis(150));
    let mut last = before;
    for n in 1..20 {
        last = reply(&client, conversation, &format!("reply {n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let refused: Vec<_> = traffic.answers().into_iter().filter(|(_, answer)| *answer != Some(200)).collect();
    assert!(refused.is_empty(), "{refused:?}");

    postgres.stop().await.unwrap();
    is_refused(&client, conversation).await;
    let webhook = Webhook::new().text(client.number(), "15550005202", "wamid.none", "again");
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 503);
    postgres.start().await.unwrap();
    eventually("PostgreSQL alone is enough again", SOON, async || {
        match client.post_webhook(&webhook).await {
            Ok(200) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let written = traffic.end().await;
    assert_eq!(client.texts_with("15551000000").await.map(|texts| texts.len()).unwrap_or_default(), 0);

    rabbitmq.start().await.unwrap();
    let back = Instant::now();
    shows_up(&client, &written, SOON).await;
    eventually("the repeated one shows up", SOON, async || client.texts_with("15550005202").await).await;
    until_status(&client, &last, "delivered").await;
    println!("everything flowed {:?} after RabbitMQ came back", back.elapsed());
    let replies: Vec<String> = (0..20).map(|n| format!("reply {n}")).collect();
    assert_eq!(taken(&system, "15550005201").await, replies);
}

/// The wait for evidence passes while PostgreSQL is away, and the evidence itself waits in the fallback queue.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_taken_in_without_postgres_keeps_messages_from_being_sent_again() {
    let postgres = Server::postgres().await.unwrap();
    let seconds = |name: &str, seconds: u32| (format!("SWITCHBOARD_{name}_SECONDS"), seconds.to_string());
    let environment =
        [seconds("PROVIDER_TIMEOUT", 2), seconds("LEASE", 4), seconds("EVIDENCE_WAIT", 12)].into();
    let database_url = Some(postgres.url().to_owned());
    let system = System::start(Options { environment, database_url, ..Options::default() }).await.unwrap();
    let fault = serde_json::json!({ "drop": "afterAccept", "status": { "delayMs": 3_000 } });
    system.client.fault(&serde_json::json!({ "fault": fault })).await.unwrap();
    let mut ids = Vec::new();
    for conversation in system.conversations("1555700", 10).await {
        ids.push(reply(&system.client, conversation, "once").await);
    }
    for id in &ids {
        until_event(&system.client, id, "uncertain").await;
    }
    postgres.stop().await.unwrap();
    tokio::time::sleep(Duration::from_secs(14)).await;
    // Whoever stores what was taken in is slow to begin.
    system.workers["inbound"].freeze().unwrap();
    postgres.start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    system.workers["inbound"].thaw().unwrap();
    for id in &ids {
        let message = until_status(&system.client, id, "delivered").await;
        assert!(!events(&message).contains(&"resending"), "{message}");
    }
    assert_eq!(system.ledger().await.unwrap().len(), ids.len());
}
