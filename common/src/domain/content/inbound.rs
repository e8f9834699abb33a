//! What only comes in: orders, referrals, pressed buttons, notes of the channel, and what the product does not know.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Goods that the contact wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderContent)]
pub struct Order {
    /// The provider's id of the catalogue.
    pub catalog_id: Option<String>,
    /// Words with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is ordered.
    pub items: Vec<OrderItem>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// The seller's id of the product.
    pub product_id: String,
    /// How many.
    pub quantity: f64,
    /// The price of one, as the provider tells it, in whole units of the currency.
    pub unit_price: Option<f64>,
    /// Three letters of the currency.
    pub currency: Option<String>,
}

/// Through which advertisement, post or link a contact came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ReferralContent)]
pub struct Referral {
    /// Kind of source, such as `ad` or `post`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// The provider's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// Its headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// Its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `image` or `video`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Where its picture or film is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// The click's id, for the advertiser's own accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// What the business itself wrote into the link, to know it by.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A pressed button of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PostbackContent, example = json!({"payload": "stop", "title": "Stop"}))]
pub struct Postback {
    /// What the sender gave the button to say to programs.
    pub payload: String,
    /// What it says to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Something from the contact that the product does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UnsupportedContent, example = json!({"reason": "WhatsApp does not pass on this kind of message", "raw": {"type": "unsupported"}}))]
pub struct Unsupported {
    /// Why it cannot be shown, for people, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The message as the provider told it.
    #[schema(value_type = Object)]
    pub raw: Value,
}

/// Something that the channel tells about the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SystemContent, example = json!({"text": "Ada changed from 15550001111 to 15550002222"}))]
pub struct System {
    /// What happened, for people.
    pub text: String,
}
