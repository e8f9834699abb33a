//! The program: flags, listening, stopping on signals.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::support::DEADLINE;

/// Starts the program and waits until it says where it listens.
async fn start() -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["--listen", "127.0.0.1:0", "--settings", r#"{"statusMs":7}"#])
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listening = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the program ended");
            if let Some((_, address)) = line.split_once("address=") {
                return address.trim().to_owned();
            }
        }
    };
    let address = timeout(DEADLINE, listening).await.unwrap();
    // The pipe must stay open, or the program could not log.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address)
}

#[tokio::test]
async fn the_program_serves_and_stops_on_signals() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, address) = start().await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let settings = client.get(format!("http://{address}/control/settings")).send().await.unwrap();
        let settings: serde_json::Value = settings.json().await.unwrap();
        assert_eq!(settings["statusMs"], 7);
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        let ended = timeout(DEADLINE, child.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{signal}: {ended}");
    }
}

#[tokio::test]
async fn wrong_flags_are_refused() {
    for wrong in [["--webhook-url", "nowhere"], ["--settings", r#"{"batch":0}"#], ["--listen", "x"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_sandbox")).args(wrong).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}
