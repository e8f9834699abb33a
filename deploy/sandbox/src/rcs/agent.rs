//! Agents: what they are, and what they have sent and got.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::Message;
use super::token::Tokens;
use crate::settings::merge;

/// Messages kept of an agent; the oldest go first.
const KEPT: usize = 100_000;
/// The key of every service account here, which is public: it opens nothing but a sandbox.
pub const KEY: &str = include_str!("sandbox-key.pem");
/// The id of that key.
const KEY_ID: &str = "sandbox-key";
/// A contact that RCS does not reach ends in this.
const NOT_REACHED: &str = "99990404";

/// An agent as tests and people set it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Its id.
    pub agent_id: String,
    /// The address of the service account that may use it.
    pub client_email: String,
    /// The word of its webhook, which signs.
    pub client_token: String,
    /// Where it is told what happens.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Numbers, as digits, that RCS does not reach.
    #[serde(default)]
    pub unreachable: Vec<String>,
    /// What contacts' phones can show, in the provider's words.
    #[serde(default = "features")]
    pub features: Vec<String>,
}

fn features() -> Vec<String> {
    ["RICHCARD_STANDALONE", "RICHCARD_CAROUSEL", "ACTION_DIAL", "ACTION_OPEN_URL", "ACTION_VIEW_LOCATION"]
        .map(str::to_owned)
        .into()
}

/// An agent at work.
#[derive(Debug)]
pub struct Agent {
    config: RwLock<Arc<Config>>,
    /// What it has sent and got.
    pub book: Mutex<Book>,
}

/// What an agent has sent and got.
#[derive(Debug, Default)]
pub struct Book {
    messages: VecDeque<Arc<Message>>,
    by_id: HashMap<Box<str>, Arc<Message>>,
}

impl Book {
    /// Adds a message.
    pub fn add(&mut self, message: Arc<Message>) {
        if self.messages.len() >= KEPT
            && let Some(oldest) = self.messages.pop_front()
        {
            self.by_id.remove(&oldest.id);
        }
        self.by_id.insert(message.id.clone(), message.clone());
        self.messages.push_back(message);
    }

    /// A message by its id.
    pub fn find(&self, id: &str) -> Option<Arc<Message>> {
        self.by_id.get(id).cloned()
    }

    /// All messages, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> {
        self.messages.iter()
    }
}

impl Agent {
    /// What it is now.
    pub fn config(&self) -> Arc<Config> {
        self.config.read().clone()
    }
}

impl Config {
    /// Whether RCS reaches a contact, by its digits.
    pub fn reaches(&self, contact: &str) -> bool {
        !contact.ends_with(NOT_REACHED) && !self.unreachable.iter().any(|number| number == contact)
    }

    /// Its service account, as the provider gives it out: tokens come from this host.
    pub fn service_account(&self, host: &str) -> Value {
        json!({
            "type": "service_account", "project_id": "sandbox", "private_key_id": KEY_ID, "private_key": pem(),
            "client_email": self.client_email, "token_uri": format!("http://{host}/token"),
        })
    }

    fn check(&self) -> Result<(), String> {
        if self.agent_id.is_empty() || self.client_token.is_empty() {
            return Err("agentId and clientToken must not be empty".into());
        }
        if !self.client_email.contains('@') {
            return Err("clientEmail must be an address".into());
        }
        match &self.webhook_url {
            Some(url) if reqwest::Url::parse(url).is_err() => Err("webhookUrl is no address".into()),
            _ => Ok(()),
        }
    }
}

/// The key without the line that says what it is.
fn pem() -> &'static str {
    KEY.find("-----BEGIN").map_or(KEY, |at| &KEY[at..])
}

/// All agents, and the tokens of their service accounts.
#[derive(Debug, Default)]
pub struct Agents {
    agents: RwLock<HashMap<String, Arc<Agent>>>,
    /// Tokens that were given.
    pub tokens: Tokens,
}

impl Agents {
    /// Stores an agent, or replaces one, whose messages stay; says whether it is new.
    pub fn put(&self, config: Config) -> Result<bool, String> {
        config.check()?;
        let mut agents = self.agents.write();
        let config = Arc::new(config);
        if let Some(agent) = agents.get(&config.agent_id) {
            *agent.config.write() = config;
            return Ok(false);
        }
        let id = config.agent_id.clone();
        agents.insert(id, Arc::new(Agent { config: RwLock::new(config), book: Mutex::default() }));
        Ok(true)
    }

    /// Changes some fields of an agent; none if there is no such agent.
    pub fn patch(&self, id: &str, patch: &Value) -> Option<Result<Arc<Config>, String>> {
        let agent = self.find(id)?;
        let changed = || {
            let mut whole = serde_json::to_value(&*agent.config()).map_err(|error| error.to_string())?;
            merge(&mut whole, patch);
            let config: Config = serde_json::from_value(whole).map_err(|error| error.to_string())?;
            if config.agent_id != id {
                return Err("agentId cannot change".into());
            }
            self.put(config).map(|_| agent.config())
        };
        Some(changed())
    }

    /// An agent by its id.
    pub fn find(&self, id: &str) -> Option<Arc<Agent>> {
        self.agents.read().get(id).cloned()
    }

    /// All agents, by id.
    pub fn all(&self) -> Vec<Arc<Agent>> {
        let mut all: Vec<Arc<Agent>> = self.agents.read().values().cloned().collect();
        all.sort_by_key(|agent| agent.config().agent_id.clone());
        all
    }
}

/// The agent that is there from the start.
pub fn default_agent(webhook_url: Option<String>) -> Config {
    Config {
        agent_id: "sandbox_agent".into(),
        client_email: "rbm@sandbox.iam.gserviceaccount.com".into(),
        client_token: "sandbox-client-token".into(),
        webhook_url,
        unreachable: Vec::new(),
        features: features(),
    }
}
