//! Receivers that misbehave: what is recorded of them, and that whoever is well waits for none of them.

use std::net::SocketAddr;
use std::time::Duration;

use common::testing::eventually;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Hooked, Options, Receiver, SOON};

/// What a receiver does once a request has come.
#[derive(Debug, Clone, Copy)]
enum Habit {
    /// Answers 200 with ten megabytes.
    TenMegabytes,
    /// Answers 200, promises a body, and goes away within it.
    ClosesMidBody,
    /// Goes away within the head of its answer.
    ClosesMidHead,
    /// Answers 200, and then a byte a second.
    TricklesBody,
    /// A byte a second from the first one on.
    TricklesHead,
    /// Leads to itself.
    Redirects,
    /// Says nothing.
    Silent,
    /// Goes away without a word.
    Closes,
    /// Speaks something else.
    Nonsense,
}

impl Habit {
    async fn answer(self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut read = [0_u8; 4096];
        _ = stream.read(&mut read).await?;
        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n";
        match self {
            Self::TenMegabytes => {
                stream.write_all(ok).await?;
                let some = vec![b'a'; 1 << 16];
                for _ in 0..160 {
                    stream.write_all(&some).await?;
                }
                Ok(())
            }
            Self::ClosesMidBody => {
                stream.write_all(ok).await?;
                stream.write_all(b"half of what").await
            }
            Self::ClosesMidHead => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le").await,
            Self::TricklesBody => {
                stream.write_all(ok).await?;
                trickle(stream).await
            }
            Self::TricklesHead => trickle(stream).await,
            Self::Redirects => {
                let address = stream.local_addr()?;
                let head = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{address}/hook\r\ncontent-length: 0\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await
            }
            Self::Silent => std::future::pending().await,
            Self::Closes => Ok(()),
            Self::Nonsense => stream.write_all(b"220 mail.example.com ESMTP\r\n").await,
        }
    }
}

async fn trickle(stream: &mut TcpStream) -> std::io::Result<()> {
    for byte in b"HTTP/1.1 200 OK and so on, and on, and on, and on".iter().cycle() {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

async fn start(habit: Habit) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { habit.answer(&mut stream).await });
        }
    });
    address
}

/// The first try at the only delivery of an endpoint, once it has ended.
async fn first_try(hooked: &Hooked, webhook: &Value) -> Value {
    let id = webhook["id"].as_str().unwrap();
    eventually("the first try has ended", SOON, async || {
        let found = hooked.deliveries(webhook, "").await;
        let Some(delivery) = found.first() else { return Err(Value::Null) };
        let path = format!("/v1/webhooks/{id}/deliveries/{}", delivery["id"].as_str().unwrap());
        let shown = hooked.call("GET", &path, None, 200).await;
        let attempt = &shown["attempts"][0];
        if attempt["durationMs"].is_i64() { Ok(attempt.clone()) } else { Err(shown) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_receiver_does_is_recorded_and_holds_nobody_up() {
    let options = Options { webhook_timeout: Duration::from_secs(3), ..Options::default() };
    let (hooked, well) = (Hooked::start_with(options).await, Receiver::start().await);
    let habits = [
        (Habit::TenMegabytes, "delivered", json!(200)),
        (Habit::ClosesMidBody, "delivered", json!(200)),
        (Habit::ClosesMidHead, "broken_off", Value::Null),
        (Habit::TricklesBody, "delivered", json!(200)),
        (Habit::TricklesHead, "timeout", Value::Null),
        (Habit::Redirects, "redirect", json!(307)),
        (Habit::Silent, "timeout", Value::Null),
        (Habit::Closes, "broken_off", Value::Null),
        (Habit::Nonsense, "broken_off", Value::Null),
    ];
    let mut odd = Vec::new();
    for (habit, outcome, status) in habits {
        let body = json!({ "url": format!("http://{}/hook", start(habit).await) });
        let webhook = hooked.call("POST", "/v1/webhooks", Some(body), 201).await;
        odd.push((habit, webhook, outcome, status));
    }
    hooked.webhook(&well, json!({})).await;
    hooked.emit("message.sent", None, 1..2).await;
    // Sooner than any of them is given up.
    let begun = std::time::Instant::now();
    well.until(1).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    for (habit, webhook, outcome, status) in odd {
        let attempt = first_try(&hooked, &webhook).await;
        assert_eq!(
            (&attempt["outcome"], &attempt["responseStatus"]),
            (&json!(outcome), &status),
            "{habit:?} {attempt}"
        );
        // Of whatever it says, only the beginning is kept.
        let kept = attempt["responseBody"].as_str().map_or(0, str::len);
        assert!(kept <= 2_048, "{habit:?}: {kept}");
        let took = attempt["durationMs"].as_i64().unwrap();
        assert!(took < 4_500, "{habit:?}: {took} ms");
    }
}
