//! Raw events are understood.

use chrono::{DateTime, TimeDelta, Utc};
use common::channels::{Author, Channel, EventKind, InboundEvent, InboundMessage, StatusUpdate, Wish, parse};
use common::domain::contact::OptOut;
use common::domain::content::{Content, Media};
use common::domain::message::Status;
use serde_json::{Value, json};
use uuid::Uuid;

use super::receive::{events, payload};

/// Understands a payload of WhatsApp, which tells its times itself.
pub(crate) fn understand(kind: EventKind, payload: &Value) -> InboundEvent {
    parse(Channel::Whatsapp, kind, payload, DateTime::UNIX_EPOCH)
}

fn messages(body: &str) -> Vec<InboundMessage> {
    let parsed = events(body).into_iter().map(|event| understand(event.kind, &event.payload));
    parsed
        .map(|event| match event {
            InboundEvent::Message(message) => *message,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// What an event means, as the cases tell it: what goes without saying is left out.
fn meaning(event: &InboundEvent) -> Value {
    let (mut told, author) = match event {
        InboundEvent::Message(message) => {
            let mut told = json!({"content": message.content});
            let more = [
                ("replyTo", json!(message.reply_to)),
                ("reactionTo", json!(message.reaction_to)),
                ("newAddress", json!(message.new_address)),
                ("context", json!(message.context)),
            ];
            for (name, value) in more.into_iter().filter(|(_, value)| !value.is_null()) {
                told[name] = value;
            }
            if !message.opens_window {
                told["window"] = json!(false);
            }
            assert_eq!(message.addresses, ["15550102003"]);
            (told, message.author)
        }
        InboundEvent::Edited(edit) => (json!({"edited": edit.target, "content": edit.content}), edit.author),
        InboundEvent::Deleted(deletion) => (json!({"deleted": deletion.target}), deletion.author),
        other => panic!("{other:?}"),
    };
    if author == Author::Business {
        told["business"] = json!(true);
    }
    told
}

/// The only event of a webhook with this item, which is completed by an id, a time and who wrote to whom.
fn event_of(field: &str, list: &str, addresses: &Value, mut told: Value) -> (Value, InboundEvent) {
    let fields = [("id", json!("wamid.X")), ("timestamp", json!("1795233610"))];
    for (name, value) in fields
        .into_iter()
        .chain(addresses.as_object().unwrap().clone().iter().map(|(n, v)| (n.as_str(), v.clone())))
    {
        told[name] = value;
    }
    let value = json!({"metadata": {"phone_number_id": "4"}, list: [told]});
    let changes = json!([{"field": field, "value": value}]);
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "3", "changes": changes}]});
    let event = events(&body.to_string()).remove(0);
    (told, understand(event.kind, &event.payload))
}

/// The raw message of what is not understood is the whole, or in an edit its new content.
fn complete(means: &mut Value, told: &Value) {
    if means["content"]["type"] == "unsupported" && means["edited"].is_null() {
        means["content"]["raw"] = told.clone();
    }
}

#[test]
fn every_type_that_contacts_send_is_understood() {
    let cases: Vec<Value> = serde_json::from_str(payload!("types")).unwrap();
    assert!(cases.len() > 40);
    for mut case in cases {
        let from = json!({"from": "15550102003"});
        let (told, event) = event_of("messages", "messages", &from, case["told"].clone());
        complete(&mut case["means"], &told);
        assert_eq!(meaning(&event), case["means"], "{}", case["case"]);
    }
}

#[test]
fn what_the_business_sends_from_its_phone_is_its_own_and_opens_no_window() {
    let cases: Vec<Value> = serde_json::from_str(payload!("echoes")).unwrap();
    for mut case in cases {
        let between = json!({"from": "15550100001", "to": "15550102003"});
        let (told, event) = event_of("smb_message_echoes", "message_echoes", &between, case["told"].clone());
        complete(&mut case["means"], &told);
        case["means"]["business"] = json!(true);
        if case["means"]["edited"].is_null() && case["means"]["deleted"].is_null() {
            case["means"]["window"] = json!(false);
        }
        assert_eq!(meaning(&event), case["means"], "{}", case["case"]);
    }
}

