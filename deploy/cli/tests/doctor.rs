//! `switchboard doctor`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use common::channels::Channel;
use common::internal::Readiness;
use common::queue::{Consumer, Outcome, Route, Topology};
use common::testing::{TestBroker, TestDatabase, Workspace, eventually, workspace};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::{Cli, MASTER_KEY, execute};

/// The worst verdict of each check.
fn verdicts(told: &Value) -> BTreeMap<String, String> {
    let mut verdicts = BTreeMap::new();
    for check in told["checks"].as_array().unwrap() {
        let (name, verdict) = (check["name"].as_str().unwrap(), check["verdict"].as_str().unwrap());
        assert_eq!(verdict != "ok", check["remedy"].is_string(), "a remedy where one is needed: {check}");
        verdicts.insert(name.to_owned(), verdict.to_owned());
    }
    verdicts
}

/// Takes from every queue but those of texts, for which there is no inbox.
fn consume_what_is_needed(broker: &TestBroker, stop: &CancellationToken) {
    let topology = Topology::new(&broker.config().prefix);
    let idle = [Route::OutboundFirst(Channel::Text), Route::OutboundRetry(Channel::Text)];
    let needed = Route::all().into_iter().filter(|route| !idle.contains(route));
    let queues = needed.map(|route| topology.queue(route)).chain([topology.dead()]);
    for queue in queues {
        let (broker, label, readiness) = (broker.config(), queue.clone(), Readiness::default());
        let consumer = Consumer { broker, queue, label, prefetch: 1, readiness, part: "test" };
        tokio::spawn(consumer.run(stop.clone(), |_| async { Outcome::Done }));
    }
}

async fn hold_duties(database: &TestDatabase) {
    let sql = "INSERT INTO duties (name, holder, expires_at)
        SELECT name, gen_random_uuid(), now() + interval '1 hour' FROM unnest(ARRAY['scheduler', 'admission', 'sequencer',
            'expiry', 'release', 'rescue', 'health', 'pruning', 'search', 'intake.fallback']) AS name";
    execute(database, sql, &[]).await;
    let sql = "INSERT INTO processes (id, kind, seen_at) VALUES (gen_random_uuid(), 'api', now() + interval '1 minute')";
    execute(database, sql, &[]).await;
}

/// Something of everything that may be wrong in the database.
async fn fall_ill(database: &TestDatabase, workspace: &Workspace) {
    let sql = "INSERT INTO outbox (part, route, lane, inbox_id, created_at)
        VALUES (1, 'inbound', gen_random_uuid(), gen_random_uuid(), now() - interval '5 minutes')";
    execute(database, sql, &[]).await;
    let sql = "INSERT INTO dead_letters (id, source, route, body, reason) VALUES (gen_random_uuid(), 'queue', 'dead', 'x', 'y')";
    execute(database, sql, &[]).await;
    let sql = "UPDATE connections SET credentials = 'spoilt' WHERE organization_id = $1";
    execute(database, sql, &[&workspace.organization.0]).await;
    execute(database, "UPDATE processes SET seen_at = now() - interval '1 minute'", &[]).await;
}

