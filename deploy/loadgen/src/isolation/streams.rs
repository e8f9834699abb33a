//! The inboxes under load: one of each channel, and another organization's of the channel whose provider is to fail.

use anyhow::Context;
use common::channels::Channel;
use common::domain::ids::{ConversationId, InboxId};
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};
use uuid::Uuid;

use super::stage::Place;
use crate::client::{ask, ask_as, get_json};
use crate::seed::{ACCESS_TOKEN, APP_SECRET, tenant};

/// The place of the stream whose provider fails; the one after it is another organization's on the same channel.
pub const FAULTY: usize = 0;
/// Contacts that write at once.
const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);

/// An inbox under load.
pub struct Stream {
    /// What the report calls it.
    pub name: String,
    /// Its channel.
    pub channel: Channel,
    /// Its id.
    pub inbox: Uuid,
    /// What the provider calls it.
    pub sender: String,
    /// The last status that the channel has without the contact reading.
    pub furthest: &'static str,
    /// The key to reply with.
    pub key: HeaderValue,
    /// Its conversations.
    pub conversations: Vec<String>,
}

/// An account at the provider.
struct Account {
    channel: Channel,
    /// Digits that no other account of the run has at their end.
    number: usize,
}

/// All of them, with conversations in which the contact wrote last.
pub async fn prepare(place: &Place, failing: Channel, contacts: usize) -> anyhow::Result<Vec<Stream>> {
    let key = |key: String| HeaderValue::try_from(format!("Bearer {key}"));
    let ours = key(tenant(&place.client).await?.key)?;
    let another = key(tenant(&place.client).await?.key)?;
    let mut wanted = vec![(failing, &ours), (failing, &another)];
    wanted
        .extend(Channel::ALL.iter().filter(|channel| **channel != failing).map(|channel| (*channel, &ours)));
    let mut streams = Vec::new();
    for (number, (channel, key)) in wanted.into_iter().enumerate() {
        streams.push(Account { channel, number }.connect(place, key, contacts).await?);
    }
    Ok(streams)
}

impl Stream {
    /// A code that the provider uses for a fault of its own.
    pub fn server_error(&self) -> u32 {
        match self.channel {
            Channel::Whatsapp => 131_000,
            Channel::Messenger | Channel::Instagram => 2,
            Channel::Text => 20_500,
            Channel::Rcs => 500,
        }
    }
}

impl Account {
    fn sender(&self) -> String {
        match self.channel {
            Channel::Whatsapp => format!("8{:014}", self.number),
            Channel::Messenger | Channel::Instagram => format!("5{:014}", self.number),
            Channel::Text => format!("+1555010{:04}", self.number),
            Channel::Rcs => format!("loadgen_{}", self.number),
        }
    }

    /// The provider's id of the account itself.
    fn external_id(&self) -> String {
        match self.channel {
            Channel::Whatsapp => format!("7{:014}", self.number),
            Channel::Text => format!("AC{:032}", self.number + 100),
            Channel::Messenger | Channel::Instagram | Channel::Rcs => self.sender(),
        }
    }

    /// The path of the sandbox that keeps such accounts, and the account as it is kept there.
    fn at_the_sandbox(&self, place: &Place) -> (&'static str, Value) {
        let (id, sender, channel) = (self.external_id(), self.sender(), self.channel);
        let webhook = format!("http://{}/channels/{channel}/webhook", place.api);
        match channel {
            Channel::Whatsapp => (
                "/control/accounts",
                json!({
                    "wabaId": id, "accessToken": ACCESS_TOKEN, "appSecret": APP_SECRET, "webhookUrl": webhook, "templates": [],
                    "phoneNumbers": [{ "id": sender, "displayPhoneNumber": format!("+1 555 100 {:04}", self.number) }],
                }),
            ),
            Channel::Messenger | Channel::Instagram => (
                "/control/pages",
                json!({
                    "id": id, "platform": channel, "name": "Load", "pageId": format!("4{:014}", self.number),
                    "accessToken": format!("{ACCESS_TOKEN}-{}", self.number), "appSecret": APP_SECRET, "webhookUrl": webhook,
                }),
            ),
            Channel::Text => (
                "/control/text-accounts",
                json!({
                    "accountSid": id, "authToken": ACCESS_TOKEN, "webhookUrl": webhook,
                    "phoneNumbers": [{ "sid": format!("PN{:032}", self.number), "phoneNumber": sender, "throughput": 100 }],
                }),
            ),
            Channel::Rcs => (
                "/control/rcs-agents",
                json!({
                    "agentId": id, "clientEmail": format!("rbm{}@sandbox.iam.gserviceaccount.com", self.number),
                    "clientToken": APP_SECRET, "webhookUrl": webhook,
                }),
            ),
        }
    }

