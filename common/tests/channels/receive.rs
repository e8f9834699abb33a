//! Webhooks are taken apart without losing anything.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use common::channels::{Channel, EventKind, RawEvent, ReceivedWebhook, Unparsed, split};
use common::intake::SignedHeaders;
use serde_json::{Value, json};

macro_rules! payload {
    ($name:literal) => {
        include_str!(concat!("../../src/channels/whatsapp/testdata/", $name, ".json"))
    };
}
pub(crate) use payload;

pub(crate) fn events(body: &str) -> Vec<RawEvent> {
    take_apart(body.as_bytes()).unwrap()
}

/// A body as it comes in, with nothing that is signed.
pub(crate) fn take_apart(body: &[u8]) -> Result<Vec<RawEvent>, Unparsed> {
    let headers = SignedHeaders::default();
    split(Channel::Whatsapp, ReceivedWebhook { base: "https://inbox.example", headers: &headers, body })
}

fn webhook(value: &Value) -> String {
    let changes = json!([{"field": "messages", "value": value}]);
    json!({"object": "whatsapp_business_account", "entry": [{"id": "3", "changes": changes}]}).to_string()
}

#[test]
fn every_part_of_every_entry_counts() {
    use EventKind::{Message, Other, Status};
    let (first, second) = ("400000000000001", "400000000000002");
    let expected = [
        (Message, first, "15550102007"),
        (Message, first, "15550102006"),
        (Message, first, "15550102007"),
        (Message, first, "15550102008"),
        (Other, first, ""),
        (Status, first, "15550102006"),
        (Other, first, ""),
        (Other, first, ""),
        (Message, first, "15550102006"),
        (Other, second, "15550102006"),
        (Other, "300000000000001", ""),
        (Message, "400000000000003", "15550102009"),
        (Other, "300000000000003", ""),
    ];
    let events = events(payload!("mixed_entries"));
    let seen: Vec<_> = events.iter().map(|e| (e.kind, e.resource.as_str(), e.address.as_str())).collect();
    assert_eq!(seen, expected);
    let keys: HashSet<_> = events.iter().map(|event| &event.dedupe_key).collect();
    assert_eq!(keys.len(), events.len());
}

#[test]
fn a_payload_keeps_its_own_contact_and_nobody_else_s() {
    let events = events(payload!("mixed_entries"));
    let names: Vec<_> =
        events.iter().map(|event| event.payload["contact"]["profile"]["name"].as_str()).collect();
    assert_eq!(&names[..6], [Some("Bo"), Some("Ada"), Some("Bo"), None, None, Some("Ada")]);
    assert_eq!(events[0].payload["metadata"]["phone_number_id"], "400000000000001");
    assert_eq!(events[0].payload["message"]["text"]["body"], "one");
    assert_eq!(events[7].payload["value"], json!({"novelty": [{"a": 1}]}));
    assert_eq!(events[9].payload["preference"]["value"], "stop");
    assert_eq!(events[10].payload["time"], 1_795_233_630);
}

#[test]
fn a_contact_that_contradicts_the_message_is_not_linked() {
    let changed = json!({"metadata": {"phone_number_id": "4"}, "contacts": [{"wa_id": "222"}],
        "messages": [{"from": "111", "id": "a", "type": "system"}, {"id": "b", "type": "text"}]});
    let events = events(&webhook(&changed));
    assert_eq!((events[0].address.as_str(), events[0].payload.get("contact")), ("111", None));
    assert_eq!((events[1].address.as_str(), &events[1].payload["contact"]["wa_id"]), ("222", &json!("222")));
}

#[test]
fn repeated_deliveries_have_the_same_keys_and_different_facts_have_not() {
    for body in
        [payload!("statuses"), payload!("mixed_entries"), payload!("media"), payload!("not_understood")]
    {
        let (once, again) = (events(body), events(body));
        assert_eq!(once, again);
        let keys: HashSet<_> = once.iter().map(|event| &event.dedupe_key).collect();
        assert_eq!(keys.len(), once.len());
    }
    let keys: Vec<_> = events(payload!("statuses")).into_iter().map(|event| event.dedupe_key).collect();
    assert_eq!(keys[0], "status|wamid.S1|sent||");
    assert_eq!(keys[4], "status|wamid.S2|failed||131049");
    assert_eq!(keys[7], "status|wamid.S4|delivered|15550102004|");
}

#[test]
fn a_status_s_address_is_the_number_or_else_the_user_id() {
    let addresses: Vec<_> = events(payload!("statuses")).into_iter().map(|event| event.address).collect();
    assert_eq!(&addresses[..3], ["15550102001", "15550102001", "US.77001"]);
}

#[test]
fn nothing_that_the_database_cannot_hold_is_left() {
    let events = events(payload!("not_understood"));
    assert_eq!(events[6].payload["message"]["hologram"], json!({"a\u{fffd}b": "c\u{fffd}d"}));
}

#[test]
fn what_is_no_webhook_is_told_apart() {
    let deep = format!("{{\"object\":\"whatsapp_business_account\",\"entry\":{}", "[".repeat(1_000_000));
    let no_list = json!({"object": "whatsapp_business_account", "entry": {}}).to_string();
    for body in
        ["", "{", "null", "[]", "\"x\"", r#"{"object":"page","entry":[]}"#, no_list.as_str(), deep.as_str()]
    {
        assert!(take_apart(body.as_bytes()).is_err(), "{}", &body[..body.len().min(60)]);
    }
    assert_eq!(events(r#"{"object":"whatsapp_business_account","entry":[]}"#), []);
    for entry in [
        "null",
        "5",
        "[]",
        "{}",
        r#"{"changes":5}"#,
        r#"{"changes":[null]}"#,
        r#"{"changes":[{"value":[]}]}"#,
    ] {
        let events = events(&format!(r#"{{"object":"whatsapp_business_account","entry":[{entry}]}}"#));
        assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Other], "{entry}");
    }
}

#[test]
fn a_batch_of_a_thousand_is_taken_apart_at_once() {
    let contacts: Vec<_> = (0..1000)
        .map(|n| json!({"wa_id": format!("1555{n:07}"), "profile": {"name": n.to_string()}}))
        .collect();
    let messages: Vec<_> = (0..1000)
        .map(|n| json!({"from": format!("1555{n:07}"), "id": format!("wamid.{n}"), "type": "text", "text": {"body": "x".repeat(1000)}}))
        .collect();
    let body =
        webhook(&json!({"metadata": {"phone_number_id": "4"}, "contacts": contacts, "messages": messages}));
    let began = Instant::now();
    let events = events(&body);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(events.len(), 1000);
    assert!(
        events
            .iter()
            .enumerate()
            .all(|(n, event)| event.payload["contact"]["profile"]["name"] == *n.to_string())
    );
}

#[test]
fn a_forged_batch_cannot_grow_beyond_its_size() {
    let value = |items: usize| {
        let shared = "x".repeat(1_000_000);
        json!({"metadata": {"phone_number_id": "4", "display_phone_number": shared}, "contacts": [{"wa_id": "1", "profile": {"name": shared}}],
            "messages": vec![json!({"from": "1"}); items]})
    };
    let kept: usize =
        events(&webhook(&value(1000))).iter().map(|event| event.payload.to_string().len()).sum();
    assert!(kept < 1_500_000, "{kept}");
    let refused = take_apart(webhook(&value(10_001)).as_bytes()).unwrap_err();
    assert_eq!(refused.to_string(), "more than 10000 events");
}
