//! Texts: what is sent, and what becomes of it.

use common::channels::{
    Action, Channel, Outgoing, SendOutcome, Sender, Tokens, check, content_types, locate_file,
    normal_address, open_file, passes_closed_window, probe, send,
};
use common::config::{AllowedUrls, Secret};
use common::domain::content::{Content, Location, Media};
use common::problem::{MessagingWindow, WindowState};
use uuid::Uuid;

use super::provider::{Answer, Provider, TOKEN, answer, client};
use super::texts_received::received;

pub const ACCOUNT: &str = "AC00000000000000000000000000000301";
pub const OURS: &str = "+15550000301";

fn sender(provider: &Provider) -> Sender {
    Sender {
        external_id: OURS.into(),
        account: ACCOUNT.into(),
        service: None,
        base_url: format!("http://{}", provider.address).parse().unwrap(),
        access_token: Secret::new(TOKEN),
        tokens: Tokens::default(),
        user: Some("SK1".into()),
        webhook_url: "https://inbox.example/channels/text/webhook".into(),
    }
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
