//! Shared inbox links: one number's inbox for somebody outside, for as long as its owner likes.

pub mod create;
pub mod get;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod sessions;
pub mod update;

use chrono::{DateTime, Utc};
use common::db::shared_links::SharedLink;
use common::domain::permissions::Permissions;
use common::problem::{Problem, Timestamp};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::state::AppState;
use crate::text::Checks;

/// Longest name of a link.
const NAME: usize = 200;

/// One link.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharedLinkAnswer {
    /// The link.
    data: SharedLinkView,
}

/// A link by which one number's inbox is shared.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SharedInboxLink)]
pub struct SharedLinkView {
    /// Id.
    id: Uuid,
    /// The organization.
    organization_id: Uuid,
    /// The number whose inbox is shared.
    phone_number_id: Uuid,
    /// The number.
    #[schema(example = "+5491155551234")]
    phone_number: String,
    /// Name; visitors see it, and it stands beside what they send.
    #[schema(example = "Support vendor access")]
    name: String,
    /// The address to give to whoever is to have access.
    #[schema(
        example = "https://inbox.example.com/shared/inbox/sil_550e8400-e29b-41d4-a716-446655440999.signature"
    )]
    public_url: String,
    /// What its visitors may do.
    permissions: Permissions,
    /// `active`, `expired` or `revoked`.
    #[schema(example = "active")]
    status: &'static str,
    /// When it stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, give or take a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    updated_at: Timestamp,
}

impl SharedLinkView {
    /// A link with its public URL, which is made anew each time.
    fn of(state: &AppState, link: SharedLink) -> Self {
        let token = state.shared.link(link.rotation);
        Self {
            id: link.id.0,
            organization_id: link.organization.0,
            phone_number_id: link.phone_number.0,
            phone_number: e164(&link.display_phone_number),
            public_url: format!("{}/shared/inbox/{token}", state.config.http.public_url),
            status: status(link.revoked_at, link.expires_at),
            name: link.name,
            permissions: link.permissions,
            expires_at: link.expires_at.map(Timestamp),
            revoked_at: link.revoked_at.map(Timestamp),
            last_used_at: link.last_used_at.map(Timestamp),
            created_at: Timestamp(link.created_at),
            updated_at: Timestamp(link.updated_at),
        }
    }
}

impl SharedLinkAnswer {
    fn of(state: &AppState, link: SharedLink) -> Self {
        Self { data: SharedLinkView::of(state, link) }
    }
}

fn status(revoked_at: Option<DateTime<Utc>>, expires_at: Option<DateTime<Utc>>) -> &'static str {
    match (revoked_at, expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= Utc::now() => "expired",
        (None, _) => "active",
    }
}

/// A number as programs write it; what is too short to be one, or no number, stays as it is.
pub(super) fn e164(display: &str) -> String {
    let digits: String = display.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= 7 && !display.chars().any(char::is_alphabetic);
    if is_number { format!("+{digits}") } else { display.to_owned() }
}

/// Notes what is wrong with the parts of a link that are given.
fn check(name: Option<&str>, permissions: Option<Permissions>, end: Option<DateTime<Utc>>) -> Checks {
    let mut checks = Checks::default();
    if let Some(name) = name {
        checks.name("name", name, NAME);
    }
    let empty = permissions.is_some_and(Permissions::is_empty);
    checks.ensure(!empty, "permissions", "empty", "must permit something");
    let past = end.is_some_and(|end| end <= Utc::now());
    checks.ensure(!past, "expiresAt", "past", "must be in the future");
    checks
}

/// The refusal of a change to a link that was revoked.
fn revoked() -> Problem {
    let detail = "The link was revoked, which is for good; make another";
    Problem::new(StatusCode::CONFLICT, "link_ended", detail)
}

#[cfg(test)]
mod tests {
    use super::e164;

    #[test]
    fn numbers_are_shown_as_programs_write_them() {
        for (display, shown) in [
            ("+54 9 11 5555-1234", "+5491155551234"),
            ("15550000001", "+15550000001"),
            ("12345", "12345"),
            ("ACME 2000000", "ACME 2000000"),
        ] {
            assert_eq!(e164(display), shown);
        }
    }
}
