//! Texts: what webhooks tell, and what proves them.

use chrono::{DateTime, Utc};
use common::channels::{
    Channel, Credentials, EventKind, InboundEvent, MetaCredentials, RawEvent, ReceivedWebhook,
    TextCredentials, parse, split, verify,
};
use common::config::Secret;
use common::domain::contact::OptOut;
use common::domain::content::Content;
use common::domain::message::Status;
use common::intake::{Envelope, SignedHeaders};
use http::{HeaderMap, Uri};
use uuid::Uuid;

use super::texts::{ACCOUNT, OURS};

macro_rules! payload {
    ($name:literal) => {
        include_str!(concat!("../../src/channels/text/testdata/", $name, ".txt")).trim_end()
    };
}

pub fn received() -> DateTime<Utc> {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

fn take_apart(query: &str, body: &str) -> Result<Vec<RawEvent>, String> {
    let uri: Uri = format!("/channels/text/webhook{query}").parse().unwrap();
    let headers = SignedHeaders::of(&uri, &HeaderMap::new());
    let webhook = ReceivedWebhook { base: "https://x.example", headers: &headers, body: body.as_bytes() };
    split(Channel::Text, webhook).map_err(|unparsed| unparsed.reason)
}

fn understood(event: &RawEvent) -> InboundEvent {
    parse(Channel::Text, event.kind, &event.payload, received())
}

fn message(event: &RawEvent) -> common::channels::InboundMessage {
    match understood(event) {
        InboundEvent::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_is_a_message_of_its_sender() {
    let events = take_apart("", payload!("message")).unwrap();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.kind, event.resource.as_str()), (EventKind::Message, OURS));
    assert_eq!(event.address, "15551234567");
    assert_eq!(event.dedupe_key, "message|SM11111111111111111111111111111111");
    assert_eq!(events, take_apart("", payload!("message")).unwrap(), "the same again");
    let message = message(event);
    assert_eq!(message.provider_id, "SM11111111111111111111111111111111");
    assert_eq!(
        (message.addresses.as_slice(), message.at),
        (["15551234567".to_owned()].as_slice(), received())
    );
    assert_eq!(message.content, Content::text("Hello 👋 café"));
    assert!(!message.opens_window);
}

#[test]
fn each_file_is_a_message_and_the_first_has_the_words() {
    let events = take_apart("", payload!("files")).unwrap();
    let keys: Vec<_> = events.iter().map(|event| event.dedupe_key.as_str()).collect();
    let id = "MM22222222222222222222222222222222";
    assert_eq!(keys, [format!("message|{id}"), format!("message|{id}|1"), format!("message|{id}|2")]);
    let messages: Vec<_> = events.iter().map(message).collect();
    let ids: Vec<_> = messages.iter().map(|message| message.provider_id.as_str()).collect();
    assert_eq!(ids, [id.to_owned(), format!("{id}#1"), format!("{id}#2")]);
    let (Content::Image(image), Content::Video(video), Content::Document(card)) =
        (&messages[0].content, &messages[1].content, &messages[2].content)
    else {
        panic!("{messages:?}")
    };
    assert_eq!((image.caption.as_deref(), video.caption.as_deref()), (Some("Look"), None));
    assert_eq!(
        (image.mime_type.as_deref(), card.mime_type.as_deref()),
        (Some("image/jpeg"), Some("text/vcard"))
    );
    assert!(
        card.provider_media_id.as_deref().unwrap().ends_with("/Media/ME22222222222222222222222222222222")
    );
    assert!(messages.iter().all(|message| message.addresses == ["15551234567"]));
}

#[test]
fn a_word_that_stops_is_a_message_and_a_wish_against_all() {
    let events = take_apart("", payload!("stop")).unwrap();
    assert_eq!((events[0].kind, events[1].kind), (EventKind::Message, EventKind::Other));
    assert_eq!(message(&events[0]).content, Content::text("Stop"));
    let InboundEvent::Wish(wish) = understood(&events[1]) else { panic!("{events:?}") };
    assert_eq!(
        (wish.addresses.as_slice(), wish.scope, wish.opted_out),
        (["15551234567".to_owned()].as_slice(), OptOut::All, true)
    );
    let again = payload!("stop").replace("Body=Stop", "Body=start").replace("&OptOutType=STOP", "");
    let events = take_apart("", &again).unwrap();
    let InboundEvent::Wish(wish) = understood(&events[1]) else { panic!("{events:?}") };
    assert!(!wish.opted_out);
}

#[test]
fn a_status_leads_back_by_the_address_it_came_to() {
    let attempt = Uuid::now_v7();
    let query = format!("?attempt={attempt}&sender=%2B15550000301");
    let events = take_apart(&query, payload!("undelivered")).unwrap();
    let event = &events[0];
    assert_eq!(
        (event.kind, event.resource.as_str(), event.address.as_str()),
        (EventKind::Status, OURS, "15551234567")
    );
    let InboundEvent::Status(update) = understood(event) else { panic!("{event:?}") };
    assert_eq!(
        (update.correlation, update.status, update.word.as_str()),
        (Some(attempt), Some(Status::Failed), "undelivered")
    );
    let failure = update.failure.unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.provider_code.as_deref()),
        ("recipient_unknown", Some("30005"))
    );
    assert_eq!(failure.detail.as_deref(), Some("Unknown destination handset"));
    // Without its query it is told by its id alone, and a name is its account's.
    let events = take_apart("", payload!("delivered_by_name")).unwrap();
    assert_eq!(events[0].resource, format!("{ACCOUNT}/ACME"));
    let InboundEvent::Status(update) = understood(&events[0]) else { panic!("{events:?}") };
    assert_eq!((update.correlation, update.status, update.failure), (None, Some(Status::Delivered), None));
}

