//! What the Send API takes, and its refusals.

use serde_json::{Map, Value};

use super::error::PageError;
use super::page::Platform;

const MOST_QUICK_REPLIES: usize = 13;
const MOST_ELEMENTS: usize = 10;
const MOST_BUTTONS: usize = 3;
const RETIRED_TAGS: [&str; 3] = ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"];

/// A request that is well formed.
#[derive(Debug, PartialEq)]
pub(super) enum Request {
    /// To send a message.
    Message {
        contact: String,
        window: Window,
        link: Option<(String, String)>,
        metadata: Option<String>,
        reply_to: Option<String>,
    },
    /// To react to a message; an empty word takes the reaction away.
    React { contact: String, mid: String },
    /// To show that the contact's messages were seen, or that somebody types.
    Action { contact: String, seen: bool },
}

/// When a message may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// Shortly after the contact wrote.
    Standard,
    /// Seven times as long, as a person's answer.
    HumanAgent,
    /// Always.
    Any,
}

type Checked<T> = Result<T, PageError>;

/// Reads a request.
pub(super) fn request(platform: Platform, body: &Map<String, Value>) -> Checked<Request> {
    let known = [
        "recipient",
        "messaging_type",
        "tag",
        "message",
        "reply_to",
        "sender_action",
        "payload",
        "notification_type",
        "persona_id",
    ];
    only(body, &known, "the request")?;
    let contact = body.get("recipient").and_then(|recipient| recipient["id"].as_str()).unwrap_or_default();
    if contact.is_empty() || !contact.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PageError::parameter("param recipient must be non-empty."));
    }
    let contact = contact.to_owned();
    match (body.get("sender_action"), body.get("message")) {
        (Some(_), Some(_)) => {
            Err(PageError::parameter("Cannot send message and sender_action in one request."))
        }
        (Some(word), None) => action(word, body, contact),
        (None, Some(Value::Object(message))) => self::message(platform, body, message, contact),
        (None, _) => Err(PageError::parameter("The parameter message is required.")),
    }
}

fn action(word: &Value, body: &Map<String, Value>, contact: String) -> Checked<Request> {
    let payload = body.get("payload").unwrap_or(&Value::Null);
    match word.as_str() {
        Some("mark_seen") => Ok(Request::Action { contact, seen: true }),
        Some("typing_on" | "typing_off") => Ok(Request::Action { contact, seen: false }),
        Some(word @ ("react" | "unreact")) => {
            let mid = payload["message_id"]
                .as_str()
                .ok_or_else(|| PageError::parameter("payload[message_id] is required."))?;
            let words = ["love", "smile", "wow", "sad", "angry", "like", "dislike"];
            if word == "react" && !payload["reaction"].as_str().is_some_and(|given| words.contains(&given)) {
                return Err(PageError::parameter("payload[reaction] is not one of the allowed values."));
            }
            Ok(Request::React { contact, mid: mid.to_owned() })
        }
        _ => Err(PageError::parameter("sender_action is not one of the allowed values.")),
    }
}

fn message(
    platform: Platform,
    body: &Map<String, Value>,
    message: &Map<String, Value>,
    contact: String,
) -> Checked<Request> {
    let messenger = platform == Platform::Messenger;
    let mut known = vec!["text", "attachment", "attachments", "quick_replies"];
    if messenger {
        known.extend(["metadata", "template", "sticker_id"]);
    }
    only(message, &known, "param message")?;
    let window = window(platform, body, message)?;
    let parts = ["text", "attachment", "attachments", "template"];
    if parts.iter().filter(|part| message.contains_key(**part)).count() != 1 {
        return Err(PageError::parameter(
            "Must send exactly one of text, attachment, attachments or template.",
        ));
    }
    if let Some(text) = message.get("text") {
        check_text(platform, text)?;
    }
    let link = message.get("attachment").map(attachment).transpose()?.flatten();
    if let Some(replies) = message.get("quick_replies") {
        check_quick_replies(replies)?;
    }
    let metadata = message.get("metadata").and_then(Value::as_str).map(str::to_owned);
    if metadata.as_ref().is_some_and(|text| text.chars().count() > 1000) {
        return Err(PageError::parameter(
            "Length of param message[metadata] must be less than or equal to 1000",
        ));
    }
    let reply_to = body.get("reply_to").and_then(|quoted| quoted["mid"].as_str()).map(str::to_owned);
    Ok(Request::Message { contact, window, link, metadata, reply_to })
}

