//! What a message says, by its type.

use serde_json::Value;

use super::{answers, cards, id, number, text};
use crate::channels::meta::payloads::integer;
use crate::domain::content::{Content, Location, Media, Order, OrderItem, Reaction, System};

/// Most characters of an emoji: some are put together of many.
const EMOJI_LIMIT: usize = 64;
/// Most characters of a reason.
const REASON_LIMIT: usize = 255;

/// What a message says; none for what the product does not know, or what lacks its main part.
pub(super) fn content(message: &Value) -> Option<Content> {
    let kind = message["type"].as_str()?;
    let part = &message[kind];
    match kind {
        "text" => part["body"].as_str().map(Content::text),
        "image" => media(part).map(Content::Image),
        "video" => media(part).map(Content::Video),
        "audio" => media(part).map(Content::Audio),
        "document" => media(part).map(Content::Document),
        "sticker" => media(part).map(Content::Sticker),
        "location" => location(part).map(Content::Location),
        "contacts" => cards::cards(part).map(Content::Contacts),
        "reaction" => reaction(part).map(Content::Reaction),
        "button" => answers::button(part).map(Content::Postback),
        "interactive" => answers::interactive(part).map(|answer| Content::Interactive(Box::new(answer))),
        "order" => order(part).map(Content::Order),
        "system" => system(part).map(Content::System),
        _ => None,
    }
}

/// What an edited message says: of a file perhaps no more than its new caption.
pub(super) fn edited(message: &Value) -> Option<Content> {
    let recaptioned = || {
        let kind = message["type"].as_str()?;
        let caption =
            Media { caption: Some(message[kind]["caption"].as_str()?.to_owned()), ..Media::default() };
        match kind {
            "image" => Some(Content::Image(caption)),
            "video" => Some(Content::Video(caption)),
            "document" => Some(Content::Document(caption)),
            _ => None,
        }
    };
    content(message).or_else(recaptioned)
}

/// Why a message that is not understood cannot be shown, for people.
pub(super) fn reason(message: &Value) -> Option<String> {
    let error = &message["errors"][0];
    let known = match integer(&error["code"]) {
        Some(131_051) => "WhatsApp does not pass on this kind of message",
        Some(131_052) => "WhatsApp could not fetch the file; the contact may send it again",
        Some(131_060) => "This message can be seen in the WhatsApp Business app only",
        _ if message["interactive"]["type"] == "call_permission_reply" => {
            "The contact answered whether it may be called"
        }
        _ => {
            let said = [&error["title"], &error["message"], &error["error_data"]["details"]];
            let said = said.into_iter().find_map(text)?;
            return Some(said.chars().take(REASON_LIMIT).collect());
        }
    };
    Some(known.to_owned())
}

/// The address that some payloads carry is left out: it opens for minutes, and only with our token.
fn media(file: &Value) -> Option<Media> {
    Some(Media {
        provider_media_id: Some(id(&file["id"])?),
        mime_type: text(&file["mime_type"]),
        sha256: text(&file["sha256"]),
        caption: text(&file["caption"]),
        filename: text(&file["filename"]),
        voice: file["voice"].as_bool(),
        animated: file["animated"].as_bool(),
        ..Media::default()
    })
}

fn location(place: &Value) -> Option<Location> {
    let within = |value: &Value, limit: f64| number(value).filter(|degrees| degrees.abs() <= limit);
    Some(Location {
        latitude: within(&place["latitude"], 90.0)?,
        longitude: within(&place["longitude"], 180.0)?,
        name: text(&place["name"]),
        address: text(&place["address"]),
    })
}

/// Its message is known to the provider alone so far. A reaction without an emoji takes the earlier one away.
fn reaction(reaction: &Value) -> Option<Reaction> {
    id(&reaction["message_id"])?;
    let emoji = text(&reaction["emoji"]).unwrap_or_default();
    (emoji.chars().count() <= EMOJI_LIMIT).then_some(Reaction { message_id: None, emoji })
}

fn order(order: &Value) -> Option<Order> {
    let items = order["product_items"].as_array()?.iter().map(|item| {
        Some(OrderItem {
            product_id: id(&item["product_retailer_id"])?,
            quantity: number(&item["quantity"])?,
            unit_price: number(&item["item_price"]),
            currency: text(&item["currency"]),
        })
    });
    // An order that misses a line would be another order.
    let items = items.collect::<Option<Vec<_>>>()?;
    Some(Order { catalog_id: id(&order["catalog_id"]), text: text(&order["text"]), items })
}

fn system(system: &Value) -> Option<System> {
    let unsaid = || match system["type"].as_str() {
        Some("user_changed_number") => Some("The contact changed its number".to_owned()),
        Some("customer_identity_changed") => Some("The contact's security code changed".to_owned()),
        _ => None,
    };
    text(&system["body"]).or_else(unsaid).map(|text| System { text })
}