#[test]
fn every_status_moves_where_it_should_and_each_has_a_key_of_its_own() {
    let mut keys = std::collections::HashSet::new();
    for (word, moves_to) in [
        ("accepted", None),
        ("queued", None),
        ("sending", None),
        ("sent", Some(Status::Sent)),
        ("delivered", Some(Status::Delivered)),
        ("read", Some(Status::Read)),
        ("undelivered", Some(Status::Failed)),
        ("failed", Some(Status::Failed)),
        ("canceled", Some(Status::Failed)),
        ("strange", None),
    ] {
        let body = format!("MessageSid=SM1&MessageStatus={word}&From=%2B15550000301&To=%2B15551234567");
        let events = take_apart("", &body).unwrap();
        let InboundEvent::Status(update) = understood(&events[0]) else { panic!("{word}") };
        assert_eq!((update.status, update.word.as_str()), (moves_to, word));
        assert!(keys.insert(events[0].dedupe_key.clone()));
    }
}

#[test]
fn no_form_crashes_or_swells_what_reads_it() {
    for body in ["", "%", "&&=&", "Body=hi", "{\"MessageSid\":\"SM1\"}", "\u{0}=\u{0}"] {
        assert_eq!(take_apart("", body), Err("the form names no message".into()), "{body}");
    }
    for body in [
        "MessageSid=SM1",
        "MessageSid=SM1&From=&To=&NumMedia=99999999999",
        "MessageSid=SM1&From=%2B1555&To=x&NumMedia=5&MediaUrl0=%00&Body=%FF%00",
        "MessageSid=SM1&MessageStatus=failed&ErrorCode=abc",
        "SmsSid=SM1&SmsStatus=sent",
    ] {
        let events = take_apart("?attempt=no&attempt=%00", body).unwrap();
        assert!((1..=10).contains(&events.len()), "{body}");
        for event in &events {
            understood(event);
            assert!(!event.payload.to_string().contains("\\u0000"), "{body}");
        }
    }
    let long = "x".repeat(100_000);
    let events =
        take_apart("", &format!("MessageSid={long}&To={long}&From={long}&NumMedia=10&Body={long}")).unwrap();
    assert!(events.iter().all(|event| event.dedupe_key.len() < 400 && event.resource.len() < 400));
    assert!(events[1..].iter().map(|event| event.payload.to_string().len()).sum::<usize>() < 10 * 400_000);
}

#[test]
fn a_webhook_that_went_through_the_fallback_queue_still_proves_itself() {
    let body = "MessageSid=SM1&MessageStatus=sent&From=%2B15550000301&To=%2B15551234567";
    let path = "/channels/text/webhook?attempt=a&sender=%2B15550000301";
    // Signed over https://inbox.example, the path, and the form sorted by name.
    let signed =
        format!("https://inbox.example{path}From+15550000301MessageSidSM1MessageStatussentTo+15551234567");
    let signature = common::crypto::signature::hmac_sha1(b"token", signed.as_bytes());
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
    let mut headers = HeaderMap::new();
    headers.insert("x-twilio-signature", signature.parse().unwrap());
    let signed = SignedHeaders::of(&path.parse::<Uri>().unwrap(), &headers);
    let envelope = Envelope::new(Uuid::nil(), 1, Channel::Text, Uuid::nil(), (&signed, body.as_bytes()));
    let envelope = Envelope::decode(&envelope.encode().unwrap()).unwrap();
    let passes = |token: &str, base: &str| {
        let secrets =
            TextCredentials { auth_token: Secret::new(token), api_key_sid: None, api_key_secret: None };
        let body = envelope.body().unwrap();
        let webhook = ReceivedWebhook { base, headers: &envelope.headers, body: &body };
        verify(Channel::Text, &Credentials::Text(secrets), webhook)
    };
    assert!(passes("token", "https://inbox.example"));
    assert!(!passes("other", "https://inbox.example") && !passes("token", "https://else.example"));
    let meta = MetaCredentials {
        access_token: Secret::new("token"),
        app_secret: Secret::new("token"),
        verify_token: Secret::new("token"),
    };
    let webhook = ReceivedWebhook { base: "https://inbox.example", headers: &signed, body: body.as_bytes() };
    assert!(!verify(Channel::Text, &Credentials::Meta(meta), webhook), "secrets of another channel");
}
