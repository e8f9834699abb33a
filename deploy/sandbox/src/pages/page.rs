//! Pages and Instagram accounts: what they are, and their conversations.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::PageError;
use super::message::Message;
use super::tell::Lines;
use crate::clock::Micros;
use crate::settings::merge;

/// Messages kept of a conversation; the oldest go first.
const KEPT: usize = 1_000;

/// Where a page's conversations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// A Facebook page.
    Messenger,
    /// An Instagram account, linked with a page.
    Instagram,
}

impl Platform {
    /// The channel's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messenger => "messenger",
            Self::Instagram => "instagram",
        }
    }
}

/// A page as tests and people set it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Its id: of the page, or of the account.
    pub id: String,
    /// Where its conversations are.
    pub platform: Platform,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Instagram: the page that the account is linked with.
    #[serde(default)]
    pub page_id: String,
    /// The token that requests must carry.
    pub access_token: String,
    /// Key of the webhook signature.
    pub app_secret: String,
    /// Where webhooks go.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Whether the token has expired.
    #[serde(default)]
    pub token_expired: bool,
    /// Webhook fields that the app is subscribed to.
    #[serde(default)]
    pub subscribed_fields: Vec<String>,
}

impl Config {
    /// Whether it is an Instagram account with a login of its own, and no page: its tokens begin in their own way.
    pub fn has_own_login(&self) -> bool {
        self.platform == Platform::Instagram && self.access_token.starts_with("IGAA")
    }

    /// Whether the app is told of a field.
    pub fn tells(&self, field: &str) -> bool {
        self.subscribed_fields.iter().any(|known| known == field)
    }

    fn check(&self) -> Result<(), String> {
        let digits = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(&self.id) || self.access_token.is_empty() || self.app_secret.is_empty() {
            return Err("id must be digits, accessToken and appSecret must not be empty".into());
        }
        if self.platform == Platform::Instagram && !self.has_own_login() && !digits(&self.page_id) {
            return Err(
                "an Instagram account needs the pageId it is linked with, or a token that begins with IGAA"
                    .into(),
            );
        }
        match &self.webhook_url {
            Some(url) if reqwest::Url::parse(url).is_err() => Err("webhookUrl is no address".into()),
            _ => Ok(()),
        }
    }
}

/// A page at work.
#[derive(Debug)]
pub struct Page {
    config: RwLock<Arc<Config>>,
    /// Its conversations, by contact.
    pub chats: Mutex<HashMap<String, Chat>>,
    /// What is still to be told, by contact.
    pub lines: Arc<Lines>,
}

/// A conversation.
#[derive(Debug, Default)]
pub struct Chat {
    /// When the contact last did something that lets replies through.
    pub wrote_at: Option<Micros>,
    /// Its messages, oldest first.
    pub messages: Vec<Arc<Message>>,
}

impl Chat {
    /// Adds a message.
    pub fn add(&mut self, message: Arc<Message>) {
        if self.messages.len() >= KEPT {
            self.messages.remove(0);
        }
        self.messages.push(message);
    }

    /// A message by its id.
    pub fn find(&self, mid: &str) -> Option<&Arc<Message>> {
        self.messages.iter().find(|message| &*message.mid == mid)
    }
}

impl Page {
    /// What it is now.
    pub fn config(&self) -> Arc<Config> {
        self.config.read().clone()
    }
}

/// All pages and accounts.
#[derive(Debug, Default)]
pub struct Pages(RwLock<HashMap<String, Arc<Page>>>);

impl Pages {
    /// Stores a page, or replaces one, whose conversations stay; says whether it is new.
    pub fn put(&self, config: Config) -> Result<bool, String> {
        config.check()?;
        let mut pages = self.0.write();
        let config = Arc::new(config);
        if let Some(page) = pages.get(&config.id) {
            *page.config.write() = config;
            return Ok(false);
        }
        let id = config.id.clone();
        let page = Page { config: RwLock::new(config), chats: Mutex::default(), lines: Arc::default() };
        pages.insert(id, Arc::new(page));
        Ok(true)
    }

    /// Changes some fields of a page; none if there is no such page.
    pub fn patch(&self, id: &str, patch: &Value) -> Option<Result<Arc<Config>, String>> {
        let page = self.find(id)?;
        let changed = || {
            let mut whole = serde_json::to_value(&*page.config()).map_err(|error| error.to_string())?;
            merge(&mut whole, patch);
            let config: Config = serde_json::from_value(whole).map_err(|error| error.to_string())?;
            if config.id != id {
                return Err("id cannot change".into());
            }
            self.put(config).map(|_| page.config())
        };
        Some(changed())
    }

    /// A page by its id.
    pub fn find(&self, id: &str) -> Option<Arc<Page>> {
        self.0.read().get(id).cloned()
    }

    /// All pages, by id.
    pub fn all(&self) -> Vec<Arc<Page>> {
        let mut all: Vec<Arc<Page>> = self.0.read().values().cloned().collect();
        all.sort_by_key(|page| page.config().id.clone());
        all
    }

    /// Whether a request about this id is about a page: `me` always is, whoever the token is for.
    pub fn knows(&self, id: &str) -> bool {
        let is_of = |page: &Arc<Page>| {
            let config = page.config();
            config.id == id || config.page_id == id
        };
        id == "me" || self.0.read().values().any(is_of)
    }

    /// The page that a token is for, asked for as `me`, by its own id, or by that of the page it is linked with.
    pub fn of_token(&self, token: &str, id: &str, method: &str) -> Result<Arc<Page>, PageError> {
        let page = self.all().into_iter().find(|page| page.config().access_token == token);
        let page = page.ok_or_else(|| PageError::token(false))?;
        let config = page.config();
        if config.token_expired {
            return Err(PageError::token(true));
        }
        if id == "me" || id == config.id || id == config.page_id {
            return Ok(page);
        }
        Err(PageError::no_object(method, id))
    }
}

/// What the app is told of the page that is there from the start: a restarted sandbox has forgotten who asked for it.
const PAGE_FIELDS: [&str; 8] = [
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
];
/// The same of the Instagram account.
const ACCOUNT_FIELDS: [&str; 5] =
    ["messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral"];

/// The page that is there from the start.
pub fn default_page(webhook_url: Option<String>) -> Config {
    Config {
        id: "500000000000001".into(),
        platform: Platform::Messenger,
        name: "Sandbox page".into(),
        page_id: String::new(),
        access_token: "sandbox-page-token".into(),
        app_secret: "sandbox-app-secret".into(),
        webhook_url,
        token_expired: false,
        subscribed_fields: PAGE_FIELDS.map(str::to_owned).to_vec(),
    }
}

/// The Instagram account that is there from the start.
pub fn default_account(webhook_url: Option<String>) -> Config {
    Config {
        id: "600000000000001".into(),
        platform: Platform::Instagram,
        name: "sandbox.account".into(),
        page_id: "500000000000002".into(),
        access_token: "sandbox-instagram-token".into(),
        subscribed_fields: ACCOUNT_FIELDS.map(str::to_owned).to_vec(),
        ..default_page(webhook_url)
    }
}