#[test]
fn a_contact_without_a_phone_number_goes_by_its_user_id() {
    let user = json!({"from_user_id": "US.77001", "from_parent_user_id": "US.ENT.9"});
    let (_, event) = event_of("messages", "messages", &user, json!({"type": "text", "text": {"body": "hi"}}));
    let InboundEvent::Message(message) = event else { panic!("{event:?}") };
    assert_eq!(message.addresses, ["US.77001"]);
    let user = json!({"from": "15550100001", "to_user_id": "US.77001"});
    let told = json!({"type": "text", "text": {"body": "hi"}});
    let (_, event) = event_of("smb_message_echoes", "message_echoes", &user, told);
    let InboundEvent::Message(message) = event else { panic!("{event:?}") };
    assert_eq!((message.addresses, message.author), (vec!["US.77001".to_owned()], Author::Business));
}

/// Whatever is understood can be stored as JSON and read again.
#[test]
fn a_meaning_can_be_read_again() {
    let deepest = format!("{}{}", "[".repeat(64), "]".repeat(64));
    let told = json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": deepest}}});
    let (_, event) = event_of("messages", "messages", &json!({"from": "15550102003"}), told);
    let InboundEvent::Message(message) = event else { panic!("{event:?}") };
    let stored = json!({"message": {"content": message.content}}).to_string();
    let read: Value = serde_json::from_str(&stored).unwrap();
    assert!(read["message"]["content"]["interactive"]["response"].is_array());
    assert_eq!(
        serde_json::from_str::<Content>(&json!(message.content).to_string()).unwrap(),
        message.content
    );
}

fn statuses(body: &str) -> Vec<StatusUpdate> {
    let parsed = events(body).into_iter().map(|event| understand(event.kind, &event.payload));
    parsed
        .map(|event| match event {
            InboundEvent::Status(status) => status,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_text_is_understood_with_its_sender_and_quote() {
    let message = messages(payload!("text_with_quote")).remove(0);
    assert_eq!(message.provider_id, "wamid.TEXT1");
    assert_eq!(message.addresses, ["15550102001", "US.77001"]);
    assert_eq!(message.name.as_deref(), Some("Noor 🌻"));
    assert_eq!(message.at, DateTime::from_timestamp(1_795_233_600, 0).unwrap());
    assert_eq!(message.content, Content::text("مرحبا 👋"));
    assert_eq!(message.reply_to.as_deref(), Some("wamid.OURS1"));
}

#[test]
fn what_a_contact_wants_of_marketing_is_understood() {
    let wish = |preference: Value| {
        let value = json!({ "metadata": { "phone_number_id": "4" }, "user_preferences": [preference] });
        let changes = json!([{ "field": "user_preferences", "value": value }]);
        let body =
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "3", "changes": changes }] });
        let event = events(&body.to_string()).remove(0);
        (event.address.clone(), understand(event.kind, &event.payload))
    };
    let preference = |value: &str| {
        json!({ "wa_id": "+15550102006", "user_id": "US.77006", "detail": "User requested", "category": "marketing_messages",
            "value": value, "timestamp": 1_795_233_634 })
    };
    let addresses = vec!["15550102006".to_owned(), "US.77006".to_owned()];
    let at = DateTime::from_timestamp(1_795_233_634, 0).unwrap();
    for (value, opted_out) in [("stop", true), ("resume", false), ("signup", false)] {
        let expected = Wish { scope: OptOut::Marketing, addresses: addresses.clone(), opted_out, at };
        assert_eq!(wish(preference(value)), ("15550102006".to_owned(), InboundEvent::Wish(expected)));
    }
    let mut odd = preference("stop");
    odd["category"] = json!("else");
    for preference in [odd, preference("later"), json!({})] {
        assert!(matches!(wish(preference).1, InboundEvent::Ignored { .. }));
    }
}

