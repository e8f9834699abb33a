//! Inboxes: connected channel resources.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod team;
pub mod templates;
pub mod update;

use common::channels::Channel;
use common::db::inboxes::Inbox;
use common::domain::ids::{InboxId, OrganizationId, TeamId, UserId};
use common::problem::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Longest name of an inbox.
const NAME: usize = 200;

/// A connected channel resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Inbox)]
pub struct InboxView {
    /// Id.
    #[schema(value_type = String, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    pub id: InboxId,
    /// When it was connected.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
    /// The organization it belongs to.
    #[schema(value_type = String, example = "tn_01KASDMXJ4Z7C2D5K0V9Q1S8WN")]
    pub tenant_id: OrganizationId,
    /// Its channel.
    pub channel: Channel,
    /// The provider's id of the resource.
    #[schema(example = "112233445566778")]
    pub external_id: String,
    /// Who connected it.
    #[schema(value_type = String, example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")]
    pub created_by: UserId,
    /// Its name.
    #[schema(example = "Support WhatsApp")]
    pub name: String,
    /// The team that its new conversations go to.
    #[schema(value_type = Option<String>)]
    pub team_id: Option<TeamId>,
    /// Whether it works.
    pub status: InboxStatus,
    /// What its channel needs.
    pub config: InboxConfig,
}

/// Whether an inbox works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxStatus {
    /// `active`, `degraded` or `disconnected`.
    #[schema(example = "active")]
    pub state: String,
    /// Why it is not active, such as `payment_issue` or `token_expired`.
    pub reasons: Vec<String>,
}

/// What an inbox's channel needs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxConfig {
    /// WhatsApp: the id of the phone number.
    #[schema(example = "112233445566778")]
    pub phone_number_id: String,
}

impl From<Inbox> for InboxView {
    fn from(inbox: Inbox) -> Self {
        let config = match inbox.channel {
            Channel::Whatsapp => InboxConfig { phone_number_id: inbox.external_id.clone() },
        };
        Self {
            id: inbox.id,
            created_at: Timestamp(inbox.created_at),
            updated_at: Timestamp(inbox.updated_at),
            tenant_id: inbox.organization,
            channel: inbox.channel,
            external_id: inbox.external_id,
            created_by: inbox.created_by,
            name: inbox.name,
            team_id: inbox.team,
            status: InboxStatus { state: inbox.state, reasons: inbox.reasons },
            config,
        }
    }
}
