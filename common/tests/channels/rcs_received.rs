//! RCS: what webhooks tell, and what proves them.

use chrono::{DateTime, Utc};
use common::channels::{
    Channel, Credentials, EventKind, InboundEvent, MetaCredentials, RawEvent, RcsCredentials,
    ReceivedWebhook, parse, split, verify,
};
use common::config::Secret;
use common::crypto::signature::hmac_sha512;
use common::domain::contact::OptOut;
use common::domain::content::{Content, InteractiveKind, Location};
use common::domain::message::Status;
use common::intake::SignedHeaders;
use http::{HeaderMap, Uri};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::rcs::AGENT;

macro_rules! payload {
    ($name:literal) => {
        include_str!(concat!("../../src/channels/rcs/testdata/", $name, ".json"))
    };
}

const OURS: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn received() -> DateTime<Utc> {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

fn headers(signature: Option<&str>) -> SignedHeaders {
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        headers.insert("x-goog-signature", signature.parse().unwrap());
    }
    SignedHeaders::of(&Uri::from_static("/channels/rcs/webhook"), &headers)
}

fn take_apart(body: &[u8]) -> Result<RawEvent, String> {
    let headers = headers(None);
    let webhook = ReceivedWebhook { base: "https://x.example", headers: &headers, body };
    let mut events = split(Channel::Rcs, webhook).map_err(|unparsed| unparsed.reason)?;
    assert_eq!(events.len(), 1);
    Ok(events.remove(0))
}

fn understood(event: &RawEvent) -> InboundEvent {
    parse(Channel::Rcs, event.kind, &event.payload, received())
}

fn envelope(event: &Value) -> String {
    wrapped(event.to_string().as_bytes())
}

fn wrapped(event: &[u8]) -> String {
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, event);
    json!({ "message": { "attributes": {}, "data": data }, "subscription": "s" }).to_string()
}

#[test]
fn every_kind_of_message_is_understood() {
    let told = |body: &str, key: &str| {
        let event = take_apart(body.as_bytes()).unwrap();
        assert_eq!((event.kind, event.resource.as_str()), (EventKind::Message, AGENT));
        assert_eq!((event.address.as_str(), event.dedupe_key.as_str()), ("15551234567", key));
        let InboundEvent::Message(message) = understood(&event) else { panic!("{event:?}") };
        assert_eq!(message.addresses, ["15551234567"]);
        assert_eq!(message.at, "2026-11-21T03:59:58.5Z".parse::<DateTime<Utc>>().unwrap());
        assert!(!message.opens_window);
        assert_eq!(format!("message|{}", message.provider_id), key);
        message.content
    };
    let key = "message|Mx0001";
    assert_eq!(told(payload!("text"), key), Content::text("Hello 👋 café"));
    let Content::Interactive(pressed) = told(payload!("reply"), key) else { panic!("a reply") };
    let InteractiveKind::ButtonReply(choice) = pressed.interactive else { panic!("a button") };
    assert_eq!((choice.id.as_str(), choice.title.as_str()), ("yes", "Yes, please"));
    let Content::Postback(tapped) = told(payload!("action"), "message|Ev0002") else { panic!("an action") };
    assert_eq!(
        (tapped.payload.as_str(), tapped.title.as_deref()),
        ("https://a.example", Some("https://a.example"))
    );
    let place = Location { latitude: 52.5163, longitude: 13.3777, name: None, address: None };
    assert_eq!(told(payload!("location"), key), Content::Location(place));
    let Content::Image(file) = told(payload!("file"), key) else { panic!("a file") };
    assert_eq!(
        file.provider_media_id.as_deref(),
        Some("https://rcs-user-content.storage.googleapis.com/a?sig=1")
    );
    assert_eq!((file.size, file.filename.as_deref()), (Some(127_806), Some("4_animal.jpeg")));
    let Content::Unsupported(unknown) = told(payload!("unknown"), key) else { panic!("unknown") };
    assert_eq!(unknown.raw["hologram"]["depth"], 3);
}

#[test]
fn an_event_moves_the_message_that_its_id_names() {
    for (body, status, word) in [
        (payload!("delivered"), Some(Status::Delivered), "DELIVERED"),
        (payload!("read"), Some(Status::Read), "READ"),
        (payload!("revoked"), Some(Status::Failed), "TTL_EXPIRATION_REVOKED"),
        (payload!("revoke_failed"), None, "TTL_EXPIRATION_REVOKE_FAILED"),
    ] {
        let event = take_apart(body.as_bytes()).unwrap();
        assert_eq!((event.kind, event.address.as_str()), (EventKind::Status, "15551234567"), "{word}");
        assert!(event.dedupe_key.starts_with("event|Ev-"), "{}", event.dedupe_key);
        let InboundEvent::Status(update) = understood(&event) else { panic!("{word}") };
        assert_eq!((update.status, update.word.as_str()), (status, word));
        assert_eq!(update.provider_id, OURS);
        assert_eq!(update.correlation.map(|id| id.to_string()).as_deref(), Some(OURS));
        let code = update.failure.map(|failure| failure.code);
        assert_eq!(code.as_deref(), (status == Some(Status::Failed)).then_some("not_delivered_in_time"));
    }
}

