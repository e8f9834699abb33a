//! Checks the body of `POST /{phone_number_id}/messages` as strictly as the provider does.

mod content;
mod field;
mod interactive;
mod template;

use std::sync::Arc;

use serde_json::{Map, Value};

use self::field::{Field, invalid, missing};
use super::error::GraphError;
use crate::account::AccountState;
use crate::address;
use crate::media::MediaStore;
use crate::message::Category;
use crate::template::Template;
use crate::wamid::{self, Direction};

/// A correct request.
#[derive(Debug)]
pub enum Request<'a> {
    /// A message to send.
    Message(Message<'a>),
    /// A contact's message was read; perhaps the business is typing.
    Read {
        /// The message.
        id: &'a str,
        /// Its contact.
        contact: String,
        /// Whether the business is typing.
        typing: bool,
    },
}

/// A message to send.
#[derive(Debug)]
pub struct Message<'a> {
    /// The recipient as given.
    pub input: &'a str,
    /// The recipient as digits or user id.
    pub recipient: String,
    /// The business's own reference.
    pub correlation: Option<&'a str>,
    /// Whether only `sent` follows.
    pub is_reaction: bool,
    /// The template, when it is one.
    pub template: Option<Arc<Template>>,
}

impl Message<'_> {
    /// What it is priced as.
    pub fn category(&self) -> Category {
        self.template.as_ref().map_or(Category::Service, |template| template.category)
    }
}

/// What messages may refer to.
pub struct Known<'a> {
    /// The sender's account.
    pub account: &'a AccountState,
    /// Stored media.
    pub media: &'a MediaStore,
}

const LONGEST_CORRELATION: usize = 512;

/// Checks a request body.
pub fn request<'a>(body: &'a Map<String, Value>, known: &Known<'_>) -> Result<Request<'a>, GraphError> {
    match body.get("messaging_product") {
        None | Some(Value::Null) => {
            return Err(GraphError::parameter("The parameter messaging_product is required."));
        }
        Some(Value::String(product)) if product == "whatsapp" => {}
        Some(_) => {
            return Err(GraphError::parameter("Param messaging_product must be one of {WHATSAPP}"));
        }
    }
    if body.contains_key("status") { read(body) } else { message(body, known).map(Request::Message) }
}

fn read(body: &Map<String, Value>) -> Result<Request<'_>, GraphError> {
    let body = Field::root(body);
    body.one_of("status", &["read"])?;
    let id = body.text("message_id")?;
    let typing = body.optional_object("typing_indicator")?;
    if let Some(typing) = &typing {
        typing.one_of("type", &["text"])?;
    }
    match wamid::read(id) {
        Some((contact, Direction::Inbound)) => Ok(Request::Read { id, contact, typing: typing.is_some() }),
        _ => Err(invalid("message_id", "is not the id of a message from a contact")),
    }
}

fn message<'a>(body: &'a Map<String, Value>, known: &Known<'_>) -> Result<Message<'a>, GraphError> {
    let field = Field::root(body);
    if body.contains_key("recipient_type") {
        field.one_of("recipient_type", &["individual"])?;
    }
    let (input, recipient) = recipient(body)?;
    let correlation = field.optional_text("biz_opaque_callback_data")?;
    if correlation.is_some_and(|text| text.chars().count() > LONGEST_CORRELATION) {
        return Err(field::too_long("biz_opaque_callback_data", LONGEST_CORRELATION));
    }
    if let Some(context) = field.optional_object("context")? {
        let id = context.text("message_id")?;
        wamid::read(id).ok_or_else(|| invalid("context['message_id']", "is not a message id"))?;
    }
    let kind = kind(body)?;
    let template = match kind {
        "template" => Some(template::check(&field.object("template")?, known)?),
        other => {
            content::check(other, &field, known)?;
            None
        }
    };
    Ok(Message { input, recipient, correlation, is_reaction: kind == "reaction", template })
}

/// The recipient as given and as an address: `to`, or `recipient` for user ids.
fn recipient(body: &Map<String, Value>) -> Result<(&str, String), GraphError> {
    let name = if body.contains_key("recipient") && !body.contains_key("to") { "recipient" } else { "to" };
    let given = match body.get(name) {
        None | Some(Value::Null) => return Err(GraphError::parameter("The parameter to is required.")),
        Some(Value::String(given)) => given,
        Some(_) => return Err(GraphError::parameter(format!("Param {name} must be a string."))),
    };
    if name == "recipient" && !address::is_user_id(given) {
        return Err(invalid("recipient", "is not a business-scoped user id"));
    }
    let address = address::normalise(given).ok_or_else(|| invalid(name, "is not a valid phone number"))?;
    Ok((given, address))
}

/// The message type; `text` may be left out.
fn kind(body: &Map<String, Value>) -> Result<&str, GraphError> {
    match body.get("type") {
        Some(Value::String(kind)) => Ok(kind),
        Some(Value::Null) | None if body.contains_key("text") => Ok("text"),
        Some(Value::Null) | None => Err(missing("type")),
        Some(_) => Err(invalid("type", "must be a string")),
    }
}
