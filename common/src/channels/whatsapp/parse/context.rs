//! What surrounds a message: where it was forwarded from, through what the contact came, where it is reached from now on.

use serde_json::Value;

use super::{id, text};
use crate::channels::whatsapp::addresses;
use crate::domain::content::{MessageContext, Referral, ReferredProduct};

/// What surrounds a message; none where nothing does.
pub(super) fn context(message: &Value) -> Option<MessageContext> {
    let around = &message["context"];
    let flag = |name: &str| around[name].as_bool().filter(|flag| *flag);
    let context = MessageContext {
        forwarded: flag("forwarded"),
        frequently_forwarded: flag("frequently_forwarded"),
        referral: message["referral"].is_object().then(|| referral(&message["referral"])),
        product: around["referred_product"].is_object().then(|| product(&around["referred_product"])),
        quoted_provider_id: None,
    };
    (context != MessageContext::default()).then_some(context)
}

fn referral(referral: &Value) -> Referral {
    let files = [&referral["image_url"], &referral["video_url"], &referral["thumbnail_url"]];
    Referral {
        source_type: text(&referral["source_type"]),
        source_id: id(&referral["source_id"]),
        source_url: text(&referral["source_url"]),
        headline: text(&referral["headline"]),
        body: text(&referral["body"]),
        media_type: text(&referral["media_type"]),
        media_url: files.into_iter().find_map(text),
        click_id: text(&referral["ctwa_clid"]),
        reference: None,
    }
}

fn product(product: &Value) -> ReferredProduct {
    ReferredProduct {
        catalog_id: id(&product["catalog_id"]),
        product_id: id(&product["product_retailer_id"]),
    }
}

/// The number that a contact changed to.
pub(super) fn new_address(system: &Value) -> Option<String> {
    if system["type"] != "user_changed_number" {
        return None;
    }
    addresses::normal(&system["wa_id"])
}
