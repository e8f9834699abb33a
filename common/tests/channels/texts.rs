//! Texts: what webhooks tell, what is sent, and what becomes of it.

use chrono::{DateTime, Utc};
use common::channels::{
    Action, Channel, Credentials, EventKind, InboundEvent, MetaCredentials, Outgoing, RawEvent,
    ReceivedWebhook, SendOutcome, Sender, TextCredentials, check, content_types, locate_file, normal_address,
    open_file, parse, passes_closed_window, probe, send, split, verify,
};
use common::config::{AllowedUrls, Secret};
use common::domain::contact::OptOut;
use common::domain::content::{Content, Location, Media};
use common::domain::message::Status;
use common::intake::{Envelope, SignedHeaders};
use common::problem::{MessagingWindow, WindowState};
use http::{HeaderMap, Uri};
use uuid::Uuid;

use super::provider::{Answer, Provider, TOKEN, answer, client};

const ACCOUNT: &str = "AC00000000000000000000000000000301";
const OURS: &str = "+15550000301";

macro_rules! payload {
    ($name:literal) => {
        include_str!(concat!("../../src/channels/text/testdata/", $name, ".txt")).trim_end()
    };
}

fn received() -> DateTime<Utc> {
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

fn sender(provider: &Provider) -> Sender {
    Sender {
        external_id: OURS.into(),
        account: ACCOUNT.into(),
        service: None,
        base_url: format!("http://{}", provider.address).parse().unwrap(),
        access_token: Secret::new(TOKEN),
        user: Some("SK1".into()),
        webhook_url: "https://inbox.example/channels/text/webhook".into(),
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

async fn sent_form(content: &Content, of: impl FnOnce(&mut Sender)) -> Vec<(String, String)> {
    let provider =
        Provider::start(vec![answer("201 Created", "", r#"{"sid":"SM77","status":"queued"}"#)]).await;
    let mut sender = sender(&provider);
    of(&mut sender);
    let message = Outgoing { to: "15551234567", content, reply_to: Some("SM1"), correlation: Uuid::nil() };
    let outcome = send(Channel::Text, &client(), &sender, &message).await;
    assert!(
        matches!(&outcome, SendOutcome::Accepted { provider_id } if provider_id == "SM77"),
        "{outcome:?}"
    );
    let request = provider.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with(&format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    assert!(head.contains("authorization: Basic U0sxOkVBQUctdmVyeS1zZWNyZXQ="), "{head}");
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn each_content_is_written_as_the_provider_wants_it() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let callback = "https://inbox.example/channels/text/webhook?attempt=00000000-0000-0000-0000-000000000000&sender=%2B15550000301#rc=5&rp=5xx,ct,rt";
    let form = sent_form(&Content::text("שלום & more"), |_| ()).await;
    assert_eq!(
        form,
        [
            pair("To", "+15551234567"),
            pair("From", OURS),
            pair("Body", "שלום & more"),
            pair("StatusCallback", callback),
        ]
    );
    let media = Media {
        url: Some("https://x.example/a?b=c".into()),
        caption: Some("words".into()),
        ..Media::default()
    };
    let form = sent_form(&Content::Image(media), |sender| {
        sender.external_id = format!("{ACCOUNT}/ACME");
        sender.service = Some("MG1".into());
    })
    .await;
    assert_eq!(
        form[..5],
        [
            pair("To", "+15551234567"),
            pair("From", "ACME"),
            pair("MessagingServiceSid", "MG1"),
            pair("Body", "words"),
            pair("MediaUrl", "https://x.example/a?b=c"),
        ]
    );
}

#[tokio::test]
async fn whatever_may_have_been_taken_is_uncertain_and_a_refusal_is_classified() {
    let refusal = |code: u32, status: u16| format!(r#"{{"code":{code},"message":"no","status":{status}}}"#);
    let cases = [
        (Answer::Hang, None),
        (Answer::Cut, None),
        (answer("201 Created", "", "{}"), None),
        (answer("502 Bad Gateway", "", "<html>"), None),
        (answer("502 Bad Gateway", "", &refusal(20_500, 502)), Some((Action::Transient, "provider_error"))),
        (
            answer("400 Bad Request", "", &refusal(21_211, 400)),
            Some((Action::Recipient, "recipient_invalid")),
        ),
        (answer("400 Bad Request", "", &refusal(21_610, 400)), Some((Action::OptOut, "recipient_stopped"))),
        (answer("401 Unauthorized", "", &refusal(20_003, 401)), Some((Action::Auth, "token_expired"))),
        (
            answer("429 Too Many Requests", "retry-after: 3\r\n", &refusal(20_429, 429)),
            Some((Action::ThrottleSender, "rate_limited")),
        ),
    ];
    for (answer, expected) in cases {
        let provider = Provider::start(vec![answer]).await;
        let content = Content::text("hi");
        let message =
            Outgoing { to: "15551234567", content: &content, reply_to: None, correlation: Uuid::nil() };
        let outcome = send(Channel::Text, &client(), &sender(&provider), &message).await;
        assert!(!format!("{outcome:?}").contains(TOKEN));
        match (outcome, expected) {
            (SendOutcome::Uncertain { .. }, None) => (),
            (SendOutcome::Refused(error), Some(expected)) => assert_eq!((error.action, error.code), expected),
            (outcome, expected) => panic!("{outcome:?} {expected:?}"),
        }
    }
    let provider = Provider::start(vec![Answer::Cut]).await;
    let place = Content::Location(Location { latitude: 1.0, longitude: 1.0, name: None, address: None });
    let message = Outgoing { to: "15551234567", content: &place, reply_to: None, correlation: Uuid::nil() };
    let outcome = send(Channel::Text, &client(), &sender(&provider), &message).await;
    assert!(matches!(outcome, SendOutcome::Refused(error) if error.code == "unsupported_content"));
    assert!(provider.requests().is_empty());
}

#[test]
fn what_cannot_be_texted_is_refused_by_field() {
    let fields = |content: &Content| -> Vec<String> {
        check(Channel::Text, content).err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    };
    let upload = |mime_type: &str, size: u64| Media {
        media_id: Some("med_1".into()),
        mime_type: Some(mime_type.into()),
        size: Some(size),
        ..Media::default()
    };
    let none: [&str; 0] = [];
    assert_eq!(fields(&Content::text("é".repeat(1600).as_str())), none);
    assert_eq!(fields(&Content::text("é".repeat(1601).as_str())), ["content.text"]);
    assert_eq!(fields(&Content::text(" ")), ["content.text"]);
    assert_eq!(fields(&Content::Image(upload("image/png", 5 << 20))), none);
    assert_eq!(fields(&Content::Image(upload("image/png", (5 << 20) + 1))), ["content.mediaId"]);
    assert_eq!(fields(&Content::Image(upload("video/mp4", 1))), ["content.mediaId"]);
    assert_eq!(fields(&Content::Document(upload("application/pdf", (500 << 10) + 1))), ["content.mediaId"]);
    assert_eq!(fields(&Content::Video(Media::default())), ["content.url"]);
    let captioned =
        Media { url: Some("ftp://x".into()), caption: Some("x".repeat(1601)), ..Media::default() };
    assert_eq!(fields(&Content::Audio(captioned)), ["content.url", "content.caption"]);
    assert_eq!(fields(&Content::Sticker(upload("image/webp", 1))), ["content.type"]);
}

#[test]
fn there_is_no_reply_window() {
    let closed = content_types(Channel::Text, WindowState::Closed);
    assert_eq!(closed, ["text", "image", "video", "audio", "document"]);
    assert!(passes_closed_window(Channel::Text, &Content::text("hi")));
    let window = MessagingWindow::at(Channel::Text, received(), None);
    assert_eq!((window.state, window.expires_at), (WindowState::Open, None));
    assert_eq!(MessagingWindow::at(Channel::Whatsapp, received(), None).state, WindowState::Closed);
    assert_eq!(normal_address(Channel::Text, "+1 (555) 123-4567").as_deref(), Some("15551234567"));
}

#[tokio::test]
async fn a_file_is_fetched_with_our_password_and_its_store_without() {
    let store = Provider::start(vec![answer("200 OK", "", "bytes")]).await;
    let led = format!("location: http://{}/text-files/1?sig=2\r\n", store.address);
    let provider = Provider::start(vec![answer("307 Temporary Redirect", &led, "")]).await;
    let (sender, loopback) = (sender(&provider), AllowedUrls::parse(&["loopback".into()]).unwrap());
    let id = format!("http://{}/2010-04-01/Accounts/AC/Messages/MM/Media/ME", provider.address);
    let file = locate_file(Channel::Text, &client(), &sender, &loopback, &id).await.unwrap();
    let response = open_file(Channel::Text, &client(), &sender, &loopback, &file).await.unwrap();
    assert_eq!(response.bytes().await.unwrap().as_ref(), b"bytes");
    assert!(provider.requests()[0].contains("authorization: Basic "));
    assert!(!store.requests()[0].to_ascii_lowercase().contains("authorization"), "{:?}", store.requests());
    // Where the operator allows nothing, the provider leads nowhere else.
    let none = AllowedUrls::default();
    let error = open_file(Channel::Text, &client(), &sender, &none, &file).await.unwrap_err();
    assert_eq!((error.action, error.code), (Action::Content, "address_not_allowed"));
    assert_eq!(store.requests().len(), 1);
    let elsewhere =
        locate_file(Channel::Text, &client(), &sender, &none, "http://127.0.0.1:9/a").await.unwrap_err();
    assert_eq!(elsewhere.code, "address_not_allowed");
}

#[tokio::test]
async fn what_is_not_there_is_told_apart_from_what_cannot_be_had_now() {
    for (answer, action, code) in [
        (answer("404 Not Found", "", r#"{"code":20404,"message":"gone"}"#), Action::Content, "not_found"),
        (answer("500 Internal Server Error", "", ""), Action::Transient, "provider_error"),
        (answer("401 Unauthorized", "", r#"{"code":20003,"message":"no"}"#), Action::Auth, "token_expired"),
        (Answer::Cut, Action::Transient, "provider_unreachable"),
    ] {
        let provider = Provider::start(vec![answer]).await;
        let (sender, none) = (sender(&provider), AllowedUrls::default());
        let id = format!("http://{}/a", provider.address);
        let file = locate_file(Channel::Text, &client(), &sender, &none, &id).await.unwrap();
        let error = open_file(Channel::Text, &client(), &sender, &none, &file).await.unwrap_err();
        assert_eq!((error.action, error.code), (action, code), "{error:?}");
    }
}

#[tokio::test]
async fn a_probe_finds_the_number_or_says_why_not() {
    let page = |number: &str| {
        let body = format!(
            r#"{{"incoming_phone_numbers":[{{"sid":"PN1","phone_number":"{number}","friendly_name":"x"}}]}}"#
        );
        answer("200 OK", "", &body)
    };
    let refused = answer("401 Unauthorized", "", r#"{"code":20003,"message":"Authenticate"}"#);
    for (answer, found) in [
        (page(OURS), Ok(())),
        (page("+155500003011"), Err("number_missing")),
        (refused, Err("token_expired")),
        (Answer::Hang, Err("provider_unreachable")),
    ] {
        let provider = Provider::start(vec![answer]).await;
        let probed = probe(Channel::Text, &client(), &sender(&provider)).await;
        assert_eq!(probed.map_err(|error| error.code), found);
    }
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
