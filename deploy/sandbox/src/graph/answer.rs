//! The answers of the messages endpoint.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::validate::Message;
use crate::address;
use crate::server::Cut;

#[derive(Serialize)]
struct Answer<'a> {
    messaging_product: &'static str,
    contacts: [Contact<'a>; 1],
    messages: [Id<'a>; 1],
}

#[derive(Serialize)]
struct Contact<'a> {
    input: &'a str,
    wa_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_status: Option<&'static str>,
}

/// A message was accepted.
pub(super) fn accepted(message: &Message<'_>, id: &str) -> Response {
    let user = address::is_user_id(&message.recipient);
    let answer = Answer {
        messaging_product: "whatsapp",
        contacts: [Contact {
            input: message.input,
            wa_id: if user { "" } else { &message.recipient },
            user_id: user.then_some(&message.recipient),
        }],
        messages: [Id { id, message_status: message.template.is_some().then_some("accepted") }],
    };
    json(serde_json::to_vec(&answer).unwrap_or_default())
}

/// Something was done.
pub(super) fn success() -> Response {
    json(br#"{"success":true}"#.to_vec())
}

/// No answer at all: the connection is cut.
pub(super) fn cut() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Cut);
    response
}

fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"))], body)
        .into_response()
}
