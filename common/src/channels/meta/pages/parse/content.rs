//! What a message says: its words, or the first of its files with them.

use serde_json::Value;

use super::{text, word};
use crate::domain::content::{
    Choice, Content, Interactive, InteractiveKind, Location, Media, Referral, Unsupported,
};

/// Most characters of a file's address.
const URL_LIMIT: usize = 2048;

/// What a message says; what the product does not know is kept whole.
pub(super) fn content(message: &Value) -> Content {
    known(message).unwrap_or_else(|| {
        Content::Unsupported(Unsupported { reason: reason(message), raw: message.clone() })
    })
}

fn known(message: &Value) -> Option<Content> {
    if message["is_unsupported"] == true {
        return None;
    }
    if let Some(payload) = text(&message["quick_reply"]["payload"]) {
        let title = text(&message["text"]).unwrap_or_default();
        let choice = Choice { id: payload, title, description: None };
        return Some(Content::Interactive(Box::new(Interactive {
            interactive: InteractiveKind::ButtonReply(choice),
        })));
    }
    let words = text(&message["text"]);
    match &message["attachment"] {
        Value::Null => words.map(Content::text),
        attachment => attached(attachment, words),
    }
}

fn attached(attachment: &Value, words: Option<String>) -> Option<Content> {
    let payload = &attachment["payload"];
    let media = || {
        let url = text(&payload["url"]).filter(|url| url.len() <= URL_LIMIT)?;
        Some(Media { provider_media_id: Some(url), caption: words.clone(), ..Media::default() })
    };
    match attachment["type"].as_str()? {
        "image" if !payload["sticker_id"].is_null() => media().map(Content::Sticker),
        "image" => media().map(Content::Image),
        "video" => media().map(Content::Video),
        "audio" => media().map(Content::Audio),
        "file" => media().map(Content::Document),
        "sticker" => media().map(Content::Sticker),
        "like_heart" => Some(Content::text("❤️")),
        "location" => location(payload).map(Content::Location),
        // The preview of a link that stands in the words.
        "fallback" => words.or_else(|| linked(payload)).map(Content::text),
        // What was posted is shown by its link: its owner may take it back.
        kind @ ("share" | "story_mention" | "reel" | "ig_reel" | "post" | "ig_post") => match words {
            Some(words) => Some(Content::text(words)),
            None => shared(kind, payload).map(Content::Referral),
        },
        _ => None,
    }
}

/// What was posted elsewhere.
fn shared(kind: &str, payload: &Value) -> Option<Referral> {
    let source_id = word(&payload["reel_video_id"]).or_else(|| word(&payload["id"]));
    let source_url = text(&payload["url"]);
    (source_id.is_some() || source_url.is_some()).then(|| Referral {
        source_type: Some(kind.to_owned()),
        source_id,
        source_url,
        headline: text(&payload["title"]),
        ..Referral::default()
    })
}

fn linked(payload: &Value) -> Option<String> {
    let parts: Vec<String> = [&payload["title"], &payload["url"]].into_iter().filter_map(text).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn location(payload: &Value) -> Option<Location> {
    let place = &payload["coordinates"];
    let within = |value: &Value, limit: f64| value.as_f64().filter(|degrees| degrees.abs() <= limit);
    Some(Location {
        latitude: within(&place["lat"], 90.0)?,
        longitude: within(&place["long"], 180.0)?,
        name: text(&payload["title"]),
        address: None,
    })
}

/// Why a message cannot be shown, for people.
fn reason(message: &Value) -> Option<String> {
    let why = match message["attachment"]["type"].as_str() {
        _ if message["is_unsupported"] == true => "The provider does not pass on this kind of message",
        Some("ephemeral") => "A picture or film that can be seen once",
        Some("story_mention") => "The story is no longer there",
        Some("template") => "A message with something to press",
        _ => return None,
    };
    Some(why.to_owned())
}
