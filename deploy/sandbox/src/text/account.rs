//! Accounts for texts: what they are, and what they have sent and got.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::message::Message;
use crate::clock::Micros;
use crate::settings::merge;

/// Messages kept of an account; the oldest go first.
const KEPT: usize = 100_000;

/// An account as tests and people set it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Its id: `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// Its token: authorizes calls and signs webhooks.
    pub auth_token: String,
    /// Its API keys.
    #[serde(default)]
    pub api_keys: Vec<ApiKey>,
    /// Its name.
    #[serde(default)]
    pub friendly_name: String,
    /// `active`, `suspended` or `closed`.
    #[serde(default = "active")]
    pub status: String,
    /// Its phone numbers.
    #[serde(default)]
    pub phone_numbers: Vec<Number>,
    /// Its short codes, and the names it may send as.
    #[serde(default)]
    pub sender_ids: Vec<String>,
    /// Ids of its messaging services.
    #[serde(default)]
    pub messaging_services: Vec<String>,
    /// Where it is told what contacts write; the fragment may ask for repeats (`#rc=5&rp=all`).
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Whether what contacts write is told with what it was taken for (`OptOutType`).
    #[serde(default)]
    pub advanced_opt_out: bool,
}

fn active() -> String {
    "active".into()
}

/// An API key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiKey {
    /// Its id.
    pub sid: String,
    /// Its secret.
    pub secret: String,
}

/// A phone number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Number {
    /// Its id.
    pub sid: String,
    /// The number, with its plus sign.
    pub phone_number: String,
    /// Its name.
    #[serde(default)]
    pub friendly_name: String,
    /// Segments a second; the setting `textThroughput` goes for all others.
    #[serde(default)]
    pub throughput: Option<u64>,
}

/// An account at work.
#[derive(Debug)]
pub struct Account {
    config: RwLock<Arc<Config>>,
    /// What it has sent and got, and what stands in the way.
    pub book: Mutex<Book>,
}

/// What an account has sent and got.
#[derive(Debug, Default)]
pub struct Book {
    messages: VecDeque<Arc<Message>>,
    by_sid: HashMap<Box<str>, Arc<Message>>,
    /// Senders with the contacts that stopped their texts.
    stopped: HashSet<(String, String)>,
    /// Until when each sender's queue is full.
    pub queues: HashMap<String, Micros>,
}

impl Book {
    /// Adds a message.
    pub fn add(&mut self, message: Arc<Message>) {
        if self.messages.len() >= KEPT
            && let Some(oldest) = self.messages.pop_front()
        {
            self.by_sid.remove(&oldest.sid);
        }
        self.by_sid.insert(message.sid.clone(), message.clone());
        self.messages.push_back(message);
    }

    /// A message by its id.
    pub fn find(&self, sid: &str) -> Option<Arc<Message>> {
        self.by_sid.get(sid).cloned()
    }

    /// Forgets a message; says whether it was there.
    pub fn forget(&mut self, sid: &str) -> bool {
        self.messages.retain(|message| &*message.sid != sid);
        self.by_sid.remove(sid).is_some()
    }

    /// All messages, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.messages.iter().rev()
    }

    /// A contact stops a sender's texts, or begins them again.
    pub fn stop(&mut self, sender: &str, contact: &str, stops: bool) {
        let pair = (sender.to_owned(), contact.to_owned());
        if stops {
            self.stopped.insert(pair);
        } else {
            self.stopped.remove(&pair);
        }
    }

    /// Whether a contact has stopped a sender's texts.
    pub fn is_stopped(&self, sender: &str, contact: &str) -> bool {
        self.stopped.contains(&(sender.to_owned(), contact.to_owned()))
    }
}

impl Account {
    /// What it is now.
    pub fn config(&self) -> Arc<Config> {
        self.config.read().clone()
    }
}

impl Config {
    /// One of its phone numbers.
    pub fn number(&self, number: &str) -> Option<&Number> {
        self.phone_numbers.iter().find(|known| known.phone_number == number)
    }

    /// Whether it may send as this.
    pub fn owns(&self, sender: &str) -> bool {
        self.number(sender).is_some() || self.sender_ids.iter().any(|known| known == sender)
    }

