//! What surrounds a contact's message without being part of what it says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Referral;

/// What surrounds a contact's message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(example = json!({"forwarded": true}))]
pub struct MessageContext {
    /// The contact forwarded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<bool>,
    /// It has been forwarded many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequently_forwarded: Option<bool>,
    /// Through which advertisement or post the contact came to write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// The product that it asks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<ReferredProduct>,
    /// The provider's id of the message that it quotes or reacts to, where that one is not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted_provider_id: Option<String>,
}

/// A product that a message asks about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReferredProduct {
    /// The provider's id of the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_id: Option<String>,
    /// The seller's id of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}