#[test]
fn a_contact_says_whether_it_wants_messages_and_the_rest_has_no_effect() {
    for (body, opted_out) in [(payload!("unsubscribe"), true), (payload!("subscribe"), false)] {
        let event = take_apart(body.as_bytes()).unwrap();
        assert_eq!(event.kind, EventKind::Other);
        let InboundEvent::Wish(wish) = understood(&event) else { panic!("{event:?}") };
        assert_eq!((wish.scope, wish.opted_out), (OptOut::All, opted_out));
        assert_eq!(wish.addresses, ["15551234567"]);
    }
    for body in [payload!("typing"), payload!("launch")] {
        let event = take_apart(body.as_bytes()).unwrap();
        assert_eq!((event.kind, event.resource.as_str()), (EventKind::Other, AGENT));
        assert!(matches!(understood(&event), InboundEvent::Ignored { .. }));
    }
}

#[test]
fn events_without_an_id_of_their_own_are_told_apart_by_what_they_say() {
    let key = |event: Value| take_apart(envelope(&event).as_bytes()).unwrap().dedupe_key;
    let status = |word: &str| json!({ "agentId": AGENT, "messageId": OURS, "eventType": word });
    assert_eq!(key(status("DELIVERED")), format!("event|{OURS}|DELIVERED"));
    assert_ne!(key(status("DELIVERED")), key(status("READ")));
    let typing = |at: &str| json!({ "agentId": AGENT, "eventType": "IS_TYPING", "sendTime": at });
    assert_eq!(key(typing("1")), key(typing("1")));
    assert_ne!(key(typing("1")), key(typing("2")));
}

#[test]
fn what_holds_no_event_of_an_agent_is_kept_whole() {
    for body in
        ["", "{}", "[]", r#"{"message":{"data":"no base64!"}}"#, r#"{"message":{"data":"bm90IGpzb24="}}"#]
    {
        assert!(take_apart(body.as_bytes()).is_err(), "{body}");
    }
    assert!(take_apart(envelope(&json!({ "text": "hi" })).as_bytes()).is_err());
}

#[test]
fn only_the_agent_s_own_token_signs() {
    let event =
        json!({ "senderPhoneNumber": "+12223334444", "messageId": "m1", "agentId": "a1", "text": "Hi" });
    let body = envelope(&event);
    let signed = hmac_sha512(b"ours", event.to_string().as_bytes());
    let signed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signed);
    let of = |token: &str| {
        Credentials::Rcs(RcsCredentials {
            service_account: Secret::new("{}"),
            client_token: Secret::new(token),
        })
    };
    let passes = |credentials: &Credentials, signature: Option<&str>| {
        let headers = headers(signature);
        let webhook = ReceivedWebhook { base: "https://x.example", headers: &headers, body: body.as_bytes() };
        verify(Channel::Rcs, credentials, webhook)
    };
    assert!(passes(&of("ours"), Some(&signed)));
    assert!(!passes(&of("other"), Some(&signed)) && !passes(&of("ours"), None));
    let secret = Secret::new("ours");
    let meta =
        MetaCredentials { access_token: secret.clone(), app_secret: secret.clone(), verify_token: secret };
    assert!(!passes(&Credentials::Meta(meta), Some(&signed)));
}

fn value() -> impl Strategy<Value = Value> {
    let names = [
        "agentId",
        "senderPhoneNumber",
        "phoneNumber",
        "eventType",
        "eventId",
        "messageId",
        "sendTime",
        "text",
        "location",
        "latitude",
        "longitude",
        "suggestionResponse",
        "postbackData",
        "type",
        "userFile",
        "payload",
        "fileUri",
        "mimeType",
        "fileSizeBytes",
    ];
    let words = [
        "",
        "DELIVERED",
        "READ",
        "UNSUBSCRIBE",
        "IS_TYPING",
        "REPLY",
        "+15551234567",
        OURS,
        "\u{0}",
        "\u{0}image/",
    ];
    let leaf = prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(|word| json!(word)),
        1 => any::<String>().prop_map(|text| json!(text)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => Just(Value::Null),
        1 => "[a-z]{250,300}".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(3, 30, 6, move |inner| {
        let name = prop_oneof![9 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            4 => prop::collection::btree_map(name, inner.clone(), 0..8).prop_map(|map| json!(map)),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::Array),
        ]
    })
}

fn hold(body: &[u8]) {
    let Ok(event) = take_apart(body) else { return };
    assert!(!event.payload.to_string().contains("\\u0000"), "{event:?}");
    assert!(event.address.chars().count() <= 255 && !event.address.contains('\0'));
    assert!(event.resource.chars().count() <= 255 && event.dedupe_key.chars().count() <= 600);
    for kind in [EventKind::Message, EventKind::Status, EventKind::Other] {
        let understood = parse(Channel::Rcs, kind, &event.payload, received());
        if let InboundEvent::Message(message) = understood {
            let stored = serde_json::to_value(&message.content).unwrap();
            assert!(!stored.to_string().contains("\\u0000"));
            let read: Result<Content, _> = serde_json::from_str(&stored.to_string());
            assert!(read.is_ok(), "{read:?} {stored}");
            assert!(message.content.preview().chars().count() <= 200);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..500)) {
        hold(&body);
        hold(wrapped(&body).as_bytes());
    }

    #[test]
    fn no_event_makes_it_panic_and_what_is_understood_can_be_stored(mut event in value()) {
        hold(envelope(&event).as_bytes());
        if event.is_object() {
            event["agentId"] = json!(AGENT);
            event["senderPhoneNumber"] = json!("+15551234567");
            event["messageId"] = json!("Mx1");
            hold(envelope(&event).as_bytes());
        }
    }
}
