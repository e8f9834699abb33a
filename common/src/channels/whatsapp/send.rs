//! Sends one message, and says what became of it.

use chrono::Utc;
use http::StatusCode;
use url::Url;

use super::payloads::{Context, Link, Message, Recipient, SendAnswer, SendBody, TextBody};
use super::{address, addresses, errors, told};
use crate::channels::{Action, ChannelError, Outgoing, SendOutcome, Sender};
use crate::domain::content::{Content, Media, Text};
use crate::http_client;
use crate::problem::FieldError;

const TEXT_LIMIT: usize = 4096;
const CAPTION_LIMIT: usize = 1024;
const FILENAME_LIMIT: usize = 240;
const URL_LIMIT: usize = 2048;
/// Most characters of the provider's id of a message.
const ID_LIMIT: usize = 255;

/// Whether WhatsApp takes this content; lengths count Unicode scalar values, as the provider does.
///
/// # Errors
/// Every field at fault.
pub fn check(content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    match content {
        Content::Text(text) => check_text(text, &mut faults),
        Content::Image(media) | Content::Video(media) | Content::Document(media) => {
            check_media(media, &mut faults);
        }
        Content::Audio(media) | Content::Sticker(media) => {
            check_media(media, &mut faults);
            if media.caption.is_some() {
                fault(&mut faults, "caption", "not_supported", "is not taken with this type on WhatsApp");
            }
        }
        Content::Location(_)
        | Content::Contacts(_)
        | Content::Reaction(_)
        | Content::Template(_)
        | Content::Interactive(_)
        | Content::Order(_)
        | Content::Referral(_)
        | Content::Postback(_)
        | Content::Unsupported(_) => fault(&mut faults, "type", "unsupported_content", "cannot be sent"),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn fault(faults: &mut Vec<FieldError>, field: &str, code: &str, message: impl Into<String>) {
    faults.push(FieldError { field: format!("content.{field}"), code: code.into(), message: message.into() });
}

fn check_length(field: &str, text: &str, limit: usize, faults: &mut Vec<FieldError>) {
    let length = text.chars().count();
    if length > limit {
        fault(faults, field, "too_long", format!("may have {limit} characters on WhatsApp and has {length}"));
    }
}

fn check_text(text: &Text, faults: &mut Vec<FieldError>) {
    if text.text.trim().is_empty() {
        fault(faults, "text", "too_short", "must not be blank");
    }
    check_length("text", &text.text, TEXT_LIMIT, faults);
}

fn check_media(media: &Media, faults: &mut Vec<FieldError>) {
    match &media.url {
        Some(url) => {
            check_length("url", url, URL_LIMIT, faults);
            if !is_web_address(url) {
                fault(faults, "url", "invalid_url", "must be an http or https address with a host");
            }
        }
        None => fault(faults, "url", "required", "is required on WhatsApp"),
    }
    if let Some(caption) = &media.caption {
        check_length("caption", caption, CAPTION_LIMIT, faults);
    }
    if let Some(filename) = &media.filename {
        check_length("filename", filename, FILENAME_LIMIT, faults);
        if filename.trim().is_empty() || filename.chars().any(char::is_control) {
            fault(faults, "filename", "invalid_character", "must not be blank or contain control characters");
        }
    }
}

/// The parser forgives white space that the provider does not.
fn is_web_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    plain && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Sends one message.
///
/// Certain refusals are `Refused`; whatever may have been taken is `Uncertain`: no answer after the request was
/// written, a success that names no message, and a gateway's 502 or 504, which by RFC 9110 §15.6 say that a server behind it
/// was asked and its answer was bad or late. A 500 or 503 is the word of a server that did not do the work.
pub async fn send(http: &reqwest::Client, sender: &Sender, message: &Outgoing<'_>) -> SendOutcome {
    let Some(body) = body(message) else {
        let title = "This content cannot be sent on WhatsApp";
        return SendOutcome::Refused(ChannelError::new(Action::Content, "unsupported_content", title));
    };
    let url = address(&sender.base_url, &[&sender.external_id, "messages"]);
    let request = http.post(url).bearer_auth(sender.access_token.expose()).json(&body);
    match request.send().await {
        Ok(response) => outcome(response).await,
        Err(error) => not_answered(error),
    }
}

fn body<'a>(message: &Outgoing<'a>) -> Option<SendBody<'a>> {
    let plain = |media: &'a Media| Some(Link { link: media.url.as_deref()?, caption: None, filename: None });
    let captioned = |media: &'a Media| Some(Link { caption: media.caption.as_deref(), ..plain(media)? });
    let content = match message.content {
        Content::Text(Text { text, preview_url }) => {
            Message::Text { text: TextBody { body: text, preview_url: *preview_url } }
        }
        Content::Image(media) => Message::Image { image: captioned(media)? },
        Content::Video(media) => Message::Video { video: captioned(media)? },
        Content::Audio(media) => Message::Audio { audio: plain(media)? },
        // The one type whose file name the contact sees.
        Content::Document(media) => {
            Message::Document { document: Link { filename: media.filename.as_deref(), ..captioned(media)? } }
        }
        Content::Sticker(media) => Message::Sticker { sticker: plain(media)? },
        Content::Location(_)
        | Content::Contacts(_)
        | Content::Reaction(_)
        | Content::Template(_)
        | Content::Interactive(_)
        | Content::Order(_)
        | Content::Referral(_)
        | Content::Postback(_)
        | Content::Unsupported(_) => return None,
    };
    Some(SendBody {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        recipient: recipient(message.to),
        message: content,
        context: message.reply_to.map(|message_id| Context { message_id }),
        biz_opaque_callback_data: message.correlation,
    })
}

