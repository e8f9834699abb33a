//! The JSON body of a webhook POST, with everything beyond ASCII escaped as the provider does.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Value};

use super::{Event, Update};
use crate::account::Profile;
use crate::address;
use crate::clock::Clock;
use crate::graph::codes;
use crate::message::{Accepted, Author, Category, Inbound, Step};

#[derive(Serialize)]
struct Envelope<'a> {
    object: &'static str,
    entry: [Entry<'a>; 1],
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    value: Content<'a>,
    field: &'static str,
}

#[derive(Serialize)]
struct Content<'a> {
    messaging_product: &'static str,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<Contact<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    message_echoes: Vec<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statuses: Vec<Status<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    display_phone_number: &'a str,
    phone_number_id: &'a str,
}

#[derive(Serialize, PartialEq)]
struct Contact<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wa_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

#[derive(Serialize, PartialEq)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Status<'a> {
    id: &'a str,
    status: &'static str,
    timestamp: String,
    recipient_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biz_opaque_callback_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing: Option<Pricing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[Failure; 1]>,
}

#[derive(Serialize)]
struct Pricing {
    billable: bool,
    pricing_model: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    category: &'static str,
}

#[derive(Serialize)]
struct Failure {
    code: u32,
    title: &'static str,
    message: &'static str,
    error_data: Details,
    href: &'static str,
}

#[derive(Serialize)]
struct Details {
    details: &'static str,
}

/// The body that tells `updates`, which all belong to one account.
pub(super) fn render(waba_id: &str, updates: &[Update], clock: &Clock) -> serde_json::Result<Vec<u8>> {
    // Held here because the changes borrow from the profiles.
    let profiles: Vec<Arc<Profile>> = updates.iter().map(|update| update.phone().profile()).collect();
    let mut changes: Vec<Change<'_>> = Vec::with_capacity(1);
    for (update, profile) in updates.iter().zip(&profiles) {
        if !changes.last().is_some_and(|change| change.takes(update)) {
            changes.push(Change::about(update, profile));
        }
        if let Some(change) = changes.last_mut() {
            change.value.add(update, clock);
        }
    }
    let envelope = Envelope { object: "whatsapp_business_account", entry: [Entry { id: waba_id, changes }] };
    let mut body = Vec::with_capacity(256 + 400 * updates.len());
    envelope.serialize(&mut serde_json::Serializer::with_formatter(&mut body, Ascii))?;
    Ok(body)
}

impl<'a> Change<'a> {
    fn about(update: &'a Update, profile: &'a Profile) -> Self {
        let metadata =
            Metadata { display_phone_number: &profile.digits, phone_number_id: &update.phone().id };
        let value = Content {
            messaging_product: "whatsapp",
            metadata,
            contacts: Vec::new(),
            messages: Vec::new(),
            message_echoes: Vec::new(),
            statuses: Vec::new(),
        };
        Self { value, field: field(update) }
    }

    /// Whether an update may join: same number and same kind, so that the order of the whole is kept.
    fn takes(&self, update: &Update) -> bool {
        let same_kind = match update.event {
            Event::Status { .. } => self.value.messages.is_empty(),
            Event::Inbound(_) => self.value.statuses.is_empty(),
        };
        same_kind && self.field == field(update) && self.value.metadata.phone_number_id == &*update.phone().id
    }
}

impl<'a> Content<'a> {
    fn add(&mut self, update: &'a Update, clock: &Clock) {
        match &update.event {
            Event::Status { message, step, code } => {
                // Whoever has a user id is told with it.
                if let Some(contact) = recipient(message).filter(|contact| !self.contacts.contains(contact)) {
                    self.contacts.push(contact);
                }
                self.statuses.push(status(message, *step, *code, clock.unix_seconds(update.at)));
            }
            Event::Inbound(message) if message.author == Author::Business => {
                self.message_echoes.push(&message.message);
            }
            Event::Inbound(message) if message.author == Author::Provider => {
                self.messages.push(&message.message);
            }
            Event::Inbound(message) => {
                let contact = contact(message);
                if !self.contacts.contains(&contact) {
                    self.contacts.push(contact);
                }
                self.messages.push(&message.message);
            }
        }
    }
}

fn contact(message: &Inbound) -> Contact<'_> {
    let user = address::is_user_id(&message.contact);
    Contact {
        profile: Some(Name { name: &message.name }),
        wa_id: (!user).then_some(&message.contact),
        user_id: if user { Some(&message.contact) } else { message.user_id.as_deref() },
    }
}

/// To whom a message went, if it has a user id.
fn recipient(message: &Accepted) -> Option<Contact<'_>> {
    let user = address::is_user_id(&message.recipient);
    let user_id = if user { Some(&*message.recipient) } else { message.user_id.as_deref() };
    user_id.map(|id| Contact {
        profile: None,
        wa_id: (!user).then_some(&message.recipient),
        user_id: Some(id),
    })
}

/// The webhook field that tells of it.
fn field(update: &Update) -> &'static str {
    match &update.event {
        Event::Inbound(message) if message.author == Author::Business => "smb_message_echoes",
        _ => "messages",
    }
}

fn status(message: &Accepted, step: Step, code: u32, seconds: u64) -> Status<'_> {
    let user = address::is_user_id(&message.recipient);
    Status {
        id: &message.provider_id,
        status: step.name(),
        timestamp: seconds.to_string(),
        recipient_id: if user { "" } else { &message.recipient },
        recipient_user_id: if user { Some(&message.recipient) } else { message.user_id.as_deref() },
        biz_opaque_callback_data: message.correlation.as_deref().filter(|_| message.echoes),
        pricing: matches!(step, Step::Sent | Step::Delivered).then(|| pricing(message.category)),
        errors: (step == Step::Failed).then(|| [failure(code)]),
    }
}

fn pricing(category: Category) -> Pricing {
    let billable = category != Category::Service;
    Pricing {
        billable,
        pricing_model: "PMP",
        kind: if billable { "regular" } else { "free_customer_service" },
        category: category.name(),
    }
}

fn failure(code: u32) -> Failure {
    let title = codes::title(code);
    Failure {
        code,
        title,
        message: title,
        error_data: Details { details: codes::details(code) },
        href: "/docs/whatsapp/cloud-api/support/error-codes/",
    }
}

/// A value as compact JSON in ASCII.
pub fn ascii(value: &serde_json::Value) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing to memory does not fail.
    let _written = value.serialize(&mut serde_json::Serializer::with_formatter(&mut body, Ascii));
    body
}

/// Compact JSON in ASCII.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if text.is_ascii() {
            return writer.write_all(text.as_bytes());
        }
        for character in text.chars() {
            if character.is_ascii() {
                writer.write_all(&[character as u8])?;
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_ascii_is_escaped_in_lower_case() {
        let mut body = Vec::new();
        "caf\u{e9} \u{1f600}\n\""
            .serialize(&mut serde_json::Serializer::with_formatter(&mut body, Ascii))
            .unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), r#""caf\u00e9 \ud83d\ude00\n\"""#);
    }
}
