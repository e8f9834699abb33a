//! Looks an account up at the provider, which proves that its credentials have access.

use serde::de::DeserializeOwned;
use url::Url;

use super::payloads::{AccountBody, NumberBody, NumbersPage, ServiceBody};
use super::{PROTOCOL, VERSION, address, addresses};
use crate::channels::{Action, ChannelError, Sender, calls};
use crate::config::Secret;

/// An account, and who calls for it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The provider's address.
    pub base_url: Url,
    /// The account.
    pub account: String,
    /// Who calls: the account itself, or one of its API keys.
    pub user: String,
    /// That one's password.
    pub password: Secret,
}

/// An account as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// The provider's id of it.
    pub sid: String,
    /// Its name.
    pub name: Option<String>,
}

/// A phone number of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberInfo {
    /// The provider's id of it.
    pub sid: String,
    /// The number, with its plus sign.
    pub number: String,
    /// Its name at the provider.
    pub name: Option<String>,
}

impl Caller {
    async fn get<T: DeserializeOwned>(
        &self,
        http: &reqwest::Client,
        url: Url,
        query: &[(&str, &str)],
    ) -> Result<T, ChannelError> {
        let request = http.get(url).query(query).basic_auth(&self.user, Some(self.password.expose()));
        calls::ask(request, &PROTOCOL).await
    }

    /// The account itself, which proves that its token gives access. An API key may not ask this.
    ///
    /// # Errors
    /// The provider's refusal, that the account is closed or suspended, or why it could not be asked.
    pub async fn account(&self, http: &reqwest::Client) -> Result<AccountInfo, ChannelError> {
        let file = format!("{}.json", self.account);
        let url = address(&self.base_url, &[VERSION, "Accounts", &file]);
        let found: AccountBody = self.get(http, url, &[]).await?;
        if found.sid != self.account {
            return Err(other("The provider answered for another account"));
        }
        match found.status.as_deref() {
            None | Some("active") => Ok(AccountInfo { sid: found.sid, name: found.friendly_name }),
            Some(_) => {
                let title = "The account is suspended or closed";
                Err(ChannelError::new(Action::Account, "number_restricted", title))
            }
        }
    }

    /// A number of the account, if it has it.
    ///
    /// # Errors
    /// The provider's refusal, or why it could not be asked.
    pub async fn number(
        &self,
        http: &reqwest::Client,
        number: &str,
    ) -> Result<Option<NumberInfo>, ChannelError> {
        let url = address(&self.base_url, &[VERSION, "Accounts", &self.account, "IncomingPhoneNumbers.json"]);
        let page: NumbersPage = self.get(http, url, &[("PhoneNumber", number), ("PageSize", "20")]).await?;
        // The provider takes what it is given for a part of the number.
        let found = page.incoming_phone_numbers.into_iter().find(|found| found.phone_number == number);
        Ok(found.map(|NumberBody { sid, phone_number, friendly_name }| NumberInfo {
            sid,
            number: phone_number,
            name: friendly_name,
        }))
    }

    /// Whether the account has a messaging service; `base` is the address of the services' own API.
    ///
    /// # Errors
    /// The provider's refusal, or why it could not be asked.
    pub async fn has_service(
        &self,
        http: &reqwest::Client,
        base: &Url,
        service: &str,
    ) -> Result<bool, ChannelError> {
        let url = address(base, &["v1", "Services", service]);
        match self.get::<ServiceBody>(http, url, &[]).await {
            Ok(found) => Ok(found.sid == service),
            // The same code as for an account: here it is the service that is not there.
            Err(error) if error.http_status == Some(404) && error.provider_code.is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether the provider accepts a sender's credentials and knows its number.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn probe(http: &reqwest::Client, sender: &Sender) -> Result<(), ChannelError> {
    let caller = Caller {
        base_url: sender.base_url.clone(),
        account: sender.account.clone(),
        user: sender.user.clone().unwrap_or_else(|| sender.account.clone()),
        password: sender.access_token.clone(),
    };
    // Names and short codes are in no list that a key may read: for them the answer by itself is enough.
    let number = addresses::sender(&sender.external_id);
    match caller.number(http, number).await? {
        None if addresses::is_e164(number) => Err(other("The account has no such number any more")),
        _ => Ok(()),
    }
}

fn other(title: &str) -> ChannelError {
    ChannelError::new(Action::Account, "number_missing", title)
}
