//! Looks an account up at the provider, which proves that its token has access.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::{PROTOCOL, address};
use crate::channels::{Action, ChannelError, Sender, calls};
use crate::config::Secret;

/// Fields asked for of a phone number.
const NUMBER_FIELDS: &str = "id,display_phone_number,verified_name,quality_rating";
/// Phone numbers asked for at once: the most that the provider gives.
const PAGE_SIZE: &str = "100";
/// Most pages of phone numbers.
const PAGE_LIMIT: usize = 50;

/// A phone number of a business account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PhoneNumberInfo {
    /// The provider's id of it.
    pub id: String,
    /// The number, written for people.
    #[serde(default)]
    pub display_phone_number: String,
    /// The name that contacts see.
    #[serde(default)]
    pub verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`; the provider may add words.
    #[serde(default)]
    pub quality_rating: Option<String>,
}

/// A business account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BusinessAccountInfo {
    /// The provider's id of it.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<PhoneNumberInfo>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Option<Cursors>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

/// The sending phone number itself.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn phone_number(http: &reqwest::Client, sender: &Sender) -> Result<PhoneNumberInfo, ChannelError> {
    let url = address(&sender.base_url, &[&sender.external_id]);
    let number: PhoneNumberInfo = get(http, url, &[("fields", NUMBER_FIELDS)], &sender.access_token).await?;
    same_id(&number.id, &sender.external_id)?;
    Ok(number)
}

/// A business account, which proves that the token may use it.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn business_account(
    http: &reqwest::Client,
    base_url: &Url,
    waba_id: &str,
    token: &Secret,
) -> Result<BusinessAccountInfo, ChannelError> {
    let url = address(base_url, &[waba_id]);
    let account: BusinessAccountInfo = get(http, url, &[("fields", "id,name")], token).await?;
    same_id(&account.id, waba_id)?;
    Ok(account)
}

/// Every phone number of a business account.
///
/// # Errors
/// The provider's refusal, why it could not be asked, or that there is no end to its pages.
pub async fn phone_numbers_of(
    http: &reqwest::Client,
    base_url: &Url,
    waba_id: &str,
    token: &Secret,
) -> Result<Vec<PhoneNumberInfo>, ChannelError> {
    let mut numbers = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGE_LIMIT {
        let url = address(base_url, &[waba_id, "phone_numbers"]);
        let mut query = vec![("fields", NUMBER_FIELDS), ("limit", PAGE_SIZE)];
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let page: Page = get(http, url, &query, token).await?;
        numbers.extend(page.data);
        let Some(Paging { cursors, next: Some(_) }) = page.paging else { return Ok(numbers) };
        // The cursor, and not the address that the answer gives, which may lead our token elsewhere.
        let next = cursors.and_then(|cursors| cursors.after);
        if next.is_none() || next == after {
            return Ok(numbers);
        }
        after = next;
    }
    Err(ChannelError::new(
        Action::Content,
        "too_many_phone_numbers",
        "The account has too many phone numbers",
    ))
}

fn same_id(answered: &str, asked: &str) -> Result<(), ChannelError> {
    if answered == asked {
        return Ok(());
    }
    let title = "The provider answered for another phone number or account";
    Err(ChannelError::new(Action::Account, "number_missing", title))
}

pub(super) async fn get<T: DeserializeOwned>(
    http: &reqwest::Client,
    url: Url,
    query: &[(&str, &str)],
    token: &Secret,
) -> Result<T, ChannelError> {
    calls::ask(http.get(url).query(query).bearer_auth(token.expose()), &PROTOCOL).await
}
