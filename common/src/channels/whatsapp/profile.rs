//! The business profile of a phone number: what contacts see when they open the business.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{PROTOCOL, account, address};
use crate::channels::calls;
use crate::channels::profile::{BusinessProfile, ProfileChange};
use crate::channels::{Action, ChannelError};
use crate::config::Secret;

const EDGE: &str = "whatsapp_business_profile";
const FIELDS: &str = "about,address,description,email,profile_picture_url,websites,vertical";
/// Most characters that the provider takes of each text.
pub const ABOUT: usize = 139;
/// Of an address, and of each website.
pub const ADDRESS: usize = 256;
/// Of a description.
pub const DESCRIPTION: usize = 512;
/// Of an email address.
pub const EMAIL: usize = 128;
/// Most websites.
pub const WEBSITES: usize = 2;
/// What the provider calls the industry of a business that has named none.
const UNDEFINED: &str = "UNDEFINED";
/// The industries that the provider knows.
pub const VERTICALS: &[&str] = &[
    "ALCOHOL",
    "APPAREL",
    "AUTO",
    "BEAUTY",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GOVT",
    "GROCERY",
    "HEALTH",
    "HOTEL",
    "MATRIMONY_SERVICE",
    "NONPROFIT",
    "NOT_A_BIZ",
    "ONLINE_GAMBLING",
    "OTC_DRUGS",
    "OTHER",
    "PHYSICAL_GAMBLING",
    "PROF_SERVICES",
    "RESTAURANT",
    "RETAIL",
    "TRAVEL",
];

#[derive(Deserialize)]
struct Profiles {
    data: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    about: Option<String>,
    address: Option<String>,
    description: Option<String>,
    email: Option<String>,
    profile_picture_url: Option<String>,
    vertical: Option<String>,
    #[serde(default)]
    websites: Vec<String>,
}

/// The profile of a phone number.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn read(
    http: &reqwest::Client,
    base_url: &Url,
    number: &str,
    token: &Secret,
) -> Result<BusinessProfile, ChannelError> {
    let url = address(base_url, &[number, EDGE]);
    let found: Profiles = account::get(http, url, &[("fields", FIELDS)], token).await?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let Some(profile) = found.data.into_iter().next() else { return Ok(BusinessProfile::default()) };
    Ok(BusinessProfile {
        about: filled(profile.about),
        address: filled(profile.address),
        description: filled(profile.description),
        email: filled(profile.email),
        vertical: filled(profile.vertical).filter(|word| word != UNDEFINED),
        websites: profile.websites.into_iter().filter(|site| !site.is_empty()).collect(),
        picture_url: filled(profile.profile_picture_url),
        ..BusinessProfile::default()
    })
}

/// Changes it. May be repeated.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn write(
    http: &reqwest::Client,
    base_url: &Url,
    number: &str,
    token: &Secret,
    change: &ProfileChange,
) -> Result<(), ChannelError> {
    let mut body = json!(change);
    body["messaging_product"] = json!("whatsapp");
    let request = http.post(address(base_url, &[number, EDGE])).bearer_auth(token.expose()).json(&body);
    let answer: Value = calls::ask(request, &PROTOCOL).await?;
    if answer["success"] == true {
        return Ok(());
    }
    Err(ChannelError::new(Action::Transient, "answer_unreadable", "The provider did not change the profile"))
}
