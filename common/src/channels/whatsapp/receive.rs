//! Takes a webhook apart: one raw event for each message, status, error and change in it, none left out.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::addresses;
use crate::channels::{EventKind, RawEvent, Unparsed, raw_json};

/// Most events of one body; the provider sends at most a thousand. It bounds what a forged body can cost.
const EVENT_LIMIT: usize = 10_000;
/// Most characters of a text that is copied to each event of a batch.
const SHARED_TEXT_LIMIT: usize = 255;

/// Takes a body apart. Nothing in it is believed until its signature is checked.
///
/// # Errors
/// The body is no WhatsApp webhook, or has more events than any provider sends.
pub fn split(body: &[u8]) -> Result<Vec<RawEvent>, Unparsed> {
    let mut root = raw_json::read(body).map_err(|error| unparsed(format!("not JSON: {error}")))?;
    if root.get("object") != Some(&json!("whatsapp_business_account")) {
        return Err(unparsed("object is not whatsapp_business_account"));
    }
    let Some(Value::Array(entries)) = root.get_mut("entry").map(Value::take) else {
        return Err(unparsed("entry is not a list"));
    };
    let mut events = Vec::new();
    for mut entry in entries {
        raw_json::make_storable(&mut entry);
        let account = shortened(&text(&entry["id"]));
        let time = entry["time"].clone();
        match entry.get_mut("changes") {
            Some(Value::Array(changes)) => {
                for change in std::mem::take(changes) {
                    split_change(change, &account, &time, &mut events)?;
                }
            }
            _ => push(&mut events, other(account, "", entry))?,
        }
    }
    Ok(events)
}

fn unparsed(reason: impl Into<String>) -> Unparsed {
    Unparsed { reason: reason.into() }
}

fn push(events: &mut Vec<RawEvent>, event: RawEvent) -> Result<(), Unparsed> {
    if events.len() >= EVENT_LIMIT {
        return Err(unparsed(format!("more than {EVENT_LIMIT} events")));
    }
    events.push(event);
    Ok(())
}

fn split_change(
    mut change: Value,
    account: &str,
    time: &Value,
    events: &mut Vec<RawEvent>,
) -> Result<(), Unparsed> {
    let field = text(&change["field"]);
    let lists: &[&str] = match field.as_str() {
        "messages" | "" => &["messages", "statuses", "errors"],
        "smb_message_echoes" => &["message_echoes"],
        "user_preferences" => &["user_preferences"],
        _ => &[],
    };
    let metadata = picked(&change["value"]["metadata"], &["phone_number_id", "display_phone_number"]);
    let number = metadata.get("phone_number_id").map(text).filter(|id| !id.is_empty());
    let resource = number.unwrap_or_else(|| account.to_owned());
    match change.get_mut("value") {
        Some(Value::Object(value)) if lists.iter().any(|list| holds(value.get(*list))) => {
            let contacts = Contacts::of(value.get("contacts"));
            Batch { resource, metadata, contacts }.split(std::mem::take(value), lists, &field, events)
        }
        _ => {
            if let (Value::Object(change), false) = (&mut change, time.is_null()) {
                change.insert("time".into(), time.clone());
            }
            push(events, other(resource, &field, change))
        }
    }
}

