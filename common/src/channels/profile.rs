//! How a business shows itself to its contacts, where the channel has that.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What contacts see of the business, as the provider has it now. What a channel does not have, or nobody has filled in, is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BusinessProfile {
    /// Messenger and Instagram: its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Acme Shop")]
    pub name: Option<String>,
    /// Instagram: the account's name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme.shop")]
    pub username: Option<String>,
    /// WhatsApp: the line below its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "We answer within the hour")]
    pub about: Option<String>,
    /// WhatsApp: where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// WhatsApp: what it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// WhatsApp: how to reach it by email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// WhatsApp: its industry, in the provider's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "RETAIL")]
    pub vertical: Option<String>,
    /// WhatsApp: up to two websites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub websites: Vec<String>,
    /// WhatsApp: where its picture is, for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
}

/// What is to change of it; what is left out stays as it is. The provider takes it as it is written here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileChange {
    /// The line below its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where it is; empty to clear it, as those below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How to reach it by email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its industry, in the provider's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vertical: Option<String>,
    /// Its websites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websites: Option<Vec<String>>,
}
