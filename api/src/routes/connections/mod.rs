//! Connections: credentials of provider accounts.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
mod secrets;
pub mod update;

use common::channels::Channel;
use common::db::connections::Connection;
use common::domain::ids::{ConnectionId, UserId};
use common::problem::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A provider account's connection. Its credentials are never shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Connection)]
pub struct ConnectionView {
    /// Id.
    #[schema(value_type = String, example = "con_01KASDNQ9N5W1D7K9X3F0T4E6B")]
    pub id: ConnectionId,
    /// Channel.
    pub channel: Channel,
    /// The provider's id of the account.
    #[schema(example = "123456789012345")]
    pub external_id: String,
    /// Replaces the provider's base address.
    pub api_url: Option<String>,
    /// Who created it.
    #[schema(value_type = String, example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")]
    pub created_by: UserId,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

impl From<Connection> for ConnectionView {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            channel: connection.channel,
            external_id: connection.external_id,
            api_url: connection.api_url,
            created_by: connection.created_by,
            created_at: Timestamp(connection.created_at),
            updated_at: Timestamp(connection.updated_at),
        }
    }
}
