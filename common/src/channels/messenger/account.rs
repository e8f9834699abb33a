//! Looks a page up at the provider, which proves that its token is the page's own, and subscribes to its webhooks.

use serde::Deserialize;
use url::Url;

use crate::channels::ChannelError;
use crate::channels::meta::pages::node::{Question, same};
use crate::config::Secret;

/// What we are told of.
const FIELDS: &[&str] = &[
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
];

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageInfo {
    /// The provider's id of it.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
}

/// The page that a token is for. Others may look a public page up; only its own token is answered with it here.
///
/// # Errors
/// The provider's refusal, why it could not be asked, or that the token is another's.
pub async fn page(
    http: &reqwest::Client,
    base_url: &Url,
    id: &str,
    token: &Secret,
) -> Result<PageInfo, ChannelError> {
    let page: PageInfo = Question { http, base_url, token }.me("id,name").await?;
    same(Some(&page.id), id)?;
    Ok(page)
}

/// Has the page's webhooks sent to the app of the token. May be repeated.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn subscribe(
    http: &reqwest::Client,
    base_url: &Url,
    id: &str,
    token: &Secret,
) -> Result<(), ChannelError> {
    Question { http, base_url, token }.subscribe(id, FIELDS).await
}