/// Whether a list has anything in it; what should be a list and is not counts as one item.
fn holds(list: Option<&Value>) -> bool {
    match list {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

/// What the events of one change share.
struct Batch {
    resource: String,
    metadata: Map<String, Value>,
    contacts: Contacts,
}

impl Batch {
    fn split(
        self,
        mut value: Map<String, Value>,
        lists: &[&str],
        field: &str,
        events: &mut Vec<RawEvent>,
    ) -> Result<(), Unparsed> {
        for list in lists {
            let items = match value.remove(*list) {
                Some(Value::Array(items)) => items,
                None | Some(Value::Null) => Vec::new(),
                Some(item) => vec![item],
            };
            for item in items {
                push(events, self.event(list, item))?;
            }
        }
        // What a later version of the provider may add beside the lists we know.
        value.retain(|name, _| !["messaging_product", "metadata", "contacts"].contains(&name.as_str()));
        if value.is_empty() {
            return Ok(());
        }
        let rest = json!({"field": field, "value": value, "metadata": self.metadata});
        push(events, other(self.resource, field, rest))
    }

    fn event(&self, list: &str, item: Value) -> RawEvent {
        match list {
            "messages" if item.is_object() => self.message(item),
            "statuses" if item.is_object() => self.status(item),
            "message_echoes" if item.is_object() => self.echo(item),
            "user_preferences" if item.is_object() => self.preference(item),
            _ => {
                let payload = json!({"field": list, "value": item, "metadata": self.metadata});
                other(self.resource.clone(), list, payload)
            }
        }
    }

    fn message(&self, item: Value) -> RawEvent {
        let (from, user) = (&item["from"], &item["from_user_id"]);
        let contact = self.contacts.find([from, user]);
        let (wa_id, user_id) = (&contact["wa_id"], &contact["user_id"]);
        let address = first_address([from, wa_id, user, user_id]);
        let dedupe_key = format!("message|{}", id_or_digest(&item));
        self.raw(EventKind::Message, address, dedupe_key, self.payload("message", item, contact))
    }

    fn status(&self, item: Value) -> RawEvent {
        let (to, user) = (&item["recipient_id"], &item["recipient_user_id"]);
        let contact = self.contacts.find([to, user]);
        let address = first_address([to, user]);
        let participant = [&item["recipient_participant_id"], &item["recipient_participant_user_id"]];
        let participant = participant.into_iter().map(text).find(|id| !id.is_empty()).unwrap_or_default();
        let error = text(&item["errors"][0]["code"]);
        let word = text(&item["status"]);
        let dedupe_key = format!("status|{}|{word}|{participant}|{error}", id_or_digest(&item));
        self.raw(EventKind::Status, address, dedupe_key, self.payload("status", item, contact))
    }

    /// A message that the business sent from its phone.
    fn echo(&self, item: Value) -> RawEvent {
        let (to, user) = (&item["to"], &item["to_user_id"]);
        let contact = self.contacts.find([to, user]);
        let address = first_address([to, user]);
        let dedupe_key = format!("echo|{}", id_or_digest(&item));
        self.raw(EventKind::Message, address, dedupe_key, self.payload("echo", item, contact))
    }

    /// What a contact wants to get.
    fn preference(&self, item: Value) -> RawEvent {
        let address = first_address([&item["wa_id"], &item["user_id"]]);
        let dedupe_key = format!("preference|{}", digest(&item));
        self.raw(EventKind::Other, address, dedupe_key, self.payload("preference", item, &Value::Null))
    }

    fn raw(&self, kind: EventKind, address: String, dedupe_key: String, payload: Value) -> RawEvent {
        RawEvent { resource: self.resource.clone(), kind, address, dedupe_key, payload }
    }

    fn payload(&self, name: &str, item: Value, contact: &Value) -> Value {
        let mut payload = Map::new();
        payload.insert("metadata".into(), self.metadata.clone().into());
        if !contact.is_null() {
            payload.insert("contact".into(), contact.clone());
        }
        payload.insert(name.into(), item);
        payload.into()
    }
}

/// The contacts of a change, by each of their addresses.
#[derive(Default)]
struct Contacts {
    all: Vec<Value>,
    by_address: HashMap<String, usize>,
}

impl Contacts {
    fn of(contacts: Option<&Value>) -> Self {
        let mut found = Self::default();
        for contact in contacts.and_then(Value::as_array).into_iter().flatten() {
            let names = ["wa_id", "user_id", "parent_user_id", "identity_key_hash"];
            let mut kept = picked(contact, &names);
            kept.insert("profile".into(), picked(&contact["profile"], &["name", "username"]).into());
            for address in addresses::distinct([&contact["wa_id"], &contact["user_id"]]) {
                found.by_address.entry(address).or_insert(found.all.len());
            }
            found.all.push(kept.into());
        }
        found
    }

    /// The contact with one of these addresses; if there are none, the only contact.
    fn find(&self, values: [&Value; 2]) -> &Value {
        let wanted = addresses::distinct(values);
        let place = match (wanted.as_slice(), self.all.as_slice()) {
            ([], [_]) => Some(0),
            (wanted, _) => wanted.iter().find_map(|address| self.by_address.get(address).copied()),
        };
        place.and_then(|place| self.all.get(place)).unwrap_or(&Value::Null)
    }
}

/// An event that is kept and has no effect.
fn other(resource: String, field: &str, payload: Value) -> RawEvent {
    let dedupe_key = format!("other|{field}|{}", digest(&payload));
    RawEvent { resource, kind: EventKind::Other, address: String::new(), dedupe_key, payload }
}

fn first_address<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    addresses::distinct(values).into_iter().next().unwrap_or_default()
}

fn id_or_digest(item: &Value) -> String {
    Some(text(&item["id"])).filter(|id| !id.is_empty()).unwrap_or_else(|| format!("#{}", digest(item)))
}

fn digest(value: &Value) -> String {
    hex::encode(Sha256::digest(value.to_string()))
}

/// A text or a number as text; anything else is empty.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Copies the named texts, shortened: they go to each event of a batch, however long someone makes them.
fn picked(value: &Value, names: &[&str]) -> Map<String, Value> {
    let texts = names.iter().map(|name| (*name, shortened(&text(&value[*name]))));
    texts.filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text.into())).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(SHARED_TEXT_LIMIT).collect()
}
