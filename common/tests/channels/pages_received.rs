//! Messenger and Instagram: webhooks are taken apart, and each thing in them is understood.

use chrono::{DateTime, TimeZone as _, Utc};
use common::channels::{
    Author, Channel, InboundEvent, RawEvent, ReceivedWebhook, StatusUpdate, UpTo, Watermark, parse, split,
    verify,
};
use common::channels::{Credentials, MetaCredentials};
use common::config::Secret;
use common::domain::message::Status;
use common::intake::SignedHeaders;
use http::{HeaderMap, Uri};
use proptest::prelude::*;
use serde_json::{Value, json};

const OURS: &str = "500000000000001";
const CONTACT: &str = "6500000000000001";
const MESSENGER: &str = include_str!("../../src/channels/messenger/testdata/messages.json");
const INSTAGRAM: &str = include_str!("../../src/channels/instagram/testdata/messages.json");

fn take_apart(channel: Channel, body: &[u8]) -> Result<Vec<RawEvent>, String> {
    let headers = SignedHeaders::of(&Uri::from_static("/"), &HeaderMap::new());
    let webhook = ReceivedWebhook { base: "https://inbox.example", headers: &headers, body };
    split(channel, webhook).map_err(|unparsed| unparsed.reason)
}

fn received() -> DateTime<Utc> {
    Utc.timestamp_millis_opt(1_795_233_699_000).unwrap()
}

fn understand(channel: Channel, event: &RawEvent) -> InboundEvent {
    parse(channel, event.kind, &event.payload, received())
}

fn object(channel: Channel) -> &'static str {
    if channel == Channel::Messenger { "page" } else { "instagram" }
}

/// The events of a webhook with this element, completed by who did it to whom, and when.
fn events(channel: Channel, mut told: Value, echo: bool) -> Vec<RawEvent> {
    let (from, to) = if echo { (OURS, CONTACT) } else { (CONTACT, OURS) };
    told["sender"] = json!({ "id": from });
    told["recipient"] = json!({ "id": to });
    told["timestamp"] = json!(1_795_233_610_123_i64);
    let entry = json!({ "id": OURS, "time": 1_795_233_610_200_i64, "messaging": [told] });
    let body = json!({ "object": object(channel), "entry": [entry] }).to_string();
    let events = take_apart(channel, body.as_bytes()).unwrap();
    for event in &events {
        assert_eq!((event.resource.as_str(), event.address.as_str()), (OURS, CONTACT), "{event:?}");
    }
    events
}

/// What an event means, as the cases tell it: what goes without saying is left out.
fn meaning(event: &InboundEvent, id: &str) -> Value {
    let (mut told, author) = match event {
        InboundEvent::Message(message) => {
            let mut told = json!({ "content": message.content });
            let more = [
                ("replyTo", json!(message.reply_to)),
                ("reactionTo", json!(message.reaction_to)),
                ("context", json!(message.context)),
                ("attempt", json!(message.correlation)),
            ];
            for (name, value) in more.into_iter().filter(|(_, value)| !value.is_null()) {
                told[name] = value;
            }
            if !message.opens_window {
                told["window"] = json!(false);
            }
            if !message.provider_id.eq(id) {
                let (name, digest) = message.provider_id.split_once('#').unwrap();
                assert_eq!(digest.len(), 64);
                told["id"] = json!(format!("{name}#"));
            }
            assert_eq!(message.addresses, [CONTACT]);
            assert_eq!(message.at.timestamp_millis(), 1_795_233_610_123);
            (told, message.author)
        }
        InboundEvent::Edited(edit) => {
            (json!({ "edited": edit.target, "content": edit.content }), edit.author)
        }
        InboundEvent::Deleted(deletion) => (json!({ "deleted": deletion.target }), deletion.author),
        other => panic!("{other:?}"),
    };
    if author == Author::Business {
        told["business"] = json!(true);
    }
    told
}

#[test]
fn each_recorded_case_is_understood() {
    for (channel, cases, id) in
        [(Channel::Messenger, MESSENGER, "m_1"), (Channel::Instagram, INSTAGRAM, "aWdf1")]
    {
        let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
        for case in cases {
            let events = events(channel, case["told"].clone(), case["echo"] == true);
            assert_eq!(events.len(), 1, "{}", case["case"]);
            let told = meaning(&understand(channel, &events[0]), id);
            assert_eq!(told, case["means"], "{channel} {}", case["case"]);
        }
    }
}

