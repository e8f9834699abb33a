//! Asked to stop, a process finishes what it holds, in time; badly configured, it says what is wrong and does not start.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use common::testing::eventually;
use faults::{Load, Options, Port, Process, System, assert_once_and_in_order};
use serde_json::json;

use crate::traffic::{Traffic, shows_up};
use crate::watch::{SOON, number};

const DEADLINE: Duration = Duration::from_secs(30);
const PROGRAMS: [&str; 5] = ["switchboard-api", "relay", "inbound", "outbound", "notifications"];

fn stops_in_time() -> BTreeMap<String, String> {
    [("SWITCHBOARD_SHUTDOWN_SECONDS".to_owned(), DEADLINE.as_secs().to_string())].into()
}

/// Asks a process to stop: it ends well, before its deadline, and is started again.
async fn replace(process: &mut Process) {
    let (status, took) = process.terminate_within(DEADLINE + Duration::from_secs(2)).await.unwrap();
    println!("{} stopped after {took:?}: {status}", process.name());
    assert!(status.success(), "{}: {status}", process.name());
    assert!(took < DEADLINE, "{} took {took:?}", process.name());
    process.restart().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_stops_under_load_in_time_and_loses_nothing() {
    let options = Options { environment: stops_in_time(), ..Options::default() };
    let mut system = System::start(options).await.unwrap();
    // So that there is always something in flight.
    system
        .client
        .sandbox_patch("/control/settings", &json!({ "answerMs": 300, "statusMs": 20 }))
        .await
        .unwrap();
    let conversations = system.conversations("1555600", 40).await;
    let load = tokio::spawn(Load::new("stopping", conversations, 10).send(system.client.clone()));
    let traffic = Traffic::start(&system.client, system.client.number(), 4, Duration::from_millis(50));
    for _ in 0..2 {
        for name in ["outbound", "inbound", "relay"] {
            tokio::time::sleep(Duration::from_millis(300)).await;
            replace(system.workers.get_mut(name).unwrap()).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        replace(&mut system.api).await;
    }
    let (sent, written) = (load.await.unwrap(), traffic.end().await);
    system.at_rest("delivered", 2 * SOON).await;
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
    shows_up(&system.client, &written, SOON).await;
    // What was in flight was finished: nothing had to be doubted or sent again.
    assert_eq!(number(&system, "SELECT count(*) FROM attempts WHERE state <> 'accepted'").await, 0);
    assert_eq!(number(&system, "SELECT count(*) FROM attempts").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_server_every_process_lives_and_stops_in_time() {
    let key = base64::engine::general_purpose::STANDARD.encode([7; 32]);
    for name in PROGRAMS {
        let mut environment = stops_in_time();
        let (internal, public) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        for (name, value) in [
            // Nobody listens on the discard port.
            ("DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing".to_owned()),
            ("AMQP_URL", "amqp://127.0.0.1:9/%2f".to_owned()),
            ("SWITCHBOARD_MASTER_KEY", key.clone()),
            ("SWITCHBOARD_INTERNAL_LISTEN", internal.address()),
            ("SWITCHBOARD_LISTEN", public.address()),
            ("SWITCHBOARD_LOG", "off".to_owned()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        let mut process = Process::start(name, &[], environment).unwrap();
        eventually("it lives", SOON, async || match process.internal("/healthz").await {
            Ok(told) if told == "ok" => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        eventually("it says that it is not ready", SOON, async || {
            let report = process.internal("/readyz").await.map_err(|error| error.to_string())?;
            let report: serde_json::Value =
                serde_json::from_str(&report).map_err(|error| error.to_string())?;
            if report["ready"] == false { Ok(()) } else { Err(report.to_string()) }
        })
        .await;
        let (status, took) = process.terminate_within(DEADLINE).await.unwrap();
        println!("{name} without servers stopped after {took:?}: {status}");
        assert!(status.success(), "{name}: {status}");
    }
}

/// What a program says when it is started like this, which it must not survive.
fn complaint(name: &str, environment: &[(&str, &str)]) -> String {
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let output = Process::run(name, &[], &environment).unwrap();
    assert!(!output.status.success(), "{name} started");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_broken_configuration_is_told_fault_by_fault() {
    let key = base64::engine::general_purpose::STANDARD.encode([7; 32]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for name in PROGRAMS {
        let told = complaint(
            name,
            &[
                ("SWITCHBOARD_LEASE_SECONDS", "soon"),
                ("SWITCHBOARD_MASTER_KEY", "hunter2"),
                ("SWITCHBOARD_INTERNAL_LISTEN", "here"),
                ("SWITCHBOARD_ALLOWED_API_URLS", "everywhere"),
                ("SWITCHBOARD_SMTP_URL", "smtp://user:hunter2@mail.example.com"),
                ("SWITCHBOARD_CONVERSATION_URL", "https://app.example.com"),
            ],
        );
        for fault in [
            "DATABASE_URL",
            "AMQP_URL",
            "SWITCHBOARD_LEASE_SECONDS",
            "SWITCHBOARD_MASTER_KEY",
            "SWITCHBOARD_INTERNAL_LISTEN",
            "SWITCHBOARD_ALLOWED_API_URLS",
            "SWITCHBOARD_SMTP_URL",
            "SWITCHBOARD_MAIL_FROM",
            "SWITCHBOARD_CONVERSATION_URL",
        ] {
            let lines =
                told.lines().filter(|line| line.trim_start().starts_with(&format!("- {fault}"))).count();
            assert_eq!(lines, 1, "{name}: {fault} in {told}");
        }
        assert!(!told.contains("hunter2") && !told.contains("panicked"), "{told}");

        let good = [("SWITCHBOARD_MASTER_KEY", key.as_str()), ("AMQP_URL", "amqp://127.0.0.1:9/%2f")];
        let database = ("DATABASE_URL", "postgres://nobody:hunter2@127.0.0.1:9/nothing");
        let told = complaint(name, &[good[0], good[1], ("DATABASE_URL", "hunter2 at home")]);
        assert!(told.contains("DATABASE_URL") && !told.contains("hunter2"), "{name}: {told}");
        let told = complaint(name, &[good[0], database, ("AMQP_URL", "hunter2 at work")]);
        assert!(told.contains("AMQP_URL") && !told.contains("hunter2"), "{name}: {told}");
        let told = complaint(
            name,
            &[
                good[0],
                good[1],
                database,
                ("SWITCHBOARD_INTERNAL_LISTEN", &taken),
                ("SWITCHBOARD_LISTEN", "127.0.0.1:0"),
            ],
        );
        assert!(told.contains("SWITCHBOARD_INTERNAL_LISTEN") && told.contains(&taken), "{name}: {told}");
    }
    let told = complaint(
        "switchboard-api",
        &[
            ("SWITCHBOARD_MASTER_KEY", &key),
            ("AMQP_URL", "amqp://127.0.0.1:9/%2f"),
            ("DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing"),
            ("SWITCHBOARD_LISTEN", &taken),
            ("SWITCHBOARD_INTERNAL_LISTEN", "127.0.0.1:0"),
        ],
    );
    assert!(told.contains("SWITCHBOARD_LISTEN") && told.contains(&taken), "{told}");
}
