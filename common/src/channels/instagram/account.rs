//! Looks an account up at the provider, which proves that its token may use it, and subscribes to its webhooks.
//!
//! There are two ways in. Through the Graph API a token is a page's, and the account is linked with that page; at Instagram's own
//! address it is the account's. Which one it is shows in the address, and in how the token begins.

use serde::Deserialize;
use url::Url;

use crate::channels::ChannelError;
use crate::channels::calls::host_is_of;
use crate::channels::meta::pages::node::{Question, same};
use crate::config::Secret;

/// Where tokens are the accounts' own.
const OWN_LOGIN: &[&str] = &["graph.instagram.com"];
/// How the accounts' own tokens begin, wherever they are taken.
const OWN_TOKEN: &str = "IGAA";
/// What we are told of, through a page.
const PAGE_FIELDS: &[&str] = &[
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "message_reactions",
    "messaging_referral",
    "standby",
];
/// What we are told of, by the account's own login.
const OWN_FIELDS: &[&str] = &[
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "message_reactions",
    "messaging_referral",
    "message_echoes",
    "message_edit",
];

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// The provider's id of it.
    pub id: String,
    /// Its name there, such as `acme.shop`.
    pub username: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
}

/// Answer of a page, or of the account itself.
#[derive(Deserialize)]
struct Me {
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    instagram_business_account: Option<Linked>,
}

#[derive(Deserialize)]
struct Linked {
    id: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// The account that a token is for.
///
/// # Errors
/// The provider's refusal, why it could not be asked, or that the token is another's.
pub async fn account(
    http: &reqwest::Client,
    base_url: &Url,
    id: &str,
    token: &Secret,
) -> Result<AccountInfo, ChannelError> {
    let question = Question { http, base_url, token };
    let linked = if has_own_login(base_url, token) {
        let me: Me = question.me("user_id,username,name").await?;
        me.user_id.map(|id| Linked { id, username: me.username, name: me.name })
    } else {
        let me: Me = question.me("id,name,instagram_business_account{id,username,name}").await?;
        me.instagram_business_account
    };
    same(linked.as_ref().map(|linked| linked.id.as_str()), id)?;
    let (username, name) = linked.map(|linked| (linked.username, linked.name)).unwrap_or_default();
    Ok(AccountInfo { id: id.to_owned(), username, name })
}

/// Has the account's webhooks sent to the app of the token. May be repeated.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn subscribe(http: &reqwest::Client, base_url: &Url, token: &Secret) -> Result<(), ChannelError> {
    let fields = if has_own_login(base_url, token) { OWN_FIELDS } else { PAGE_FIELDS };
    Question { http, base_url, token }.subscribe("me", fields).await
}

fn has_own_login(base_url: &Url, token: &Secret) -> bool {
    token.expose().starts_with(OWN_TOKEN)
        || base_url.host_str().is_some_and(|host| host_is_of(host, OWN_LOGIN))
}
