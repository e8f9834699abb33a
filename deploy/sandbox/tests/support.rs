//! Boots a sandbox and a webhook receiver, and waits for what they see.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use reqwest::{Client, Response};
use sandbox::{Behaviour, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub const DEADLINE: Duration = Duration::from_secs(20);
pub const WABA: &str = "100000000000001";
pub const PHONE: &str = "200000000000001";
pub const TOKEN: &str = "sandbox-access-token";
pub const SECRET: &str = "sandbox-app-secret";
pub const CONTACT: &str = "16505551234";

/// One webhook POST.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub answered: StatusCode,
}

impl Delivery {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn values(&self) -> Vec<Value> {
        let body = self.json();
        let changes = body["entry"][0]["changes"].as_array().unwrap();
        changes.iter().map(|change| change["value"].clone()).collect()
    }

    pub fn statuses(&self) -> Vec<Value> {
        self.values()
            .iter()
            .flat_map(|value| value["statuses"].as_array().cloned().unwrap_or_default())
            .collect()
    }

    pub fn messages(&self) -> Vec<Value> {
        self.values()
            .iter()
            .flat_map(|value| value["messages"].as_array().cloned().unwrap_or_default())
            .collect()
    }
}

/// A business's webhook endpoint.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    deliveries: watch::Sender<Vec<Delivery>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
    verify_token: Arc<Mutex<String>>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub fn on(listener: TcpListener) -> Self {
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            deliveries: watch::Sender::new(Vec::new()),
            answers: Arc::default(),
            verify_token: Arc::new(Mutex::new("sandbox-verify-token".into())),
        };
        let router = Router::new().route("/hook", get(verify).post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Answers to the next POSTs; 200 after them.
    pub fn answer_next(&self, statuses: &[u16]) {
        let statuses = statuses.iter().map(|status| StatusCode::from_u16(*status).unwrap());
        self.answers.lock().unwrap().extend(statuses);
    }

    pub fn all(&self) -> Vec<Delivery> {
        self.deliveries.borrow().clone()
    }

    /// Waits until `pick` finds what it looks for.
    pub async fn wait<T>(&self, what: &str, pick: impl Fn(&[Delivery]) -> Option<T>) -> T {
        let mut seen = self.deliveries.subscribe();
        let found = timeout(DEADLINE, seen.wait_for(|deliveries| pick(deliveries).is_some())).await;
        match found {
            Ok(deliveries) => pick(&deliveries.unwrap()).unwrap(),
            Err(_) => {
                panic!("no {what}; got {:#?}", self.all().iter().map(Delivery::json).collect::<Vec<_>>())
            }
        }
    }

    /// Waits for so many accepted statuses; answers them as (correlation, status) in order of arrival.
    pub async fn statuses(&self, count: usize) -> Vec<(String, String)> {
        self.wait(&format!("{count} statuses"), |deliveries| {
            let all = accepted_statuses(deliveries);
            (all.len() >= count).then_some(all)
        })
        .await
    }
}

pub fn accepted_statuses(deliveries: &[Delivery]) -> Vec<(String, String)> {
    let accepted = deliveries.iter().filter(|delivery| delivery.answered == StatusCode::OK);
    let statuses = accepted.flat_map(Delivery::statuses);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    statuses.map(|status| (text(&status["biz_opaque_callback_data"]), text(&status["status"]))).collect()
}

async fn verify(
    State(receiver): State<Receiver>,
    Query(query): Query<std::collections::HashMap<String, String>>,
) -> Result<String, StatusCode> {
    let asked = query.get("hub.mode").is_some_and(|mode| mode == "subscribe")
        && query.get("hub.verify_token") == Some(&*receiver.verify_token.lock().unwrap());
    if asked { Ok(query["hub.challenge"].clone()) } else { Err(StatusCode::FORBIDDEN) }
}

async fn receive(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> StatusCode {
    let answered = receiver.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK);
    let delivery = Delivery { headers, body: body.to_vec(), answered };
    receiver.deliveries.send_modify(|deliveries| deliveries.push(delivery));
    answered
}

/// A running sandbox, stopped when dropped.
pub struct Sandbox {
    pub base: String,
    pub client: Client,
    pub stop: CancellationToken,
    pub done: JoinHandle<anyhow::Result<()>>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Fast and without limits unless a test asks for them.
pub fn calm() -> Behaviour {
    Behaviour { status_ms: 0, pacing: false, window: false, ..Behaviour::default() }
}

pub async fn boot(behaviour: Behaviour) -> (Sandbox, Receiver) {
    let receiver = Receiver::start().await;
    let settings = Settings { webhook_url: Some(receiver.url.clone()), behaviour, ..Settings::default() };
    (boot_with(settings).await, receiver)
}

pub async fn boot_with(settings: Settings) -> Sandbox {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let done = tokio::spawn(sandbox::serve(listener, settings, stop.clone()));
    // The client is built without TLS roots in mind, but the crate needs a provider all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    Sandbox { base, client, stop, done }
}

/// An answer's status and body.
pub type Answer = (u16, Value);

async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

impl Sandbox {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends a body to the messages endpoint of the default phone number.
    pub async fn send(&self, body: &Value) -> Answer {
        answer(self.try_send(body).await.unwrap()).await
    }

    pub async fn try_send(&self, body: &Value) -> reqwest::Result<Response> {
        let url = self.url(&format!("/v24.0/{PHONE}/messages"));
        self.client.post(url).bearer_auth(TOKEN).json(body).send().await
    }

    /// Sends a text that must be accepted; answers its id.
    pub async fn send_text(&self, to: &str, correlation: &str) -> String {
        let (status, body) = self.send(&text(to, correlation)).await;
        assert_eq!(status, 200, "{body}");
        body["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Calls the Graph API with the default token.
    pub async fn graph(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(path) };
        let mut request = self.client.request(method.parse().unwrap(), url).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request.send().await.unwrap()).await
    }

    /// Calls a control endpoint.
    pub async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.client.request(method.parse().unwrap(), self.url(path));
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request.send().await.unwrap()).await
    }

    pub async fn set(&self, settings: Value) {
        let (status, body) = self.control("PATCH", "/control/settings", Some(&settings)).await;
        assert_eq!(status, 200, "{body}");
    }

    pub async fn fault(&self, rule: Value) -> String {
        let (status, body) = self.control("POST", "/control/faults", Some(&rule)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// Writes a text as a contact; answers its id.
    pub async fn speak(&self, contact: &str, words: &str) -> String {
        let message = json!({"channel": "whatsapp", "to": PHONE, "type": "text", "text": {"body": words}, "name": "Ann"});
        let (status, body) =
            self.control("POST", &format!("/contacts/{contact}/messages"), Some(&message)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    pub async fn ledger(&self) -> Vec<Value> {
        self.control("GET", "/ledger", None).await.1["entries"].as_array().unwrap().clone()
    }

    /// Asks a control endpoint until its answer is as wanted.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            loop {
                let (_, body) = self.control("GET", path, None).await;
                if wanted(&body) {
                    return body;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, asked).await.unwrap_or_else(|_| panic!("{path} never became as wanted"))
    }
}

pub fn text(to: &str, correlation: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text",
        "text": {"body": format!("text of {correlation}")}, "biz_opaque_callback_data": correlation})
}

/// The code of a Graph error answer.
pub fn code(answer: &Answer) -> (u16, u64) {
    (answer.0, answer.1["error"]["code"].as_u64().unwrap_or_else(|| panic!("no error in {}", answer.1)))
}
