//! Writes a message as the provider wants it: text, file, card or carousel, with what can be pressed as suggestions.

use serde_json::{Value, json};

use crate::channels::Outgoing;
use crate::domain::content::{
    Buttons, Choice, Content, CtaUrl, Frame, Header, InteractiveKind, List, Location, Media,
};

/// What an answer in a shared inbox is, to the provider: something that the contact asked for. Agents of several uses must say.
const TRAFFIC: &str = "SERVICEREQUEST";
/// What the button under a place says: a word of no language.
const PLACE: &str = "📍";

/// The body that sends a message; none for what cannot be sent.
pub(super) fn body(message: &Outgoing<'_>) -> Option<Value> {
    let content = match message.content {
        Content::Text(text) => json!({ "text": text.text }),
        Content::Image(media) | Content::Video(media) => picture(media)?,
        Content::Audio(media) | Content::Document(media) => json!({ "contentInfo": file(media)? }),
        Content::Location(location) => place(location),
        Content::Interactive(it) => match &it.interactive {
            InteractiveKind::Buttons(it) => buttons(it)?,
            InteractiveKind::List(it) => list(it),
            InteractiveKind::CtaUrl(it) => cta_url(it)?,
            _ => return None,
        },
        _ => return None,
    };
    Some(json!({ "contentMessage": content, "messageTrafficType": TRAFFIC }))
}

fn file(media: &Media) -> Option<Value> {
    Some(json!({ "fileUrl": media.url.as_deref()?, "forceRefresh": false }))
}

/// A picture or film; with words beside it, it is a card.
fn picture(media: &Media) -> Option<Value> {
    match media.caption.as_deref().filter(|caption| !caption.trim().is_empty()) {
        Some(caption) => Some(card(media, caption, &[])?),
        None => Some(json!({ "contentInfo": file(media)? })),
    }
}

fn card(media: &Media, description: &str, suggestions: &[Value]) -> Option<Value> {
    let mut content = json!({
        "description": description,
        "media": { "height": "MEDIUM", "contentInfo": file(media)? },
    });
    if !suggestions.is_empty() {
        content["suggestions"] = json!(suggestions);
    }
    Some(
        json!({ "richCard": { "standaloneCard": { "cardOrientation": "VERTICAL", "cardContent": content } } }),
    )
}

fn place(location: &Location) -> Value {
    let (latitude, longitude) = (location.latitude, location.longitude);
    let told: Vec<&str> =
        [&location.name, &location.address].into_iter().flatten().map(String::as_str).collect();
    let text = if told.is_empty() { format!("{latitude}, {longitude}") } else { told.join("\n") };
    let mut action = json!({ "latLong": { "latitude": latitude, "longitude": longitude } });
    if let Some(name) = &location.name {
        action["label"] = json!(name);
    }
    let suggestion = json!({ "text": PLACE, "postbackData": "location", "viewLocationAction": action });
    json!({ "text": text, "suggestions": [{ "action": suggestion }] })
}

/// The words of a message with something to press, in one text.
fn words(frame: &Frame) -> String {
    let header = match &frame.header {
        Some(Header::Text { text }) => Some(text.as_str()),
        _ => None,
    };
    let parts = [header, Some(frame.body.as_str()), frame.footer.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// A card where there is a file above, else a text; what can be pressed stands below.
fn framed(frame: &Frame, suggestions: &[Value]) -> Option<Value> {
    match &frame.header {
        Some(Header::Image(media) | Header::Video(media)) => card(media, &words(frame), suggestions),
        Some(Header::Document(_)) => None,
        Some(Header::Text { .. }) | None => Some(json!({ "text": words(frame), "suggestions": suggestions })),
    }
}

fn reply(id: &str, title: &str) -> Value {
    json!({ "reply": { "text": title, "postbackData": id } })
}

fn buttons(it: &Buttons) -> Option<Value> {
    let replies: Vec<Value> = it.buttons.iter().map(|button| reply(&button.id, &button.title)).collect();
    framed(&it.frame, &replies)
}

fn cta_url(it: &CtaUrl) -> Option<Value> {
    let action = json!({ "text": it.button, "postbackData": it.url, "openUrlAction": { "url": it.url } });
    framed(&it.frame, &[json!({ "action": action })])
}

/// Rows that need more words than a button has are cards of a carousel, the first of which says what it is about.
fn list(it: &List) -> Value {
    let rows: Vec<&Choice> = it.sections.iter().flat_map(|section| &section.rows).collect();
    if rows.iter().all(|row| row.description.is_none()) {
        let replies: Vec<Value> = rows.iter().map(|row| reply(&row.id, &row.title)).collect();
        return json!({ "text": words(&it.frame), "suggestions": replies });
    }
    let first = std::iter::once(json!({ "description": words(&it.frame) }));
    let cards = first.chain(rows.into_iter().map(|row| {
        let mut card = json!({ "title": row.title, "suggestions": [reply(&row.id, &row.title)] });
        if let Some(description) = &row.description {
            card["description"] = json!(description);
        }
        card
    }));
    let cards: Vec<Value> = cards.collect();
    json!({ "richCard": { "carouselCard": { "cardWidth": "MEDIUM", "cardContents": cards } } })
}