fn recipient(address: &str) -> Recipient<'_> {
    match address.strip_prefix('+').unwrap_or(address) {
        digits if addresses::is_number(digits) => Recipient::Number(format!("+{digits}")),
        _ => Recipient::User(address),
    }
}

/// There is no answer. Until a connection stands nothing can have been taken; after that, nobody knows.
fn not_answered(error: reqwest::Error) -> SendOutcome {
    if error.is_builder() {
        let title = "The access token is invalid or expired";
        return SendOutcome::Refused(
            ChannelError::new(Action::Auth, "token_expired", title).detail(told(error)),
        );
    }
    if error.is_connect() {
        let title = "The provider cannot be reached";
        let refused = ChannelError::new(Action::Transient, "provider_unreachable", title);
        return SendOutcome::Refused(refused.detail(told(error)));
    }
    let what = if error.is_timeout() { "no answer in time" } else { "the connection broke" };
    SendOutcome::Uncertain { detail: format!("{what}: {}", told(error)) }
}

async fn outcome(response: reqwest::Response) -> SendOutcome {
    let (status, headers) = (response.status(), response.headers().clone());
    let read = http_client::read_limited(response).await;
    if status.is_success() {
        return match read {
            Ok(body) => accepted(status, &body),
            Err(error) => SendOutcome::Uncertain { detail: format!("HTTP {status}, then: {}", told(error)) },
        };
    }
    // The status line has come: that much of the answer counts even if the rest is lost.
    let (body, broken) = match read {
        Ok(body) => (body, None),
        Err(error) => (bytes::Bytes::new(), Some(told(error))),
    };
    let gateway = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
    if gateway && !errors::speaks_graph(&body) {
        return SendOutcome::Uncertain { detail: format!("HTTP {status} from a gateway") };
    }
    let mut error = errors::classify(status, &headers, &body, Utc::now());
    if let Some(broken) = broken {
        error = ChannelError { detail: Some(broken), ..unread(error) };
    }
    SendOutcome::Refused(error)
}

/// A refusal whose reason did not arrive: the next answer will tell it.
fn unread(error: ChannelError) -> ChannelError {
    if error.action.keeps_message() {
        return error;
    }
    let title = "The provider's answer broke off";
    let unread = ChannelError::new(Action::Transient, "answer_unreadable", title);
    ChannelError { retry_after: error.retry_after, http_status: error.http_status, ..unread }
}

fn accepted(status: StatusCode, body: &[u8]) -> SendOutcome {
    let answer = serde_json::from_slice::<SendAnswer>(body).ok();
    let sent = answer.and_then(|answer| answer.messages.into_iter().next());
    let valid = |id: &str| (1..=ID_LIMIT).contains(&id.chars().count()) && !id.chars().any(char::is_control);
    match sent {
        Some(sent) if valid(&sent.id) => SendOutcome::Accepted { provider_id: sent.id },
        _ => SendOutcome::Uncertain { detail: format!("HTTP {status} that names no message") },
    }
}
