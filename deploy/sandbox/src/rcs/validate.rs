//! What the provider refuses of a message.

use reqwest::Url;
use serde_json::Value;

use super::error::ApiError;

/// Most bytes of a message.
const LARGEST: usize = 250 << 10;
/// What a message may be, exactly one of it.
const KINDS: [&str; 5] = ["text", "richCard", "contentInfo", "uploadedRbmFile", "fileName"];
const TRAFFIC: [&str; 5] =
    ["AUTHENTICATION", "TRANSACTION", "PROMOTION", "SERVICEREQUEST", "ACKNOWLEDGEMENT"];
const ACTIONS: [&str; 6] = [
    "openUrlAction",
    "dialAction",
    "viewLocationAction",
    "shareLocationAction",
    "createCalendarEventAction",
    "composeAction",
];

type Checked = Result<(), ApiError>;

fn ensure(holds: bool, why: &str) -> Checked {
    if holds { Ok(()) } else { Err(ApiError::invalid(why)) }
}

/// Reads and checks a message.
pub(super) fn message(bytes: &[u8]) -> Result<Value, ApiError> {
    ensure(bytes.len() <= LARGEST, "The message is larger than 250 KB.")?;
    let body: Value =
        serde_json::from_slice(bytes).map_err(|_| ApiError::invalid("Invalid JSON payload received."))?;
    let content = &body["contentMessage"];
    ensure(content.is_object(), "contentMessage is required.")?;
    if let Some(name) = unknown(&body, &["contentMessage", "messageTrafficType", "ttl", "expireTime", "name"])
    {
        return Err(unknown_name(name));
    }
    if let Some(traffic) = body.get("messageTrafficType") {
        ensure(TRAFFIC.iter().any(|known| traffic == known), "Invalid value at 'message_traffic_type'.")?;
    }
    let allowed: Vec<&str> = KINDS.into_iter().chain(["suggestions"]).collect();
    if let Some(name) = unknown(content, &allowed) {
        return Err(unknown_name(name));
    }
    let given = KINDS.iter().filter(|kind| content.get(**kind).is_some()).count();
    ensure(given == 1, "Exactly one kind of content must be given.")?;
    if let Some(text) = content.get("text") {
        words(text, 3072, "text")?;
    }
    if let Some(file) = content.get("contentInfo") {
        info(file)?;
    }
    if let Some(card) = content.get("richCard") {
        rich_card(card)?;
    }
    suggestions(content, 11)?;
    Ok(body)
}

fn unknown<'a>(object: &'a Value, known: &[&str]) -> Option<&'a str> {
    object.as_object()?.keys().map(String::as_str).find(|name| !known.contains(name))
}

fn unknown_name(name: &str) -> ApiError {
    ApiError::invalid(format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."))
}

fn words(value: &Value, most: usize, name: &str) -> Checked {
    let length = value.as_str().map_or(0, |text| text.chars().count());
    ensure((1..=most).contains(&length), &format!("{name} must have 1 to {most} characters."))
}

fn address(value: &Value) -> Checked {
    let fits = value.as_str().is_some_and(|text| text.len() <= 2048 && Url::parse(text).is_ok());
    ensure(fits, "The URL is invalid.")
}

fn info(file: &Value) -> Checked {
    address(&file["fileUrl"])
}

fn rich_card(card: &Value) -> Checked {
    match (card.get("standaloneCard"), card.get("carouselCard")) {
        (Some(alone), None) => {
            let orientation = &alone["cardOrientation"];
            ensure(orientation == "VERTICAL" || orientation == "HORIZONTAL", "cardOrientation is required.")?;
            card_content(&alone["cardContent"])
        }
        (None, Some(carousel)) => {
            let width = &carousel["cardWidth"];
            ensure(width == "SMALL" || width == "MEDIUM", "cardWidth is required.")?;
            let cards = carousel["cardContents"].as_array().map_or(&[][..], Vec::as_slice);
            ensure((2..=10).contains(&cards.len()), "A carousel must have 2 to 10 cards.")?;
            cards.iter().try_for_each(card_content)
        }
        _ => Err(ApiError::invalid("A rich card must be a standalone card or a carousel.")),
    }
}

fn card_content(card: &Value) -> Checked {
    let parts = ["title", "description", "media"];
    ensure(
        parts.iter().any(|part| card.get(*part).is_some()),
        "A card must have at least one of title, description and media.",
    )?;
    if let Some(title) = card.get("title") {
        words(title, 200, "title")?;
    }
    if let Some(description) = card.get("description") {
        words(description, 2000, "description")?;
    }
    if let Some(media) = card.get("media") {
        let known = ["SHORT", "MEDIUM", "TALL"].iter().any(|height| media["height"] == *height);
        ensure(known, "The height of the media is required.")?;
        info(&media["contentInfo"])?;
    }
    suggestions(card, 4)
}

fn suggestions(object: &Value, most: usize) -> Checked {
    let list = object.get("suggestions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    ensure(list.len() <= most, &format!("There may be {most} suggestions at most."))?;
    for suggestion in list {
        let (pressed, is_action) = match (suggestion.get("reply"), suggestion.get("action")) {
            (Some(reply), None) => (reply, false),
            (None, Some(action)) => (action, true),
            _ => return Err(ApiError::invalid("A suggestion must be a reply or an action.")),
        };
        words(&pressed["text"], 25, "The text of a suggestion")?;
        words(&pressed["postbackData"], 2048, "postbackData")?;
        if is_action {
            let given = ACTIONS.iter().filter(|kind| pressed.get(**kind).is_some()).count();
            ensure(given == 1, "An action must be exactly one.")?;
            if let Some(open) = pressed.get("openUrlAction") {
                address(&open["url"])?;
            }
        }
    }
    Ok(())
}
