//! Phone numbers of inboxes, and whom each serves. They come and go with their inboxes.

pub mod get;
pub mod list;
pub mod update;

use common::db::phone_numbers::PhoneNumber;
use common::domain::ids::{CustomerId, InboxId};
use common::problem::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A phone number of an inbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PhoneNumber)]
pub struct PhoneNumberView {
    /// Id, in the form that shared inbox links use.
    #[schema(example = "019aa4d4-b236-7c8a-a307-1f2e2b4d9b34")]
    pub id: Uuid,
    /// The inbox that sends and receives through it.
    #[schema(value_type = String, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    pub inbox_id: InboxId,
    /// The customer that it serves.
    #[schema(value_type = Option<String>, example = "cus_01KASDN8E6Y1G3H7J0K4M5P9QR")]
    pub customer_id: Option<CustomerId>,
    /// The provider's id of it.
    #[schema(example = "112233445566778")]
    pub provider_id: String,
    /// The number, written for people.
    #[schema(example = "+48 123 456 789")]
    pub display_phone_number: String,
    /// The name that contacts see.
    #[schema(example = "Support")]
    pub verified_name: Option<String>,
    /// When it was connected.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

impl From<PhoneNumber> for PhoneNumberView {
    fn from(number: PhoneNumber) -> Self {
        Self {
            id: number.id.0,
            inbox_id: number.inbox,
            customer_id: number.customer,
            provider_id: number.provider_id,
            display_phone_number: number.display_phone_number,
            verified_name: number.verified_name,
            created_at: Timestamp(number.created_at),
            updated_at: Timestamp(number.updated_at),
        }
    }
}