/// What is in order although no process runs.
const SOUND: &[&str] = &[
    "configuration",
    "postgresql",
    "synchronous_commit",
    "clock",
    "migrations",
    "credentials",
    "rabbitmq",
    "dead letters",
    "smtp",
    "files",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_installation_passes_and_each_fault_is_told() {
    let (database, broker) = (TestDatabase::create().await, TestBroker::new());
    let files = tempfile::tempdir().unwrap();
    let place = format!("file://{}/media", files.path().display());
    let cli = Cli::on(&database)
        .with_broker(&broker)
        .with("SWITCHBOARD_MASTER_KEY", MASTER_KEY)
        .with("SWITCHBOARD_MEDIA_URL", place);
    let workspace = workspace(database.pool(), "http://127.0.0.1:1").await;

    let run = cli.run(&["doctor", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let before = verdicts(&run.json());
    for name in ["topology", "process api", "duties of relay", "duties of inbound"] {
        assert_eq!(before[name], "fail", "{name}");
    }
    for name in SOUND {
        assert_eq!(before[*name], "ok", "{name}: {run:?}");
    }

    let stop = CancellationToken::new();
    consume_what_is_needed(&broker, &stop);
    hold_duties(&database).await;
    let healthy = eventually("the doctor is content", std::time::Duration::from_secs(30), async || {
        let run = cli.run(&["doctor", "--json"]);
        if run.code == 0 { Ok(run) } else { Err(run) }
    })
    .await;
    assert!(
        healthy.json()["healthy"] == true
            && verdicts(&healthy.json()).values().all(|verdict| verdict == "ok"),
        "{healthy:?}"
    );
    let text = cli.run(&["doctor"]);
    assert!(
        text.code == 0 && text.out.contains("OK    postgresql") && text.out.contains("0 failed"),
        "{text:?}"
    );

    fall_ill(&database, &workspace).await;
    std::fs::remove_dir_all(files.path().join("media")).unwrap();
    std::fs::write(files.path().join("media"), b"not a folder").unwrap();
    let sick = cli.run(&["doctor", "--json"]);
    stop.cancel();
    assert_eq!(sick.code, 1, "{sick:?}");
    let sick = verdicts(&sick.json());
    for (name, verdict) in [
        ("backlog of outbox", "fail"),
        ("credentials", "fail"),
        ("process api", "fail"),
        ("dead letters", "warn"),
        ("files", "fail"),
    ] {
        assert_eq!(sick[name], verdict, "{name}");
    }
}

#[test]
fn every_fault_of_the_configuration_is_told_at_once_and_servers_are_asked_all_the_same() {
    let run = Cli::default().run(&["doctor"]);
    assert_eq!(run.code, 1, "{run:?}");
    for name in ["DATABASE_URL", "AMQP_URL", "SWITCHBOARD_MASTER_KEY"] {
        assert!(run.out.contains(&format!("{name} is not set")), "{name}: {run:?}");
    }
    let away = Cli::default()
        .with("DATABASE_URL", "postgres://127.0.0.1:1/none")
        .with("AMQP_URL", "amqp://127.0.0.1:1")
        .with("SWITCHBOARD_MASTER_KEY", "short")
        .with("SWITCHBOARD_MEDIA_URL", "s3://key:secret@bucket")
        .with("SWITCHBOARD_LEASE_SECONDS", "0");
    let run = away.run(&["doctor"]);
    assert_eq!(run.code, 1, "{run:?}");
    for words in [
        "SWITCHBOARD_MASTER_KEY is not valid",
        "SWITCHBOARD_LEASE_SECONDS is 0",
        "SWITCHBOARD_MEDIA_URL is not valid",
        "PostgreSQL cannot be reached",
        "rabbitmq ",
    ] {
        assert!(run.out.contains(words), "{words}: {run:?}");
    }
    let unreadable = Cli::default()
        .with("DATABASE_URL", "nonsense at home")
        .with("AMQP_URL", "amqp://127.0.0.1:1,nonsense");
    let run = unreadable.run(&["doctor"]);
    for words in ["DATABASE_URL is not valid", "AMQP_URL is not valid: address 2 of 2"] {
        assert!(run.out.contains(words), "{words}: {run:?}");
    }
}

/// A mail server that takes a user in, or not.
fn mail_server(login: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://user:hunter2@{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 test\r\n").unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            let reply = match line.get(..4) {
                Some("EHLO") => "250-test\r\n250 AUTH PLAIN\r\n",
                Some("AUTH") => login,
                _ => "250 ok\r\n",
            };
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn a_mail_server_is_asked_whether_it_takes_us_in() {
    let with = |url: &str| {
        let cli = Cli::default()
            .with("SWITCHBOARD_SMTP_URL", url)
            .with("SWITCHBOARD_MAIL_FROM", "inbox@example.com")
            .with("SWITCHBOARD_CONVERSATION_URL", "https://app.example.com/{conversationId}");
        cli.run(&["doctor"])
    };
    for (url, words) in [
        (mail_server("235 welcome\r\n"), "OK    smtp"),
        (mail_server("535 wrong\r\n"), "the mail server answered 535"),
        ("smtp://127.0.0.1:9".to_owned(), "the mail server cannot be reached"),
        (
            "smtp://user:hunter2@mail.example.com".to_owned(),
            "SWITCHBOARD_SMTP_URL would send the password in the clear",
        ),
    ] {
        let run = with(&url);
        assert!(run.out.contains(words) && !run.out.contains("hunter2"), "{words}: {run:?}");
    }
}

#[tokio::test]
async fn pending_migrations_are_told() {
    let database = TestDatabase::create().await;
    database
        .pool()
        .get()
        .await
        .unwrap()
        .batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .await
        .unwrap();
    let run = Cli::on(&database).run(&["doctor"]);
    assert!(run.code == 1 && run.out.contains("run `switchboard migrate`"), "{run:?}");
}