#[test]
fn five_types_of_media_are_understood() {
    let messages = messages(payload!("media"));
    let file = |id: &str, mime: &str, sha256: &str| Media {
        provider_media_id: Some(id.into()),
        mime_type: Some(mime.into()),
        sha256: Some(sha256.into()),
        ..Media::default()
    };
    let image = Media { caption: Some("the roof".into()), ..file("9001", "image/jpeg", "c2hhMQ==") };
    let document =
        Media { filename: Some("quote.pdf".into()), ..file("9004", "application/pdf", "c2hhNA==") };
    let expected = [
        Content::Image(image),
        Content::Video(file("9002", "video/mp4", "c2hhMg==")),
        Content::Audio(Media { voice: Some(true), ..file("9003", "audio/ogg; codecs=opus", "c2hhMw==") }),
        Content::Document(document),
        Content::Sticker(Media { animated: Some(false), ..file("9005", "image/webp", "c2hhNQ==") }),
    ];
    assert_eq!(messages.iter().map(|message| message.content.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(messages[0].at.timestamp(), 1_795_233_601);
    assert_eq!(messages[3].at.timestamp_millis(), 1_795_233_604_123);
}

#[test]
fn what_is_not_known_stays_whole() {
    let messages = messages(payload!("not_understood"));
    assert_eq!(messages.len(), 7);
    for (event, message) in events(payload!("not_understood")).iter().zip(&messages) {
        let Content::Unsupported(unsupported) = &message.content else { panic!("{message:?}") };
        assert_eq!(unsupported.raw, event.payload["message"]);
        assert_eq!(message.addresses, ["15550102003"]);
    }
}

#[test]
fn statuses_tell_where_a_message_stands() {
    let statuses = statuses(payload!("statuses"));
    let moves: Vec<_> = statuses.iter().map(|status| (status.word.as_str(), status.status)).collect();
    let expected = [
        ("sent", Some(Status::Sent)),
        ("delivered", Some(Status::Delivered)),
        ("read", Some(Status::Read)),
        ("played", None),
        ("failed", Some(Status::Failed)),
    ];
    assert_eq!(&moves[..5], expected);
    let attempt = Uuid::parse_str("0197a000-0000-7000-8000-000000000001").unwrap();
    assert_eq!(
        statuses[..3].iter().map(|s| s.correlation).collect::<Vec<_>>(),
        [Some(attempt), Some(attempt), None]
    );
    let failures: Vec<_> = statuses[4..7]
        .iter()
        .map(|status| status.failure.clone().map(|f| (f.code, f.provider_code, f.detail)).unwrap())
        .collect();
    let text = |text: &str| Some(text.to_owned());
    let expected = [
        ("recipient_limit_reached".to_owned(), text("131049"), text("Too many marketing messages.")),
        ("recipient_unreachable".to_owned(), text("131026"), text("Undeliverable")),
        ("delivery_failed".to_owned(), None, None),
    ];
    assert_eq!(failures, expected);
    assert!(statuses.iter().all(|status| status.failure.is_some() == (status.word == "failed")));
}

#[test]
fn odd_fields_are_forgiven_and_a_missing_sender_is_not_invented() {
    let message = |fields: Value| {
        let mut message = json!({"id": "wamid.1", "from": "15550100", "type": "text", "text": {"body": ""}});
        for (name, value) in fields.as_object().unwrap() {
            message[name] = value.clone();
        }
        understand(EventKind::Message, &json!({"message": message}))
    };
    let soon = Utc::now() - TimeDelta::minutes(1);
    for timestamp in [json!(null), json!("soon"), json!(-5), json!("99999999999999999"), json!([])] {
        let InboundEvent::Message(message) = message(json!({"timestamp": timestamp})) else {
            panic!("{timestamp}")
        };
        assert!(message.at > soon && message.content == Content::text(""));
    }
    for fields in
        [json!({"from": null}), json!({"id": ""}), json!({"id": "x".repeat(256)}), json!({"id": {}})]
    {
        assert!(matches!(message(fields), InboundEvent::Ignored { .. }));
    }
    let InboundEvent::Message(bare) = message(json!({"text": null})) else { panic!() };
    assert_eq!(bare.content.kind(), "unsupported");
    for payload in [json!(null), json!([]), json!({"status": {"id": 5}}), json!({"message": "x"})] {
        for kind in [EventKind::Message, EventKind::Status, EventKind::Other] {
            assert!(matches!(understand(kind, &payload), InboundEvent::Ignored { .. }));
        }
    }
}