    /// The bodies that create its connection and its inbox.
    async fn bodies(&self, place: &Place) -> anyhow::Result<(Value, Value)> {
        let (id, sender) = (self.external_id(), self.sender());
        let meta = |token: String| json!({ "accessToken": token, "appSecret": APP_SECRET, "verifyToken": "loadgen-verify-token" });
        let (mut connection, inbox) = match self.channel {
            Channel::Whatsapp => (
                meta(ACCESS_TOKEN.to_owned()),
                json!({ "whatsapp": { "resourceIds": [id], "phoneNumberIds": [sender] } }),
            ),
            Channel::Messenger => {
                (meta(format!("{ACCESS_TOKEN}-{}", self.number)), json!({ "messenger": { "pageIds": [id] } }))
            }
            Channel::Instagram => (
                meta(format!("{ACCESS_TOKEN}-{}", self.number)),
                json!({ "instagram": { "accountIds": [id] } }),
            ),
            Channel::Text => {
                (json!({ "authToken": ACCESS_TOKEN }), json!({ "text": { "phoneNumbers": [sender] } }))
            }
            Channel::Rcs => {
                let path = format!("/control/rcs-agents/{id}/service-account");
                let mut account = get_json(place.sandbox, &path).await?;
                // Our requests name no port, and the sandbox goes by that.
                account["token_uri"] = json!(format!("http://{}/token", place.sandbox));
                let connection = json!({ "serviceAccount": account, "clientToken": APP_SECRET });
                (connection, json!({ "rcs": { "agentIds": [id] } }))
            }
        };
        connection["channel"] = json!(self.channel);
        connection["externalId"] = json!(id);
        connection["apiUrl"] = json!(format!("http://{}", place.sandbox));
        Ok((connection, inbox))
    }

    async fn connect(&self, place: &Place, key: &HeaderValue, contacts: usize) -> anyhow::Result<Stream> {
        let (path, account) = self.at_the_sandbox(place);
        ask(place.sandbox, Method::POST, path, Some(&account)).await?;
        let (connection, inbox) = self.bodies(place).await?;
        ask_as(key, place.api, Method::POST, "/v1/connections", &connection).await?;
        let created = ask_as(key, place.api, Method::POST, "/v1/inboxes", &inbox).await?;
        let id =
            created.pointer("/inboxes/0/id").and_then(Value::as_str).context("the new inbox has no id")?;
        // Of texts a long code may send one a second: the load is of another kind of number.
        let pace = json!({ "messagesPerSecond": 80 });
        ask_as(key, place.api, Method::PATCH, &format!("/v1/inboxes/{id}"), &pace).await?;
        let inbox: InboxId = id.parse().map_err(|_| anyhow::anyhow!("a strange id of an inbox: {id}"))?;
        self.everybody_writes(place, contacts).await?;
        let conversations = conversations(place, inbox, contacts).await?;
        let of = if self.number == FAULTY + 1 { "second inbox on " } else { "" };
        Ok(Stream {
            name: format!("{of}{}", self.channel),
            channel: self.channel,
            inbox: inbox.0,
            sender: self.sender(),
            furthest: if self.channel == Channel::Instagram { "sent" } else { "delivered" },
            key: key.clone(),
            conversations,
        })
    }

    async fn everybody_writes(&self, place: &Place, contacts: usize) -> anyhow::Result<()> {
        let hello = json!({ "channel": self.channel, "to": self.sender(), "type": "text", "text": { "body": "Hello" } });
        iter(0..contacts)
            .map(|contact| {
                let (path, hello) =
                    (format!("/contacts/1556{:03}{contact:04}/messages", self.number), &hello);
                async move { ask(place.sandbox, Method::POST, &path, Some(hello)).await }
            })
            .buffer_unordered(AT_ONCE)
            .try_for_each(async |_| Ok(()))
            .await
    }
}

/// Waits until every contact's message is in a conversation.
async fn conversations(place: &Place, inbox: InboxId, contacts: usize) -> anyhow::Result<Vec<String>> {
    let started = Instant::now();
    loop {
        let sql = "SELECT id FROM conversations WHERE inbox_id = $1";
        let rows = place.client.query(sql, &[&inbox.0]).await?;
        if rows.len() == contacts {
            return Ok(rows.iter().map(|row| ConversationId(row.get(0)).to_string()).collect());
        }
        let there = rows.len();
        anyhow::ensure!(
            started.elapsed() < PATIENCE,
            "of {contacts} contacts that wrote, {there} have conversations"
        );
        sleep(Duration::from_millis(100)).await;
    }
}
