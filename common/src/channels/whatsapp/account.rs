//! Looks an account up at the provider, which proves that its token has access.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{PROTOCOL, address};
use crate::channels::{Action, ChannelError, Sender, calls};
use crate::config::Secret;

/// Fields asked for of a phone number.
const NUMBER_FIELDS: &str = "id,display_phone_number,verified_name,quality_rating";
/// Fields asked for of each phone number of an account.
const LISTED_NUMBER_FIELDS: &str =
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,platform_type,status";
/// Phone numbers asked for at once: the most that the provider gives.
const NUMBERS_AT_ONCE: &str = "100";
/// Fields asked for of a template.
const TEMPLATE_FIELDS: &str = "id,name,language,status,category,parameter_format,components";
/// Templates asked for at once: one takes some kilobytes, and an answer is read up to a megabyte.
const TEMPLATES_AT_ONCE: &str = "100";
/// Most pages of a list.
const PAGE_LIMIT: usize = 100;

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
    /// Whether the business has proven that the number is its own, such as `VERIFIED`.
    #[serde(default)]
    pub code_verification_status: Option<String>,
    /// Where it is registered: `CLOUD_API`, `ON_PREMISE` or `NOT_APPLICABLE`.
    #[serde(default)]
    pub platform_type: Option<String>,
    /// How the provider has it: `CONNECTED`, `PENDING` and so on.
    #[serde(default)]
    pub status: Option<String>,
}

impl PhoneNumberInfo {
    /// Whether it is registered with the Cloud API, so that it can send.
    pub fn is_registered(&self) -> bool {
        let connected =
            |status: &str| ["CONNECTED", "FLAGGED", "RESTRICTED", "RATE_LIMITED"].contains(&status);
        self.platform_type.as_deref() == Some("CLOUD_API") && self.status.as_deref().is_none_or(connected)
    }
}

/// A message template of a business account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TemplateInfo {
    /// The provider's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its language, such as `en_US`.
    pub language: String,
    /// `APPROVED`, `PENDING` and so on; the provider may add words.
    pub status: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    #[serde(default)]
    pub category: String,
    /// Whether its gaps have numbers (`POSITIONAL`) or names (`NAMED`).
    #[serde(default)]
    pub parameter_format: Option<String>,
    /// Header, body, footer and buttons, as the provider writes them.
    #[serde(default)]
    pub components: Vec<Value>,
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
struct Page<T> {
    data: Vec<T>,
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
    let list = List { segment: "phone_numbers", fields: LISTED_NUMBER_FIELDS, at_once: NUMBERS_AT_ONCE };
    list.whole(http, (base_url, waba_id), token).await
}

/// Every message template of a business account, whatever its status.
///
/// # Errors
/// The provider's refusal, why it could not be asked, or that there is no end to its pages.
pub async fn templates_of(
    http: &reqwest::Client,
    base_url: &Url,
    waba_id: &str,
    token: &Secret,
) -> Result<Vec<TemplateInfo>, ChannelError> {
    let list = List { segment: "message_templates", fields: TEMPLATE_FIELDS, at_once: TEMPLATES_AT_ONCE };
    list.whole(http, (base_url, waba_id), token).await
}

/// A list that an account has, page by page.
struct List {
    segment: &'static str,
    fields: &'static str,
    at_once: &'static str,
}

impl List {
    async fn whole<T: DeserializeOwned>(
        &self,
        http: &reqwest::Client,
        (base_url, waba_id): (&Url, &str),
        token: &Secret,
    ) -> Result<Vec<T>, ChannelError> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGE_LIMIT {
            let url = address(base_url, &[waba_id, self.segment]);
            let mut query = vec![("fields", self.fields), ("limit", self.at_once)];
            query.extend(after.as_deref().map(|cursor| ("after", cursor)));
            let page: Page<T> = get(http, url, &query, token).await?;
            items.extend(page.data);
            let Some(Paging { cursors, next: Some(_) }) = page.paging else { return Ok(items) };
            // The cursor, and not the address that the answer gives, which may lead our token elsewhere.
            let next = cursors.and_then(|cursors| cursors.after);
            if next.is_none() || next == after {
                return Ok(items);
            }
            after = next;
        }
        let title = "The provider's list has no end";
        Err(ChannelError::new(Action::Content, "too_many_pages", title).detail(self.segment))
    }
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
