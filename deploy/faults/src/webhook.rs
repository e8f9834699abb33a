//! Webhooks as the provider posts them, written by hand: the test sees each answer, and nobody repeats them.

use common::crypto::signature::hmac_sha256;
use serde_json::{Value, json};

use crate::Client;

/// The secret that the test organization's provider signs with.
const APP_SECRET: &str = "sandbox-app-secret";

/// The signature header of a body.
pub fn sign(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac_sha256(secret.as_bytes(), body)))
}

/// A webhook in the making: entries of one or several numbers.
#[derive(Debug, Clone, Default)]
pub struct Webhook {
    entries: Vec<Value>,
}

impl Webhook {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change of a number with this value beside its metadata.
    #[must_use]
    pub fn value(self, number: &str, value: Value) -> Self {
        self.change(number, "messages", value)
    }

    /// Adds a change of this field.
    #[must_use]
    pub fn change(mut self, number: &str, field: &str, mut value: Value) -> Self {
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({ "display_phone_number": "15550000001", "phone_number_id": number });
        let change = json!({ "field": field, "value": value });
        self.entries.push(json!({ "id": format!("waba-{number}"), "changes": [change] }));
        self
    }

    /// Adds a contact's message: `message` beside its id, sender and time.
    #[must_use]
    pub fn message(self, number: &str, from: &str, id: &str, mut message: Value) -> Self {
        for (name, value) in [("id", id), ("from", from), ("timestamp", &now())] {
            message[name] = json!(value);
        }
        let contact = json!({ "wa_id": from, "profile": { "name": "Ada" } });
        self.value(number, json!({ "contacts": [contact], "messages": [message] }))
    }

    /// Adds an echo of what the business sent from its phone: `message` beside its id, recipient and time.
    #[must_use]
    pub fn echo(self, number: &str, to: &str, id: &str, mut message: Value) -> Self {
        for (name, value) in [("id", id), ("from", "15550000001"), ("to", to), ("timestamp", &now())] {
            message[name] = json!(value);
        }
        self.change(number, "smb_message_echoes", json!({ "message_echoes": [message] }))
    }

    /// Adds a contact's text.
    #[must_use]
    pub fn text(self, number: &str, from: &str, id: &str, text: &str) -> Self {
        self.message(number, from, id, json!({ "type": "text", "text": { "body": text } }))
    }

    /// Adds a status: `more` beside its message, word, recipient and time.
    #[must_use]
    pub fn status(self, number: &str, to: &str, (id, word): (&str, &str), mut more: Value) -> Self {
        for (name, value) in [("id", id), ("status", word), ("recipient_id", to), ("timestamp", &now())] {
            more[name] = json!(value);
        }
        self.value(number, json!({ "statuses": [more] }))
    }

    /// The body that is posted.
    pub fn body(&self) -> Vec<u8> {
        json!({ "object": "whatsapp_business_account", "entry": self.entries }).to_string().into_bytes()
    }
}

fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs().to_string()
}

impl Client {
    /// Posts a webhook, signed as the provider signs; the status.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_webhook(&self, webhook: &Webhook) -> anyhow::Result<u16> {
        let body = webhook.body();
        let signature = sign(APP_SECRET, &body);
        self.post_webhook_as(body, Some(&signature)).await
    }

    /// Posts any bytes under any signature; the status.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_webhook_as(&self, body: Vec<u8>, signature: Option<&str>) -> anyhow::Result<u16> {
        let mut request = self.http.post(format!("{}/channels/whatsapp/webhook", self.api_url)).body(body);
        request = request.header("Content-Type", "application/json");
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        Ok(request.send().await?.status().as_u16())
    }
}