#[test]
fn each_file_of_a_message_is_a_message_of_its_own_and_the_first_has_the_words() {
    let file =
        |kind: &str, n: u8| json!({ "type": kind, "payload": { "url": format!("https://x.fbcdn.net/{n}") } });
    let told = json!({ "message": { "mid": "m_1", "text": "two", "attachments": [file("image", 1), file("video", 2)] } });
    let events = events(Channel::Messenger, told, false);
    let keys: Vec<_> = events.iter().map(|event| event.dedupe_key.as_str()).collect();
    assert_eq!(keys, ["message|m_1", "message|m_1|1"]);
    let told: Vec<Value> = events
        .iter()
        .map(|event| match understand(Channel::Messenger, event) {
            InboundEvent::Message(message) => json!([message.provider_id, message.content]),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["m_1", { "type": "image", "providerMediaId": "https://x.fbcdn.net/1", "caption": "two" }],
            ["m_1#1", { "type": "video", "providerMediaId": "https://x.fbcdn.net/2" }],
        ])
    );
}

fn status(provider_id: &str, status: Status, word: &str) -> InboundEvent {
    let at = Utc.timestamp_millis_opt(1_795_233_610_123).unwrap();
    let (provider_id, word) = (provider_id.to_owned(), word.to_owned());
    InboundEvent::Status(StatusUpdate {
        provider_id,
        correlation: None,
        status: Some(status),
        word,
        at,
        failure: None,
    })
}

fn mark(up_to: UpTo, status: Status, word: &str) -> InboundEvent {
    let at = Utc.timestamp_millis_opt(1_795_233_610_123).unwrap();
    InboundEvent::Watermark(Watermark {
        addresses: vec![CONTACT.into()],
        status,
        word: word.into(),
        up_to,
        at,
    })
}

#[test]
fn a_mark_is_about_all_messages_before_it_and_about_those_it_names() {
    let until = UpTo::Time(Utc.timestamp_millis_opt(1_795_233_600_456).unwrap());
    let seconds = UpTo::Time(Utc.timestamp_opt(1_795_233_600, 0).unwrap());
    let cases = [
        (
            Channel::Messenger,
            json!({ "delivery": { "mids": ["m_1", "m_2"], "watermark": 1_795_233_600_456_i64 } }),
            vec![
                ("delivered|m_1".to_owned(), status("m_1", Status::Delivered, "delivered")),
                ("delivered|m_2".to_owned(), status("m_2", Status::Delivered, "delivered")),
                (
                    format!("delivery|{CONTACT}|1795233600456"),
                    mark(until.clone(), Status::Delivered, "delivery"),
                ),
            ],
        ),
        (
            Channel::Messenger,
            json!({ "read": { "watermark": "1795233600" } }),
            vec![(format!("read|{CONTACT}|1795233600"), mark(seconds, Status::Read, "read"))],
        ),
        (
            Channel::Instagram,
            json!({ "read": { "mid": "aWdf1" } }),
            vec![
                ("seen|aWdf1".to_owned(), status("aWdf1", Status::Read, "seen")),
                (format!("read|{CONTACT}|aWdf1"), mark(UpTo::Message("aWdf1".into()), Status::Read, "read")),
            ],
        ),
    ];
    for (channel, told, expected) in cases {
        let events = events(channel, told.clone(), false);
        let found: Vec<_> =
            events.iter().map(|event| (event.dedupe_key.clone(), understand(channel, event))).collect();
        assert_eq!(found, expected, "{told}");
    }
}

#[test]
fn all_else_is_kept_without_effect() {
    let element = |name: &str| json!({ name: { "x": 1 } });
    for name in ["optin", "pass_thread_control", "policy_enforcement", "account_linking", "hologram"] {
        let events = events(Channel::Messenger, element(name), false);
        assert_eq!(events.len(), 1);
        assert!(events[0].dedupe_key.starts_with(&format!("other|{name}|")), "{:?}", events[0]);
        assert!(matches!(understand(Channel::Messenger, &events[0]), InboundEvent::Ignored { .. }));
    }
    let entry = json!({ "id": "17", "changes": [{ "field": "comments", "value": { "id": "1" } }] });
    let body = json!({ "object": "instagram", "entry": [entry] }).to_string();
    assert_eq!(take_apart(Channel::Instagram, body.as_bytes()).unwrap()[0].resource, "17");
    for body in ["{}", r#"{"object":"instagram","entry":[]}"#, r#"{"object":"page"}"#, "no"] {
        assert!(take_apart(Channel::Messenger, body.as_bytes()).is_err(), "{body}");
    }
}

