//! A business account (WABA) and its phone numbers.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chat::Chats;
use crate::template::Template;
use crate::webhook::outbox::Outbox;

/// An account as `/control/accounts` takes and shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountConfig {
    /// The WhatsApp business account id.
    pub waba_id: String,
    /// Its display name.
    #[serde(default = "default_name")]
    pub name: String,
    /// The token that requests must carry.
    pub access_token: String,
    /// Key of the webhook signature.
    pub app_secret: String,
    /// What the app's own webhook set-up would send in the handshake.
    #[serde(default)]
    pub verify_token: String,
    /// The app's callback.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Whether the token has expired.
    #[serde(default)]
    pub token_expired: bool,
    /// Whether the app gets this account's webhooks.
    #[serde(default = "yes")]
    pub subscribed: bool,
    /// Callback of this account alone, set through `subscribed_apps`.
    #[serde(default)]
    pub override_callback_uri: Option<String>,
    /// Its phone numbers.
    #[serde(default)]
    pub phone_numbers: Vec<PhoneConfig>,
    /// Its message templates, as the provider lists them; the samples when absent.
    #[serde(default = "crate::template::samples")]
    pub templates: Vec<Value>,
}

/// A phone number of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PhoneConfig {
    /// The phone number id.
    pub id: String,
    /// How it is written.
    pub display_phone_number: String,
    /// The name contacts see.
    #[serde(default = "default_name")]
    pub verified_name: String,
    /// Messages a second; the settings' `throughput` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<u64>,
    /// GREEN, YELLOW, RED.
    #[serde(default = "default_quality")]
    pub quality_rating: String,
    /// CONNECTED and so on.
    #[serde(default = "default_status")]
    pub status: String,
    /// How the business shows itself, in the provider's fields.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub business_profile: Map<String, Value>,
}

fn yes() -> bool {
    true
}
fn default_name() -> String {
    "Sandbox".into()
}
fn default_quality() -> String {
    "GREEN".into()
}
fn default_status() -> String {
    "CONNECTED".into()
}

/// An account at work.
#[derive(Debug)]
pub struct Account {
    /// The WhatsApp business account id.
    pub waba_id: Box<str>,
    /// Webhook updates on their way.
    pub outbox: Outbox,
    state: RwLock<Arc<AccountState>>,
}

/// What of an account can change, parsed once.
#[derive(Debug)]
pub struct AccountState {
    /// As the control endpoint shows it.
    pub config: AccountConfig,
    /// Its templates, ready to check messages.
    pub templates: Vec<Arc<Template>>,
    /// Where webhooks go; `None` when nobody is subscribed.
    pub callback: Option<reqwest::Url>,
}

impl AccountState {
    /// Parses a configuration, or says what is wrong with it.
    pub fn parse(config: AccountConfig) -> Result<Self, String> {
        if config.waba_id.is_empty() || config.access_token.is_empty() || config.app_secret.is_empty() {
            return Err("wabaId, accessToken and appSecret must not be empty".into());
        }
        let templates = config.templates.iter().map(Template::parse).collect::<Result<Vec<_>, _>>()?;
        let templates = templates.into_iter().map(Arc::new).collect();
        let app = parse_callback(config.webhook_url.as_deref())?;
        let own = parse_callback(config.override_callback_uri.as_deref())?;
        let callback = if config.subscribed { own.or(app) } else { None };
        if let Some(phone) = config.phone_numbers.iter().find(|phone| phone.id.is_empty()) {
            return Err(format!("phone number {:?} has no id", phone.display_phone_number));
        }
        if config.phone_numbers.iter().any(|phone| phone.throughput == Some(0)) {
            return Err("throughput must be at least 1".into());
        }
        Ok(Self { config, templates, callback })
    }
}

/// A callback address that can be posted to.
fn parse_callback(address: Option<&str>) -> Result<Option<reqwest::Url>, String> {
    let Some(address) = address else { return Ok(None) };
    let url = reqwest::Url::parse(address).map_err(|error| format!("callback {address:?}: {error}"))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(Some(url))
    } else {
        Err(format!("callback {address:?}: not an http address"))
    }
}

impl Account {
    /// An account with this state.
    pub fn new(state: AccountState) -> Self {
        Self {
            waba_id: state.config.waba_id.as_str().into(),
            outbox: Outbox::default(),
            state: RwLock::new(Arc::new(state)),
        }
    }

    /// What it is now.
    pub fn state(&self) -> Arc<AccountState> {
        self.state.read().clone()
    }

    /// Replaces what it is.
    pub fn replace(&self, state: AccountState) {
        *self.state.write() = Arc::new(state);
    }
}

/// A phone number at work.
#[derive(Debug)]
pub struct Phone {
    /// The phone number id.
    pub id: Box<str>,
    /// The account it belongs to.
    pub account: Arc<Account>,
    /// Its chats and rate.
    pub chats: Mutex<Chats>,
    profile: RwLock<Arc<Profile>>,
}

/// What of a phone number can change.
#[derive(Debug)]
pub struct Profile {
    /// As configured.
    pub config: PhoneConfig,
    /// The digits of its display number.
    pub digits: String,
}

impl Phone {
    /// A phone number of `account`.
    pub fn new(account: Arc<Account>, config: &PhoneConfig) -> Self {
        Self {
            id: config.id.as_str().into(),
            account,
            chats: Mutex::default(),
            profile: RwLock::new(Arc::new(Profile::new(config))),
        }
    }

    /// What it is now.
    pub fn profile(&self) -> Arc<Profile> {
        self.profile.read().clone()
    }

    /// Replaces what it is.
    pub fn replace(&self, config: &PhoneConfig) {
        *self.profile.write() = Arc::new(Profile::new(config));
    }
}

impl Profile {
    fn new(config: &PhoneConfig) -> Self {
        let digits = config.display_phone_number.chars().filter(char::is_ascii_digit).collect();
        Self { config: config.clone(), digits }
    }
}