fn window(platform: Platform, body: &Map<String, Value>, message: &Map<String, Value>) -> Checked<Window> {
    let tag = body.get("tag").and_then(Value::as_str);
    match body.get("messaging_type").and_then(Value::as_str) {
        Some("RESPONSE" | "UPDATE") if tag.is_none() && !message.contains_key("template") => {
            Ok(Window::Standard)
        }
        Some("MESSAGE_TAG") => match tag {
            Some("HUMAN_AGENT") => Ok(Window::HumanAgent),
            Some(tag) if RETIRED_TAGS.contains(&tag) => {
                Err(PageError::parameter(format!("The tag {tag} is no longer supported.")))
            }
            _ => Err(PageError::parameter("param tag must be one of {HUMAN_AGENT}")),
        },
        Some("UTILITY") if platform == Platform::Messenger && message.contains_key("template") => {
            Ok(Window::Any)
        }
        None if platform == Platform::Instagram && tag.is_none() => Ok(Window::Standard),
        _ => Err(PageError::parameter("param messaging_type does not fit the message")),
    }
}

fn check_text(platform: Platform, text: &Value) -> Checked<()> {
    let text = text.as_str().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        PageError::parameter("param message[text] must be a non-empty UTF-8 encoded string")
    })?;
    let (length, most) = match platform {
        Platform::Messenger => (text.chars().count(), 2000),
        Platform::Instagram => (text.len(), 1000),
    };
    if length <= most {
        return Ok(());
    }
    Err(PageError::parameter(format!("Length of param message[text] must be less than or equal to {most}")))
}

/// The file to fetch, with its kind.
fn attachment(attachment: &Value) -> Checked<Option<(String, String)>> {
    let payload = &attachment["payload"];
    match attachment["type"].as_str() {
        Some(kind @ ("image" | "video" | "audio" | "file")) => {
            let url = payload["url"].as_str().and_then(|url| reqwest::Url::parse(url).ok());
            let url = url.ok_or_else(|| {
                PageError::parameter("message[attachment][payload][url] should represent a valid URI")
            })?;
            Ok(Some((kind.to_owned(), url.into())))
        }
        Some("like_heart") => Ok(None),
        Some("template") => check_template(payload).map(|()| None),
        _ => Err(PageError::parameter("message[attachment][type] is not one of the allowed values.")),
    }
}

fn check_template(payload: &Value) -> Checked<()> {
    match payload["template_type"].as_str() {
        Some("button") => {
            length(&payload["text"], "text", 640)?;
            check_buttons(&payload["buttons"], 1)
        }
        Some("generic") => {
            let elements = payload["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
            if elements.is_empty() || elements.len() > MOST_ELEMENTS {
                return Err(PageError::parameter("elements must have 1 to 10 items"));
            }
            for element in elements {
                length(&element["title"], "title", 80)?;
                if !element["subtitle"].is_null() {
                    length(&element["subtitle"], "subtitle", 80)?;
                }
                check_buttons(&element["buttons"], 0)?;
            }
            Ok(())
        }
        _ => Err(PageError::parameter("template_type is not one of the allowed values.")),
    }
}

fn check_buttons(buttons: &Value, fewest: usize) -> Checked<()> {
    let buttons = buttons.as_array().map(Vec::as_slice).unwrap_or_default();
    if !(fewest..=MOST_BUTTONS).contains(&buttons.len()) {
        return Err(PageError::parameter("buttons must have 1 to 3 items"));
    }
    for button in buttons {
        length(&button["title"], "title", 20)?;
        match button["type"].as_str() {
            Some("postback") => length(&button["payload"], "payload", 1000)?,
            Some("web_url") => length(&button["url"], "url", 2048)?,
            Some("phone_number") => length(&button["payload"], "payload", 20)?,
            _ => return Err(PageError::parameter("button type is not one of the allowed values.")),
        }
    }
    Ok(())
}

fn check_quick_replies(replies: &Value) -> Checked<()> {
    let replies = replies.as_array().map(Vec::as_slice).unwrap_or_default();
    if replies.is_empty() || replies.len() > MOST_QUICK_REPLIES {
        return Err(PageError::parameter("quick_replies must have 1 to 13 items"));
    }
    for reply in replies {
        match reply["content_type"].as_str() {
            Some("text") => {
                length(&reply["title"], "title", 20)?;
                length(&reply["payload"], "payload", 1000)?;
            }
            Some("user_phone_number" | "user_email") => (),
            _ => return Err(PageError::parameter("content_type is not one of the allowed values.")),
        }
    }
    Ok(())
}

fn length(value: &Value, name: &str, most: usize) -> Checked<()> {
    let fits = value.as_str().is_some_and(|text| (1..=most).contains(&text.chars().count()));
    if fits { Ok(()) } else { Err(PageError::parameter(format!("{name} must have 1 to {most} characters"))) }
}

fn only(object: &Map<String, Value>, known: &[&str], whole: &str) -> Checked<()> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(PageError::parameter(format!("Invalid keys \"{name}\" were found in {whole}."))),
    }
}