/// What another app has in its hands is told in `standby`, and each entry counts.
#[test]
fn every_entry_and_list_counts() {
    let element = |mid: &str| json!({ "sender": { "id": CONTACT }, "recipient": { "id": OURS }, "message": { "mid": mid, "text": "x" } });
    let entry =
        json!({ "id": OURS, "messaging": [element("m_1"), element("m_2")], "standby": [element("m_3")] });
    let body = json!({ "object": "page", "entry": [entry, { "id": "7", "messaging": [element("m_4")] }] });
    let events = take_apart(Channel::Messenger, body.to_string().as_bytes()).unwrap();
    let told: Vec<_> =
        events.iter().map(|event| (event.resource.as_str(), event.dedupe_key.as_str())).collect();
    assert_eq!(
        told,
        [(OURS, "message|m_1"), (OURS, "message|m_2"), (OURS, "message|m_3"), ("7", "message|m_4")]
    );
    let InboundEvent::Message(message) = understand(Channel::Messenger, &events[0]) else { panic!() };
    assert_eq!(message.at, received(), "where the provider tells no time, that of receipt counts");
}

#[test]
fn a_webhook_is_signed_with_the_app_s_secret() {
    let body = br#"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m","text":"caf\u00e9"}}]}]}"#;
    let mut headers = HeaderMap::new();
    let signature = "sha256=88623696d0ffd01d2083341386f4be4697e602647eed8e449cbe21d3d29d3aa8";
    headers.insert("x-hub-signature-256", signature.parse().unwrap());
    let headers = SignedHeaders::of(&Uri::from_static("/channels/messenger/webhook"), &headers);
    let secrets = |secret: &str| {
        let word = || Secret::new("x");
        Credentials::Meta(MetaCredentials {
            access_token: word(),
            app_secret: Secret::new(secret),
            verify_token: word(),
        })
    };
    for channel in [Channel::Messenger, Channel::Instagram] {
        let webhook = ReceivedWebhook { base: "", headers: &headers, body };
        assert!(verify(channel, &secrets("app_secret_123"), webhook));
        assert!(!verify(channel, &secrets("app_secret_124"), webhook));
    }
}

const WORDS: &[&str] = &[
    "",
    "m_1",
    "6500000000000001",
    "image",
    "sticker",
    "1795233600",
    "\u{0}",
    "99999999999999999999",
    "react",
    "https://x.fbcdn.net/1",
];
const NAMES: &[&str] = &[
    "id",
    "messaging",
    "sender",
    "recipient",
    "timestamp",
    "message",
    "mid",
    "text",
    "attachments",
    "type",
    "payload",
    "url",
    "is_echo",
    "is_deleted",
    "metadata",
    "reply_to",
    "story",
    "delivery",
    "mids",
    "watermark",
    "read",
    "reaction",
    "emoji",
    "action",
    "postback",
    "title",
    "referral",
    "ref",
    "message_edit",
    "num_edit",
    "quick_reply",
    "coordinates",
    "lat",
    "long",
    "sticker_id",
];

/// JSON whose names are often those that the provider uses.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name =
        prop_oneof![9 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(6, 96, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn check(channel: Channel, body: &[u8]) -> Option<usize> {
    let events = take_apart(channel, body).ok()?;
    for event in &events {
        let _understood = understand(channel, event);
        assert!(!event.payload.to_string().contains("\\u0000"), "{event:?}");
        assert!(event.address.chars().count() <= 255 && event.resource.chars().count() <= 255);
        assert!(!event.dedupe_key.is_empty() && event.dedupe_key.chars().count() < 1000);
    }
    Some(events.len())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(Channel::Messenger, &body);
    }

    #[test]
    fn each_element_becomes_at_least_one_event(elements in prop::collection::vec(value(), 1..6)) {
        for channel in [Channel::Messenger, Channel::Instagram] {
            let entry = json!({ "id": OURS, "messaging": elements });
            let body = json!({ "object": object(channel), "entry": [entry] }).to_string();
            prop_assert!(check(channel, body.as_bytes()).is_some_and(|count| count >= elements.len()));
        }
    }

    #[test]
    fn a_message_of_anything_is_understood(message in value(), name in "message|postback|reaction|referral|read|delivery|message_edit") {
        let element = json!({ "sender": { "id": CONTACT }, "recipient": { "id": OURS }, name: message });
        let body = json!({ "object": "page", "entry": [{ "id": OURS, "messaging": [element] }] }).to_string();
        check(Channel::Messenger, body.as_bytes());
    }
}
