//! Inbox embeds: inboxes shown inside other products. Their letter case and their wrapping are those of `/platform/v1`.

pub mod create;
pub mod get;
pub mod list;
pub mod revoke;
pub mod sessions;
pub mod update;
pub mod viewer_keys;

use chrono::{DateTime, Utc};
use common::crypto::viewer_keys::ViewerKey;
use common::db::inbox_embeds::{ASSIGNED_USER_KEY, CUSTOMER_KEY, InboxEmbed};
use common::domain::origins::AllowedOrigin;
use common::domain::permissions::Permissions;
use common::problem::{Problem, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use self::viewer_keys::ViewerKeyView;
use crate::text::Checks;

/// Longest name of an embed, and most origins.
const NAME: usize = 200;
const MOST_ORIGINS: usize = 100;

/// One embed.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxEmbedAnswer {
    /// The embed.
    data: InboxEmbedView,
}

/// An inbox shown inside another product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxEmbed)]
pub struct InboxEmbedView {
    /// Id.
    id: Uuid,
    /// Name; it stands beside what its visitors send.
    #[schema(example = "Support number inbox")]
    name: Option<String>,
    /// `project` (all inboxes), `customer` or `phone_number`.
    #[schema(example = "phone_number")]
    scope_type: String,
    /// The customer's id, or the provider's id of the number; null for `project`.
    #[schema(example = "1234567890")]
    scope_id: Option<String>,
    /// The customer's name, or the number.
    #[schema(example = "+1 415 555 1234")]
    scope_name: Option<String>,
    /// The user whose conversations alone are seen.
    assigned_user_id: Option<Uuid>,
    /// That user's name.
    assigned_user_name: Option<String>,
    /// `active` or `revoked`.
    #[schema(example = "active")]
    status: &'static str,
    /// The origins that may show it in a frame; none listed means any.
    #[schema(example = json!(["https://app.example.com"]))]
    allowed_origins: Vec<String>,
    /// `system`, `light` or `dark`.
    #[schema(example = "system")]
    default_mode: String,
    /// What its visitors may do.
    permissions: EmbedPermissions,
    /// The keys by which the product that holds it proves who looks.
    viewer_keys: Vec<ViewerKeyView>,
    /// Whether nobody gets in without that.
    require_viewer_identity: bool,
    /// When it stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
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

/// The seven permissions as `/platform/v1` writes them; what is left out of a request is not permitted.
#[derive(Debug, Clone, Copy, Default, Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbedPermissions {
    /// List conversations, read messages, follow events.
    read_inbox: bool,
    /// See the contact, the business profile and the files of a conversation.
    read_details: bool,
    /// Mark conversations as read.
    mark_read: bool,
    /// Reply with text, quote and react.
    send_text: bool,
    /// Upload and send images, videos, recordings, documents and stickers.
    send_media: bool,
    /// List and send templates.
    send_templates: bool,
    /// Send interactive messages, places and contact cards.
    send_advanced: bool,
}

impl From<Permissions> for EmbedPermissions {
    fn from(of: Permissions) -> Self {
        let Permissions {
            read_inbox,
            read_details,
            mark_read,
            send_text,
            send_media,
            send_templates,
            send_advanced,
        } = of;
        Self { read_inbox, read_details, mark_read, send_text, send_media, send_templates, send_advanced }
    }
}

impl From<EmbedPermissions> for Permissions {
    fn from(of: EmbedPermissions) -> Self {
        let EmbedPermissions {
            read_inbox,
            read_details,
            mark_read,
            send_text,
            send_media,
            send_templates,
            send_advanced,
        } = of;
        Self { read_inbox, read_details, mark_read, send_text, send_media, send_templates, send_advanced }
    }
}

impl From<InboxEmbed> for InboxEmbedView {
    fn from(embed: InboxEmbed) -> Self {
        Self {
            id: embed.id.0,
            name: embed.name,
            scope_type: embed.scope_type,
            scope_id: embed.scope_id,
            scope_name: embed.scope_name,
            assigned_user_id: embed.assigned_user.map(|id| id.0),
            assigned_user_name: embed.assigned_user_name,
            status: if embed.revoked_at.is_some() { "revoked" } else { "active" },
            allowed_origins: embed.allowed_origins,
            default_mode: embed.default_mode,
            permissions: embed.permissions.into(),
            viewer_keys: embed.viewer_keys.into_iter().map(ViewerKeyView::from).collect(),
            require_viewer_identity: embed.require_viewer_identity,
            expires_at: embed.expires_at.map(Timestamp),
            last_used_at: embed.last_used_at.map(Timestamp),
            created_at: Timestamp(embed.created_at),
            updated_at: Timestamp(embed.updated_at),
        }
    }
}

/// The settings that create and update have in common.
#[derive(Debug, Clone, Copy, Default)]
struct Settings<'a> {
    name: Option<&'a str>,
    allowed_origins: Option<&'a [String]>,
    default_mode: Option<&'a str>,
    permissions: Option<Permissions>,
    expires_at: Option<DateTime<Utc>>,
}

/// Notes what is wrong with the settings that are given.
fn check(given: Settings<'_>, checks: &mut Checks) {
    if let Some(name) = given.name {
        checks.name("inbox_embed.name", name, NAME);
    }
    let origins = given.allowed_origins.unwrap_or_default();
    let most = format!("must name at most {MOST_ORIGINS}");
    checks.ensure(origins.len() <= MOST_ORIGINS, "inbox_embed.allowed_origins", "too_many", &most);
    for (index, origin) in origins.iter().enumerate().take(MOST_ORIGINS) {
        if let Err(message) = origin.parse::<AllowedOrigin>() {
            checks.ensure(false, &format!("inbox_embed.allowed_origins[{index}]"), "invalid", message);
        }
    }
    let known = given.default_mode.is_none_or(|mode| ["system", "light", "dark"].contains(&mode));
    checks.ensure(known, "inbox_embed.default_mode", "unsupported_value", "must be system, light or dark");
    let empty = given.permissions.is_some_and(Permissions::is_empty);
    checks.ensure(!empty, "inbox_embed.permissions", "empty", "must permit something");
    let past = given.expires_at.is_some_and(|end| end <= Utc::now());
    checks.ensure(!past, "inbox_embed.expires_at", "past", "must be in the future");
}

/// Notes that nobody could get in: who looks must be proved, and no key proves it.
fn check_required(required: bool, keys: &[ViewerKey], checks: &mut Checks) {
    let message = "must have a key, as viewers must prove who they are";
    checks.ensure(!required || !keys.is_empty(), "inbox_embed.viewer_keys", "required", message);
}

/// What a client is told when something that an embed names is not there.
fn problem(error: common::db::Error) -> Problem {
    match error.constraint() {
        Some(CUSTOMER_KEY) => Problem::not_found("customer"),
        Some(ASSIGNED_USER_KEY) => Problem::not_found("user"),
        _ => error.into(),
    }
}

/// 422 for a field that must be there: as the seed of `/platform/v1` has it.
fn required(field: &str) -> Problem {
    Problem::invalid(field, "required", "is required")
}
