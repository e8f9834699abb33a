//! Whatever comes in, taking it apart is total and nothing panics.

use common::channels::{EventKind, InboundEvent};
use common::domain::content::Content;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::parse::understand;
use super::receive::take_apart;

/// JSON whose names and words are often those that the provider uses.
fn value() -> impl Strategy<Value = Value> {
    let words = [
        "",
        "wamid.1",
        "15550102001",
        "US.77001",
        "text",
        "image",
        "sent",
        "failed",
        "1795233600",
        "1795233600123",
        "\u{0}",
        "99999999999999999999",
        "messages",
        "reaction",
        "contacts",
        "location",
        "interactive",
        "nfm_reply",
        "button_reply",
        "order",
        "system",
        "user_changed_number",
        "edit",
        "revoke",
        "{\"a\":[1,{\"b\":\"\\u0000\"}]}",
        "91.5",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let names = [
        "id",
        "changes",
        "field",
        "value",
        "metadata",
        "phone_number_id",
        "contacts",
        "wa_id",
        "user_id",
        "profile",
        "name",
        "messages",
        "statuses",
        "errors",
        "message_echoes",
        "from",
        "from_user_id",
        "type",
        "text",
        "body",
        "image",
        "timestamp",
        "context",
        "status",
        "recipient_id",
        "biz_opaque_callback_data",
        "code",
        "message",
        "contact",
        "echo",
        "to",
        "group_id",
        "reaction",
        "message_id",
        "emoji",
        "location",
        "latitude",
        "longitude",
        "interactive",
        "nfm_reply",
        "response_json",
        "button_reply",
        "button",
        "title",
        "order",
        "product_items",
        "product_retailer_id",
        "quantity",
        "system",
        "edit",
        "revoke",
        "original_message_id",
        "referral",
        "phones",
        "org",
    ];
    prop_oneof![9 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

/// A message of a type that the provider has, with anything in its parts.
fn item() -> impl Strategy<Value = Value> {
    let types = [
        "text",
        "image",
        "location",
        "contacts",
        "reaction",
        "button",
        "interactive",
        "order",
        "system",
        "edit",
    ];
    (prop::sample::select(types.to_vec()), value(), prop::collection::btree_map(name(), value(), 0..6))
        .prop_map(|(kind, part, rest)| {
            let mut message = Value::Object(rest.into_iter().collect());
            message[kind] = part;
            message["type"] = json!(kind);
            message
        })
}

/// What taking a body apart does to it.
fn make_storable(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(make_storable),
        Value::Object(map) => {
            let named = std::mem::take(map).into_iter();
            *map = named.map(|(name, value)| (name.replace('\0', "\u{fffd}"), value)).collect();
            map.values_mut().for_each(make_storable);
        }
        _ => (),
    }
}

fn holds_null_character(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_null_character),
        Value::Object(map) => {
            map.iter().any(|(name, value)| name.contains('\0') || holds_null_character(value))
        }
        _ => false,
    }
}

fn check(body: &[u8]) -> Option<usize> {
    let events = take_apart(body).ok()?;
    for event in &events {
        let _understood = understand(event.kind, &event.payload);
        assert!(!holds_null_character(&event.payload), "{event:?}");
        assert!(event.address.chars().count() <= 255 && !event.address.contains('\0'));
        assert!(!event.dedupe_key.is_empty() && event.resource.chars().count() <= 255);
    }
    Some(events.len())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(&body);
    }

    #[test]
    fn each_item_of_a_list_becomes_one_event(
        messages in prop::collection::vec(value(), 1..6), statuses in prop::collection::vec(value(), 0..6),
        errors in prop::collection::vec(value(), 0..3), contacts in value(), metadata in value(),
    ) {
        let count = messages.len() + statuses.len() + errors.len();
        let value = json!({"messages": messages, "statuses": statuses, "errors": errors, "contacts": contacts, "metadata": metadata});
        let entry = json!({"id": "3", "changes": [{"field": "messages", "value": value}]});
        let body = json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string();
        prop_assert_eq!(check(body.as_bytes()), Some(count));
    }

    #[test]
    fn each_change_and_entry_becomes_at_least_one_event(entries in prop::collection::vec(value(), 0..5)) {
        let changes = |entry: &Value| entry.get("changes").and_then(Value::as_array).map_or(1, Vec::len);
        let least: usize = entries.iter().map(changes).sum();
        let body = json!({"object": "whatsapp_business_account", "entry": entries}).to_string();
        prop_assert!(check(body.as_bytes()).is_some_and(|count| count >= least));
    }

    #[test]
    fn no_cut_makes_it_panic(at in 0..3000_usize) {
        let body = include_bytes!("../../src/channels/whatsapp/testdata/mixed_entries.json");
        check(&body[..at.min(body.len())]);
    }

    #[test]
    fn no_payload_makes_understanding_panic(payload in value()) {
        for kind in [EventKind::Message, EventKind::Status, EventKind::Other] {
            let _understood = understand(kind, &payload);
        }
    }

    #[test]
    fn whatever_is_understood_can_be_stored_and_read_again(mut message in item(), contact in value(), echo in any::<bool>()) {
        message["id"] = json!("wamid.1");
        message[if echo { "to" } else { "from" }] = json!("15550102001");
        make_storable(&mut message);
        let name = if echo { "echo" } else { "message" };
        let understood = understand(EventKind::Message, &json!({name: message, "contact": contact}));
        let content = match understood {
            InboundEvent::Message(message) => Some(message.content),
            InboundEvent::Edited(edit) => Some(edit.content),
            _ => None,
        };
        if let Some(content) = content {
            let stored = serde_json::to_value(&content).unwrap();
            prop_assert!(!holds_null_character(&stored), "{}", stored);
            let read: Result<Content, _> = serde_json::from_str(&stored.to_string());
            prop_assert!(read.is_ok(), "{:?} {}", read, stored);
            prop_assert!(content.preview().chars().count() <= 200);
        }
    }
}
