//! A client of the api and of the sandbox's control.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::domain::ids::ConversationId;
use serde_json::{Value, json};

/// Calls the api as the workspace's key, and the sandbox.
#[derive(Clone)]
pub struct Client {
    /// The api's address.
    pub api_url: String,
    /// The sandbox's address.
    pub sandbox_url: String,
    token: String,
    phone_number_id: String,
    pub(crate) http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(
        api_url: String,
        sandbox_url: String,
        token: String,
        phone_number_id: String,
    ) -> anyhow::Result<Self> {
        let http = common::http_client::build(Duration::from_secs(20))?;
        Ok(Self { api_url, sandbox_url, token, phone_number_id, http })
    }

    /// The provider's id of the workspace's number.
    pub fn number(&self) -> &str {
        &self.phone_number_id
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<(u16, Value)> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let body = response.bytes().await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// `GET` of the api; an error unless it answers 2xx.
    ///
    /// # Errors
    /// When it does not.
    pub async fn api_get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.http.get(format!("{}{path}", self.api_url)).bearer_auth(&self.token);
        let (status, body) = self.answer(request).await?;
        anyhow::ensure!((200..300).contains(&status), "{path}: {status} {body}");
        Ok(body)
    }

    /// `POST` of the api: the status and the body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn api_post(
        &self,
        path: &str,
        body: &Value,
        idempotency: Option<&str>,
    ) -> anyhow::Result<(u16, Value)> {
        let mut request =
            self.http.post(format!("{}{path}", self.api_url)).bearer_auth(&self.token).json(body);
        if let Some(key) = idempotency {
            request = request.header("Idempotency-Key", key);
        }
        self.answer(request).await
    }

    /// A call of the api by any method: the status and the body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn api_call(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let request = self.http.request(method.parse()?, format!("{}{path}", self.api_url));
        self.answer(request.bearer_auth(&self.token).json(body)).await
    }

    /// Replies with a text; the message as accepted.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn reply(&self, conversation: ConversationId, text: &str) -> anyhow::Result<Value> {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
        let (status, body) = self.api_post("/v1/conversations/reply", &body, None).await?;
        anyhow::ensure!(status == 202, "not accepted: {status} {body}");
        Ok(body)
    }

    /// Replies with a text; the whole answer, whatever it is.
    ///
    /// # Errors
    /// When there is none.
    pub async fn try_reply(
        &self,
        conversation: ConversationId,
        text: &str,
    ) -> anyhow::Result<reqwest::Response> {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
        let request = self.http.post(format!("{}/v1/conversations/reply", self.api_url));
        Ok(request.bearer_auth(&self.token).json(&body).send().await?)
    }

    /// Replies until it is accepted, with an idempotency key, as a careful client does.
    ///
    /// # Panics
    /// When the api refuses it for good, or takes it not even after two minutes.
    pub async fn reply_insistently(&self, conversation: ConversationId, text: &str) -> Value {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
        let begun = Instant::now();
        loop {
            let answer = self.api_post("/v1/conversations/reply", &body, Some(text)).await;
            let patient = begun.elapsed() < Duration::from_secs(120);
            match answer {
                Ok((202, body)) => return body,
                Ok((status, body)) => assert!(status >= 429 && patient, "refused: {status} {body}"),
                Err(error) => assert!(patient, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A message with its timeline.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn message(&self, id: &str) -> anyhow::Result<Value> {
        self.api_get(&format!("/v1/messages/{id}")).await
    }

    /// A contact writes to the workspace's number.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn contact_writes(&self, address: &str, text: &str) -> anyhow::Result<Value> {
        let body = json!({ "channel": "whatsapp", "to": self.phone_number_id, "type": "text", "text": { "body": text } });
        self.sandbox_post(&format!("/contacts/{address}/messages"), &body).await
    }

    /// A contact sends a file of a type, such as `image`; the provider's id of the message.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn contact_sends(
        &self,
        address: &str,
        (kind, mime_type): (&str, &str),
        bytes: &[u8],
    ) -> anyhow::Result<Value> {
        let file = json!({ "data": STANDARD.encode(bytes), "mime_type": mime_type });
        let body = json!({ "channel": "whatsapp", "to": self.phone_number_id, "type": kind, kind: file });
        self.sandbox_post(&format!("/contacts/{address}/messages"), &body).await
    }

    /// Uploads a file.
    ///
    /// # Errors
    /// When it is not stored.
    pub async fn upload(&self, mime_type: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}/v1/media", self.api_url)).bearer_auth(&self.token);
        let (status, body) = self.answer(request.header("Content-Type", mime_type).body(bytes)).await?;
        anyhow::ensure!(status == 201, "not stored: {status} {body}");
        Ok(body)
    }

    /// What a link leads to: the status and the bytes.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn follow(&self, url: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let response = self.http.get(url).send().await?;
        Ok((response.status().as_u16(), response.bytes().await?.to_vec()))
    }

    /// The key that it calls with.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Orders a fault of the sandbox.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn fault(&self, order: &Value) -> anyhow::Result<Value> {
        self.sandbox_post("/control/faults", order).await
    }

    /// `GET` of the sandbox.
    ///
    /// # Errors
    /// When it does not answer 2xx.
    pub async fn sandbox_get(&self, path: &str) -> anyhow::Result<Value> {
        self.sandbox(self.http.get(format!("{}{path}", self.sandbox_url)))
            .await
            .with_context(|| path.to_owned())
    }

    /// `POST` of the sandbox.
    ///
    /// # Errors
    /// When it does not answer 2xx.
    pub async fn sandbox_post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.sandbox_url)).json(body);
        self.sandbox(request).await.with_context(|| path.to_owned())
    }

    /// `PATCH` of the sandbox.
    ///
    /// # Errors
    /// When it does not answer 2xx.
    pub async fn sandbox_patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.patch(format!("{}{path}", self.sandbox_url)).json(body);
        self.sandbox(request).await.with_context(|| path.to_owned())
    }

    /// `DELETE` of the sandbox.
    ///
    /// # Errors
    /// When it does not answer 2xx.
    pub async fn sandbox_delete(&self, path: &str) -> anyhow::Result<Value> {
        self.sandbox(self.http.delete(format!("{}{path}", self.sandbox_url)))
            .await
            .with_context(|| path.to_owned())
    }

    async fn sandbox(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let (status, body) = self.answer(request).await?;
        anyhow::ensure!((200..300).contains(&status), "{status} {body}");
        Ok(body)
    }
}
