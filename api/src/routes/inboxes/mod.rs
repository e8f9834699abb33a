//! Inboxes: connected channel resources.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub(crate) mod pages;
mod profile;
mod rcs;
pub mod team;
pub mod templates;
mod text;
pub mod update;

use common::channels::text::addresses;
use common::channels::{BusinessProfile, Capabilities, Channel};
use common::db;
use common::db::audit::{self, Entry};
use common::db::inboxes::Inbox;
use common::domain::ids::{InboxId, OrganizationId, TeamId, UserId};
use common::domain::principal::Principal;
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
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
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxConfig {
    /// WhatsApp: the id of the phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "112233445566778")]
    pub phone_number_id: Option<String>,
    /// Messenger: the id of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "500000000000001")]
    pub page_id: Option<String>,
    /// Instagram: the id of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "600000000000001")]
    pub account_id: Option<String>,
    /// Texts: the phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+15551234567")]
    pub phone_number: Option<String>,
    /// Texts: the short code, or the name that cannot be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ACME")]
    pub sender_id: Option<String>,
    /// Texts: the messaging service that sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service_id: Option<String>,
    /// RCS: the id of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme_support")]
    pub agent_id: Option<String>,
    /// RCS: the inbox for texts that takes over for contacts whom RCS does not reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    pub fallback_inbox_id: Option<InboxId>,
}

/// An inbox by itself: with its settings, and what its channel can carry.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxDetails {
    #[serde(flatten)]
    inbox: InboxView,
    /// How it sends.
    settings: InboxSettings,
    /// What can be sent through it, and within which limits.
    capabilities: Capabilities,
    /// How the business shows itself to contacts: there if it was asked for or changed, and null where the channel has no such thing.
    #[serde(rename = "businessProfile", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BusinessProfile>, required = false)]
    business_profile: Option<Option<BusinessProfile>>,
}

/// How an inbox sends.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxSettings {
    /// Messages a second that it may send.
    #[schema(example = 80)]
    messages_per_second: i32,
    /// What becomes of a message of which nobody knows whether the channel took it: `resend` or `park`.
    #[schema(example = "resend")]
    unknown_outcome: String,
}

impl From<Inbox> for InboxDetails {
    fn from(inbox: Inbox) -> Self {
        let settings =
            InboxSettings { messages_per_second: inbox.pace, unknown_outcome: inbox.unknown_outcome.clone() };
        let capabilities = *inbox.channel.capabilities();
        Self { inbox: inbox.into(), settings, capabilities, business_profile: None }
    }
}

impl InboxDetails {
    /// With the business profile, or that there is none.
    fn with_profile(self, profile: Option<BusinessProfile>) -> Self {
        Self { business_profile: Some(profile), ..self }
    }
}

impl InboxConfig {
    fn of(inbox: &Inbox) -> Self {
        let mut config = Self::default();
        match inbox.channel {
            Channel::Whatsapp => config.phone_number_id = Some(inbox.external_id.clone()),
            Channel::Messenger => config.page_id = Some(inbox.external_id.clone()),
            Channel::Instagram => config.account_id = Some(inbox.external_id.clone()),
            Channel::Text => {
                let sender = addresses::sender(&inbox.external_id).to_owned();
                config.messaging_service_id = inbox.messaging_service.clone();
                if addresses::is_e164(&sender) {
                    config.phone_number = Some(sender);
                } else {
                    config.sender_id = Some(sender);
                }
            }
            Channel::Rcs => {
                config.agent_id = Some(inbox.external_id.clone());
                config.fallback_inbox_id = inbox.fallback;
            }
        }
        config
    }
}

/// Notes in the audit log that an inbox was connected.
async fn note_connected(
    tx: &impl GenericClient,
    caller: &Principal,
    inbox: &Inbox,
    trace: TraceId,
) -> Result<(), db::Error> {
    let mut entry = Entry::by(caller, "inbox.create", inbox.id, trace);
    entry.detail = Some(json!({ "channel": inbox.channel, "externalId": inbox.external_id }));
    audit::insert(tx, &entry).await
}

/// The refusal of a resource that an inbox holds already, of this or another organization.
fn already_connected(id: &str, field: &str) -> Problem {
    let detail = format!("{id} is connected already");
    let problem = Problem::new(StatusCode::CONFLICT, "already_connected", detail);
    problem.field(field, "already_connected", "is connected already")
}

impl From<Inbox> for InboxView {
    fn from(inbox: Inbox) -> Self {
        let config = InboxConfig::of(&inbox);
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
