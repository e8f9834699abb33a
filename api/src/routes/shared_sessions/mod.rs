//! Sessions of shared inboxes: a link's or an embed's token is exchanged for one, and visitors call everything else by it.

pub mod create;
pub mod end;
pub mod get;

use chrono::{DateTime, Utc};
use common::db::inbox_embeds::InboxEmbed;
use common::db::shared_links::SharedLink;
use common::domain::ids::{InboxId, UserId};
use common::domain::permissions::Permissions;
use common::domain::viewer::Viewer;
use common::problem::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::routes::shared_links::e164;

/// A session.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SharedSessionAnswer {
    /// The session.
    data: SharedSession,
}

/// A session, and what its visitor may do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedSession {
    /// Its token, a bearer token for the operations that its permissions open.
    #[schema(example = "sis_AQGarV…")]
    token: String,
    /// When it ends; earlier if its link or embed does.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T05:11:39.120Z")]
    expires_at: Timestamp,
    /// `link` or `embed`.
    #[schema(example = "link")]
    kind: String,
    /// The link, if it came from one.
    link: Option<SessionLink>,
    /// The embed, if it came from one.
    embed: Option<SessionEmbed>,
    /// Who looks at the embed, if the product that holds it has proved it.
    viewer: Option<Viewer>,
}

/// A link as its visitors see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionLink {
    /// Id.
    id: Uuid,
    /// Name.
    #[schema(example = "Support vendor access")]
    name: String,
    /// The number whose inbox is shared.
    phone_number_id: Uuid,
    /// The number.
    #[schema(example = "+5491155551234")]
    phone_number: String,
    /// The number's inbox.
    #[schema(value_type = String, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    inbox_id: InboxId,
    /// What the visitor may do.
    permissions: Permissions,
    /// When the link stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// An embed as its visitors see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionEmbed {
    /// Id.
    id: Uuid,
    /// Name.
    name: Option<String>,
    /// `project`, `customer` or `phone_number`.
    #[schema(example = "phone_number")]
    scope_type: String,
    /// The customer's id, or the provider's id of the number.
    scope_id: Option<String>,
    /// The customer's name, or the number.
    scope_name: Option<String>,
    /// Whose conversations are seen, if not everybody's.
    #[schema(value_type = Option<String>)]
    assigned_user_id: Option<UserId>,
    /// `system`, `light` or `dark`.
    #[schema(example = "system")]
    default_mode: String,
    /// Who may show it in a frame; none listed means anybody.
    allowed_origins: Vec<String>,
    /// What the visitor may do.
    permissions: Permissions,
    /// When the embed stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// What a session came from.
#[derive(Debug)]
enum Source {
    Link(Box<SharedLink>),
    Embed(Box<InboxEmbed>),
}

/// The session, whose viewer may be one that is permitted less than the embed permits.
fn answer(
    source: Source,
    token: &str,
    (viewer, narrowed): (Option<Viewer>, Option<Permissions>),
    expires_at: DateTime<Utc>,
) -> SharedSessionAnswer {
    let (kind, link, embed) = match source {
        Source::Link(link) => ("link", Some(shown_link(*link)), None),
        Source::Embed(mut embed) => {
            embed.permissions =
                narrowed.map_or(embed.permissions, |narrowed| embed.permissions.and(narrowed));
            ("embed", None, Some(shown_embed(*embed)))
        }
    };
    let (token, expires_at) = (token.to_owned(), Timestamp(expires_at));
    SharedSessionAnswer {
        data: SharedSession { token, expires_at, kind: kind.to_owned(), link, embed, viewer },
    }
}

fn shown_link(link: SharedLink) -> SessionLink {
    SessionLink {
        id: link.id.0,
        name: link.name,
        phone_number_id: link.phone_number.0,
        phone_number: e164(&link.display_phone_number),
        inbox_id: link.inbox,
        permissions: link.permissions,
        expires_at: link.expires_at.map(Timestamp),
    }
}

fn shown_embed(embed: InboxEmbed) -> SessionEmbed {
    SessionEmbed {
        id: embed.id.0,
        name: embed.name,
        scope_type: embed.scope_type,
        scope_id: embed.scope_id,
        scope_name: embed.scope_name,
        assigned_user_id: embed.assigned_user,
        default_mode: embed.default_mode,
        allowed_origins: embed.allowed_origins,
        permissions: embed.permissions,
        expires_at: embed.expires_at.map(Timestamp),
    }
}