    fn check(&self) -> Result<(), String> {
        let hex = |text: &str, letters: &str| {
            let rest = text.strip_prefix(letters).unwrap_or_default();
            rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if !hex(&self.account_sid, "AC") {
            return Err("accountSid must be AC and 32 hexadecimal digits".into());
        }
        if self.auth_token.is_empty() {
            return Err("authToken must not be empty".into());
        }
        if self
            .phone_numbers
            .iter()
            .any(|number| !hex(&number.sid, "PN") || !number.phone_number.starts_with('+'))
        {
            return Err("a phone number needs a sid of PN and 32 hexadecimal digits, and a plus sign".into());
        }
        if self.messaging_services.iter().any(|service| !hex(service, "MG")) {
            return Err("a messaging service must be MG and 32 hexadecimal digits".into());
        }
        match &self.webhook_url {
            Some(url) if reqwest::Url::parse(url).is_err() => Err("webhookUrl is no address".into()),
            _ => Ok(()),
        }
    }
}

/// All accounts for texts.
#[derive(Debug, Default)]
pub struct Texts(RwLock<HashMap<String, Arc<Account>>>);

impl Texts {
    /// Stores an account, or replaces one, whose messages stay; says whether it is new.
    pub fn put(&self, config: Config) -> Result<bool, String> {
        config.check()?;
        let mut accounts = self.0.write();
        let taken = |account: &Arc<Account>| {
            let known = account.config();
            let other = known.account_sid != config.account_sid;
            other && config.phone_numbers.iter().any(|number| known.number(&number.phone_number).is_some())
        };
        if accounts.values().any(taken) {
            return Err("a phone number is another account's".into());
        }
        let config = Arc::new(config);
        if let Some(account) = accounts.get(&config.account_sid) {
            *account.config.write() = config;
            return Ok(false);
        }
        let sid = config.account_sid.clone();
        accounts.insert(sid, Arc::new(Account { config: RwLock::new(config), book: Mutex::default() }));
        Ok(true)
    }

    /// Changes some fields of an account; none if there is no such account.
    pub fn patch(&self, sid: &str, patch: &Value) -> Option<Result<Arc<Config>, String>> {
        let account = self.find(sid)?;
        let changed = || {
            let mut whole = serde_json::to_value(&*account.config()).map_err(|error| error.to_string())?;
            merge(&mut whole, patch);
            let config: Config = serde_json::from_value(whole).map_err(|error| error.to_string())?;
            if config.account_sid != sid {
                return Err("accountSid cannot change".into());
            }
            self.put(config).map(|_| account.config())
        };
        Some(changed())
    }

    /// An account by its id.
    pub fn find(&self, sid: &str) -> Option<Arc<Account>> {
        self.0.read().get(sid).cloned()
    }

    /// All accounts, by id.
    pub fn all(&self) -> Vec<Arc<Account>> {
        let mut all: Vec<Arc<Account>> = self.0.read().values().cloned().collect();
        all.sort_by_key(|account| account.config().account_sid.clone());
        all
    }

    /// The account of a sender.
    pub fn of_sender(&self, sender: &str) -> Option<Arc<Account>> {
        self.all().into_iter().find(|account| account.config().owns(sender))
    }
}

/// The account that is there from the start.
pub fn default_account(webhook_url: Option<String>) -> Config {
    Config {
        account_sid: "AC00000000000000000000000000000001".into(),
        auth_token: "sandbox-auth-token".into(),
        api_keys: vec![ApiKey {
            sid: "SK00000000000000000000000000000001".into(),
            secret: "sandbox-api-secret".into(),
        }],
        friendly_name: "Sandbox texts".into(),
        status: active(),
        phone_numbers: vec![Number {
            sid: "PN00000000000000000000000000000001".into(),
            phone_number: "+15550000301".into(),
            friendly_name: "Sandbox text line".into(),
            throughput: None,
        }],
        sender_ids: vec!["SANDBOX".into()],
        messaging_services: vec!["MG00000000000000000000000000000001".into()],
        webhook_url,
        advanced_opt_out: false,
    }
}
