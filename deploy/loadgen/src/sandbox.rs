//! The provider sandbox's control endpoints, as far as they are needed here.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::Context;
use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{ask, get_json};
use crate::replies;
use crate::seed::{ACCESS_TOKEN, APP_SECRET, Seed, display};

/// A message that the provider took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// The number of the reply.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the provider has done so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// Messages taken.
    pub accepted: u64,
    /// Statuses not yet answered with 200, those that are not due included.
    pub queued: u64,
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Entry>,
    next: u64,
    dropped: u64,
}

#[derive(Deserialize)]
struct Entry {
    recipient: String,
    body: Value,
    at: DateTime<Utc>,
}

/// Makes the accounts known, with their numbers and where their webhooks go.
pub async fn connect(sandbox: SocketAddr, api: SocketAddr, seed: &Seed) -> anyhow::Result<()> {
    for (place, account) in seed.accounts.iter().enumerate() {
        let number = |(index, id): (usize, &String)| json!({"id": id, "displayPhoneNumber": display(place + index * seed.accounts.len())});
        let body = json!({
            "wabaId": account.waba, "accessToken": ACCESS_TOKEN, "appSecret": APP_SECRET, "templates": [],
            "webhookUrl": format!("http://{api}/channels/whatsapp/webhook"),
            "phoneNumbers": account.senders.iter().enumerate().map(number).collect::<Vec<_>>(),
        });
        ask(sandbox, Method::POST, "/control/accounts", Some(&body)).await?;
    }
    Ok(())
}

/// What it has done so far.
pub async fn stats(sandbox: SocketAddr) -> anyhow::Result<Stats> {
    let stats = get_json(sandbox, "/control/stats").await?;
    let number =
        |path: &str| stats.pointer(path).and_then(Value::as_u64).with_context(|| format!("no {path}"));
    Ok(Stats { accepted: number("/ledger/accepted")?, queued: number("/webhooks/queued")? })
}

/// The text of a message as the ledger keeps it, whichever the channel.
fn text_of(body: &Value) -> &str {
    let places = ["/text/body", "/message/text", "/Body", "/contentMessage/text"];
    places.iter().find_map(|place| body.pointer(place)?.as_str()).unwrap_or_default()
}

/// The whole ledger by recipient, in order of acceptance.
pub async fn ledger(sandbox: SocketAddr) -> anyhow::Result<HashMap<String, Vec<Taken>>> {
    let (mut ledger, mut after) = (HashMap::<String, Vec<Taken>>::new(), 0);
    loop {
        let body = ask(sandbox, Method::GET, &format!("/ledger?after={after}&limit=10000"), None).await?;
        let page: Page = serde_json::from_slice(&body)?;
        anyhow::ensure!(page.dropped == 0, "the ledger was too small: {} entries were dropped", page.dropped);
        if page.entries.is_empty() {
            return Ok(ledger);
        }
        after = page.next;
        for entry in page.entries {
            let text = text_of(&entry.body);
            let number = replies::number_of(text)
                .with_context(|| format!("the ledger holds a strange text: {text}"))?;
            ledger.entry(entry.recipient).or_default().push(Taken { number, at: entry.at });
        }
    }
}
