//! A provider of the test's own: answers what it is told, byte for byte, and keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::channels::{Sender, Tokens};
use common::config::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TOKEN: &str = "EAAG-very-secret";

/// What the provider does once it has read a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes these bytes and closes.
    Bytes(String),
    /// Closes without a word.
    Cut,
    /// Says nothing for longer than the client waits.
    Hang,
}

/// A whole answer with these header lines and this body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Bytes(format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

pub(crate) struct Provider {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    /// Gives these answers in turn, the last one again and again.
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut answers = answers.into_iter().peekable();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = answers.next().unwrap();
                if answers.peek().is_none() {
                    answers = vec![answer.clone()].into_iter().peekable();
                }
                tokio::spawn(serve(stream, answer, Arc::clone(&seen)));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn sender(&self) -> Sender {
        sender(self.address)
    }
}

pub(crate) fn sender(address: SocketAddr) -> Sender {
    Sender {
        external_id: "400000000000001".into(),
        account: "300000000000001".into(),
        service: None,
        user: None,
        webhook_url: "https://inbox.example/channels/whatsapp/webhook".into(),
        base_url: format!("http://{address}/v24.0").parse().unwrap(),
        access_token: Secret::new(TOKEN),
        tokens: Tokens::default(),
    }
}

pub(crate) fn client() -> reqwest::Client {
    common::http_client::build(Duration::from_millis(500)).unwrap()
}

/// Gives up connecting long before it gives up waiting for an answer.
pub(crate) fn impatient_client() -> reqwest::Client {
    common::http_client::install_crypto();
    let builder = reqwest::Client::builder().timeout(Duration::from_secs(20));
    builder.connect_timeout(Duration::from_millis(300)).build().unwrap()
}

async fn serve(mut stream: TcpStream, answer: Answer, seen: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut stream).await;
    seen.lock().unwrap().push(request);
    match answer {
        Answer::Bytes(bytes) => {
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        Answer::Cut => drop(stream),
        Answer::Hang => tokio::time::sleep(Duration::from_secs(30)).await,
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut chunk).await.unwrap() {
            0 => return text,
            read => request.extend_from_slice(&chunk[..read]),
        }
    }
}
