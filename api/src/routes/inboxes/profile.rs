//! The business profile of an inbox, which is at the provider.

use common::channels::profile::ProfileChange;
use common::channels::whatsapp::profile::{self, ABOUT, ADDRESS, DESCRIPTION, EMAIL, VERTICALS, WEBSITES};
use common::channels::{BusinessProfile, Channel};
use common::db::connections::Connection;
use common::db::inboxes::Inbox;
use common::problem::Problem;
use http::StatusCode;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use crate::extract::given;
use crate::provider;
use crate::state::AppState;
use crate::text::Checks;

/// What is to change of the business profile of a WhatsApp inbox; what is left out stays as it is, and an empty text clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "about": "We answer within the hour", "websites": ["https://acme.example"] }))]
pub struct UpdateProfile {
    /// The line below its name; cannot be empty.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 139)]
    about: Option<String>,
    /// Where it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 256)]
    address: Option<String>,
    /// What it does.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 512)]
    description: Option<String>,
    /// How to reach it by email.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 128)]
    email: Option<String>,
    /// Its industry, in the provider's words.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, example = "RETAIL")]
    vertical: Option<String>,
    /// Its websites, with `http://` or `https://`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, max_items = 2)]
    websites: Option<Vec<String>>,
}

impl UpdateProfile {
    /// Notes what the provider would refuse.
    pub(super) fn check(&self, checks: &mut Checks) {
        if let Some(about) = &self.about {
            checks.name("businessProfile.about", about, ABOUT);
        }
        let texts = [
            ("address", &self.address, ADDRESS),
            ("description", &self.description, DESCRIPTION),
            ("email", &self.email, EMAIL),
        ];
        for (field, text, most) in texts {
            let Some(text) = text else { continue };
            let field = format!("businessProfile.{field}");
            let fits = text.chars().count() <= most;
            checks.ensure(fits, &field, "length", &format!("must have at most {most} characters"));
            let lines = text.chars().all(|c| !c.is_control() || c == '\n');
            checks.ensure(lines, &field, "characters", "must not have control characters");
        }
        let address = self.email.as_deref().is_none_or(|email| {
            email.is_empty()
                || email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        });
        checks.ensure(address, "businessProfile.email", "invalid", "must be an email address");
        let known = self.vertical.as_deref().is_none_or(|word| VERTICALS.contains(&word));
        checks.ensure(
            known,
            "businessProfile.vertical",
            "unsupported_value",
            "is no industry that the provider knows",
        );
        let sites = self.websites.as_deref().unwrap_or_default();
        let few = sites.len() <= WEBSITES;
        checks.ensure(few, "businessProfile.websites", "length", "must be at most 2");
        for (index, site) in sites.iter().enumerate().take(WEBSITES) {
            let web =
                Url::parse(site).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            let field = format!("businessProfile.websites[{index}]");
            checks.ensure(web, &field, "invalid", "must be an http or https address");
            let fits = site.chars().count() <= ADDRESS;
            checks.ensure(fits, &field, "length", "must have at most 256 characters");
        }
    }
}

impl From<UpdateProfile> for ProfileChange {
    fn from(asked: UpdateProfile) -> Self {
        let UpdateProfile { about, address, description, email, vertical, websites } = asked;
        Self { about, address, description, email, vertical, websites }
    }
}

/// Changes the profile at the provider, and reads it back.
///
/// # Errors
/// 422 where the channel has none that can be changed, 502 with the provider's reason.
pub(super) async fn change(
    state: &AppState,
    (inbox, connection): (&Inbox, &Connection),
    change: &ProfileChange,
) -> Result<Option<BusinessProfile>, Problem> {
    if inbox.channel != Channel::Whatsapp {
        let detail = format!("A business profile cannot be changed on {} here", inbox.channel);
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
        return Err(problem.field("businessProfile", "unsupported", "cannot be changed on this channel"));
    }
    let (base, secrets) = provider::asking(state, connection)?;
    let token = &secrets.access_token;
    let written = profile::write(&state.http, &base, &inbox.external_id, token, change).await;
    state.lookups.forget_profile(inbox, connection).await;
    written.map_err(|error| provider::look_up_failed(&error))?;
    state.lookups.profile(state, (inbox, connection)).await
}
