//! The accounts and phone numbers that exist, by their ids.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value;

use crate::account::{Account, AccountConfig, AccountState, Phone, PhoneConfig};
use crate::settings::merge;
use crate::template;

/// The accounts and phone numbers that exist.
#[derive(Debug, Default)]
pub struct Directory(RwLock<Index>);

#[derive(Debug, Default)]
struct Index {
    accounts: BTreeMap<Box<str>, Arc<Account>>,
    phones: HashMap<Box<str>, Arc<Phone>>,
}

/// Why an account was not stored.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such account.
    Unknown,
    /// A phone number belongs to another account.
    Taken(String),
    /// The configuration is wrong.
    Invalid(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => out.write_str("no such account"),
            Self::Taken(id) => write!(out, "phone number {id} belongs to another account"),
            Self::Invalid(why) => out.write_str(why),
        }
    }
}

impl Directory {
    /// The account of an id.
    pub fn account(&self, waba_id: &str) -> Option<Arc<Account>> {
        self.0.read().accounts.get(waba_id).cloned()
    }

    /// The phone number of an id.
    pub fn phone(&self, id: &str) -> Option<Arc<Phone>> {
        self.0.read().phones.get(id).cloned()
    }

    /// The phone number of an id or of its display digits.
    pub fn phone_by_any(&self, given: &str) -> Option<Arc<Phone>> {
        let index = self.0.read();
        if let Some(phone) = index.phones.get(given) {
            return Some(phone.clone());
        }
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        index.phones.values().find(|phone| phone.profile().digits == digits).cloned()
    }

    /// All accounts, by id.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        self.0.read().accounts.values().cloned().collect()
    }

    /// All phone numbers.
    pub fn phones(&self) -> Vec<Arc<Phone>> {
        self.0.read().phones.values().cloned().collect()
    }

    /// Stores an account, new or known; chats of phone numbers that stay are kept.
    pub fn put(&self, config: AccountConfig) -> Result<Arc<Account>, Refusal> {
        self.0.write().put(config)
    }

    /// Replaces some fields of an account.
    pub fn patch(&self, waba_id: &str, patch: &Value) -> Result<Arc<Account>, Refusal> {
        // One lock around reading and storing, so that two patches at once both take effect.
        let mut index = self.0.write();
        if !patch.is_object() {
            return Err(Refusal::Invalid("an account must be an object".into()));
        }
        let account = index.accounts.get(waba_id).ok_or(Refusal::Unknown)?;
        let mut whole = serde_json::to_value(&account.state().config).map_err(|error| invalid(&error))?;
        merge(&mut whole, patch);
        let config: AccountConfig = serde_json::from_value(whole).map_err(|error| invalid(&error))?;
        if config.waba_id != waba_id {
            return Err(Refusal::Invalid("wabaId cannot change".into()));
        }
        index.put(config)
    }
}

fn invalid(error: &serde_json::Error) -> Refusal {
    Refusal::Invalid(error.to_string())
}

impl Index {
    fn put(&mut self, config: AccountConfig) -> Result<Arc<Account>, Refusal> {
        for phone in &config.phone_numbers {
            let owner = self.phones.get(phone.id.as_str()).map(|known| &*known.account.waba_id);
            if owner.is_some_and(|owner| owner != config.waba_id) {
                return Err(Refusal::Taken(phone.id.clone()));
            }
        }
        let phones = config.phone_numbers.clone();
        let state = AccountState::parse(config).map_err(Refusal::Invalid)?;
        let account = if let Some(account) = self.accounts.get(state.config.waba_id.as_str()) {
            account.replace(state);
            account.clone()
        } else {
            let account = Arc::new(Account::new(state));
            self.accounts.insert(account.waba_id.clone(), account.clone());
            account
        };
        self.put_phones(&account, &phones);
        Ok(account)
    }

    fn put_phones(&mut self, account: &Arc<Account>, phones: &[PhoneConfig]) {
        self.phones.retain(|id, phone| {
            !Arc::ptr_eq(&phone.account, account) || phones.iter().any(|config| config.id == **id)
        });
        for config in phones {
            match self.phones.get(config.id.as_str()) {
                Some(phone) => phone.replace(config),
                None => {
                    let phone = Arc::new(Phone::new(account.clone(), config));
                    self.phones.insert(phone.id.clone(), phone);
                }
            }
        }
    }
}

/// The account that exists from the start.
pub fn default_account(webhook_url: Option<String>) -> AccountConfig {
    AccountConfig {
        waba_id: "100000000000001".into(),
        name: "Sandbox".into(),
        access_token: "sandbox-access-token".into(),
        app_secret: "sandbox-app-secret".into(),
        verify_token: "sandbox-verify-token".into(),
        webhook_url,
        token_expired: false,
        subscribed: true,
        override_callback_uri: None,
        phone_numbers: vec![PhoneConfig {
            id: "200000000000001".into(),
            display_phone_number: "+1 555-000-0001".into(),
            verified_name: "Sandbox".into(),
            throughput: None,
            quality_rating: "GREEN".into(),
            status: "CONNECTED".into(),
            business_profile: serde_json::Map::new(),
        }],
        templates: template::samples(),
    }
}
