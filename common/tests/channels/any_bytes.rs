//! Whatever comes in, taking it apart is total and nothing panics.

use common::channels::{Channel, EventKind, parse, split};
use proptest::prelude::*;
use serde_json::{Value, json};

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
    ];
    prop_oneof![9 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
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
    let events = split(Channel::Whatsapp, body).ok()?;
    for event in &events {
        let _understood = parse(Channel::Whatsapp, event.kind, &event.payload);
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
            let _understood = parse(Channel::Whatsapp, kind, &payload);
        }
    }
}
