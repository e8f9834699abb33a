//! What becomes of a call to the provider, whatever the provider does.

use std::time::Duration;

use common::channels::{Action, Channel, ChannelError, Outgoing, SendOutcome, Sender, send, usage};
use common::config::Secret;
use common::domain::content::{Content, Media, Reaction, Text, Unsupported};
use common::domain::ids::MessageId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{Answer, Provider, TOKEN, answer, client, impatient_client, sender};

const TAKEN: &str = r#"{"messaging_product":"whatsapp","contacts":[{"input":"+15550102001","wa_id":""}],"messages":[{"id":"wamid.NEW"}]}"#;

async fn call(sender: &Sender, to: &str, content: &Content, reply_to: Option<&str>) -> SendOutcome {
    let message = Outgoing { to, content, reply_to, correlation: Uuid::nil(), as_human_agent: false };
    send(Channel::Whatsapp, &client(), sender, &message).await
}

async fn outcome(answer: Answer) -> SendOutcome {
    let provider = Provider::start(vec![answer]).await;
    let outcome = call(&provider.sender(), "15550102001", &Content::text("hi"), None).await;
    assert_eq!(provider.requests().len(), 1, "asked once, whatever comes back");
    assert!(!format!("{outcome:?}").contains(TOKEN));
    outcome
}

async fn refusal(answer: Answer) -> ChannelError {
    match outcome(answer).await {
        SendOutcome::Refused(error) => error,
        other => panic!("{other:?}"),
    }
}

async fn uncertain(answer: Answer) -> String {
    match outcome(answer).await {
        SendOutcome::Uncertain { detail } => detail,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn sent_body(to: &str, content: &Content, reply_to: Option<&str>) -> Value {
    let provider = Provider::start(vec![answer("200 OK", "", TAKEN)]).await;
    let outcome = call(&provider.sender(), to, content, reply_to).await;
    assert!(matches!(outcome, SendOutcome::Accepted { provider_id } if provider_id == "wamid.NEW"));
    let request = provider.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v24.0/400000000000001/messages HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("authorization: Bearer {TOKEN}")), "{head}");
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn each_content_is_written_as_the_provider_wants_it() {
    let media = Media {
        url: Some("https://x.example/a".into()),
        caption: Some("words".into()),
        filename: Some("a.pdf".into()),
        ..Media::default()
    };
    let link = "https://x.example/a";
    let captioned = json!({"link": link, "caption": "words"});
    let cases = [
        (
            Content::Text(Text { text: "שלום".into(), preview_url: Some(true) }),
            json!({"body": "שלום", "preview_url": true}),
        ),
        (Content::Image(media.clone()), captioned.clone()),
        (Content::Video(media.clone()), captioned),
        (Content::Audio(media.clone()), json!({"link": link})),
        (Content::Document(media.clone()), json!({"link": link, "caption": "words", "filename": "a.pdf"})),
        (Content::Sticker(media), json!({"link": link})),
    ];
    for (content, object) in cases {
        let kind = content.kind();
        let expected = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15550102001",
            "type": kind, kind: object, "biz_opaque_callback_data": Uuid::nil()});
        assert_eq!(sent_body("15550102001", &content, None).await, expected);
    }
}

#[tokio::test]
async fn a_user_id_is_no_phone_number_and_a_quote_is_named() {
    let body = sent_body("US.77001", &Content::text("hi"), Some("wamid.Q")).await;
    assert_eq!((&body["recipient"], body.get("to")), (&json!("US.77001"), None));
    assert_eq!(body["context"], json!({"message_id": "wamid.Q"}));
    assert_eq!(sent_body("+15550102001", &Content::text("hi"), None).await["to"], "+15550102001");
}

#[tokio::test]
async fn nothing_is_taken_before_a_connection_stands() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = Sender { base_url: "http://no-such-host.invalid/v24.0".parse().unwrap(), ..sender(closed) };
    let (plain, silent) =
        (Provider::start(vec![Answer::Cut]).await, Provider::start(vec![Answer::Hang]).await);
    let secure = |to: &Provider| Sender {
        base_url: format!("https://{}/v24.0", to.address).parse().unwrap(),
        ..sender(closed)
    };
    let content = Content::text("hi");
    let message = Outgoing {
        to: "15550102001",
        content: &content,
        reply_to: None,
        correlation: Uuid::nil(),
        as_human_agent: false,
    };
    for sender in [sender(closed), nowhere, secure(&plain), secure(&silent)] {
        match send(Channel::Whatsapp, &impatient_client(), &sender, &message).await {
            SendOutcome::Refused(error) => {
                assert_eq!((error.action, error.code), (Action::Transient, "provider_unreachable"));
                assert!(!format!("{error:?}{error}").contains(TOKEN));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused_here() {
    let provider = Provider::start(vec![Answer::Cut]).await;
    let broken = Sender { access_token: Secret::new("line\nbreak"), ..provider.sender() };
    match call(&broken, "15550102001", &Content::text("hi"), None).await {
        SendOutcome::Refused(error) => {
            assert_eq!((error.action, error.code), (Action::Auth, "token_expired"));
            assert!(!format!("{error:?}").contains("break"));
        }
        other => panic!("{other:?}"),
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn whatever_may_have_been_taken_is_uncertain() {
    let cut_answer = Answer::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"messages\":".into());
    let cases = [
        (Answer::Hang, "no answer in time"),
        (Answer::Cut, "the connection broke"),
        (Answer::Bytes("HTTP/1.1 2".into()), "the connection broke"),
        (Answer::Bytes("no HTTP at all\r\n\r\n".into()), "the connection broke"),
        (cut_answer, "HTTP 200 OK, then"),
        (answer("200 OK", "", "<html>"), "HTTP 200 OK that names no message"),
        (answer("200 OK", "", "{}"), "HTTP 200 OK that names no message"),
        (answer("200 OK", "", r#"{"messages":[]}"#), "HTTP 200 OK that names no message"),
        (answer("200 OK", "", r#"{"messages":[{"id":""}]}"#), "HTTP 200 OK that names no message"),
        (answer("200 OK", "", r#"{"messages":[{"id":"a\u0000"}]}"#), "HTTP 200 OK that names no message"),
        (answer("502 Bad Gateway", "", "<html>"), "HTTP 502 Bad Gateway from a gateway"),
        (answer("504 Gateway Timeout", "", ""), "HTTP 504 Gateway Timeout from a gateway"),
    ];
    for (answer, beginning) in cases {
        let detail = uncertain(answer).await;
        assert!(detail.starts_with(beginning), "{detail}");
    }
}

#[tokio::test]
async fn an_answer_that_refuses_is_classified() {
    let graph = |code: u32| {
        format!(r#"{{"error":{{"message":"(#{code}) no","type":"OAuthException","code":{code}}}}}"#)
    };
    let cut = Answer::Bytes("HTTP/1.1 400 Bad Request\r\ncontent-length: 500\r\n\r\n{\"error\":".into());
    let cases = [
        (answer("400 Bad Request", "", &graph(131_026)), Action::Recipient, "recipient_unreachable"),
        (answer("401 Unauthorized", "", &graph(190)), Action::Auth, "token_expired"),
        (answer("403 Forbidden", "", &graph(368)), Action::Account, "number_restricted"),
        (answer("500 Internal Server Error", "", &graph(131_000)), Action::Transient, "provider_error"),
        (answer("502 Bad Gateway", "", &graph(2)), Action::Transient, "provider_error"),
        (
            answer("500 Internal Server Error", "content-type: text/html\r\n", "<html>"),
            Action::Transient,
            "provider_error",
        ),
        (answer("503 Service Unavailable", "", ""), Action::Transient, "provider_error"),
        (answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""), Action::Account, "provider_address"),
        (cut, Action::Transient, "answer_unreadable"),
    ];
    for (answer, action, code) in cases {
        let error = refusal(answer).await;
        assert_eq!((error.action, error.code), (action, code), "{error:?}");
    }
    let limited = refusal(answer("429 Too Many Requests", "retry-after: 3\r\n", &graph(130_429))).await;
    assert_eq!((limited.action, limited.retry_after), (Action::ThrottleSender, Some(Duration::from_secs(3))));
    assert_eq!((limited.http_status, limited.provider_code.as_deref()), (Some(429), Some("130429")));
}

#[tokio::test]
async fn content_that_cannot_be_sent_never_leaves() {
    let provider = Provider::start(vec![Answer::Cut]).await;
    let interactive = |interactive: &Value| {
        serde_json::from_value(json!({"type": "interactive", "interactive": interactive})).unwrap()
    };
    let without_header = interactive(
        &json!({"type": "ctaUrl", "header": {"type": "image"}, "body": "b", "button": "c", "url": "u"}),
    );
    let pressed = interactive(&json!({"type": "buttonReply", "id": "yes", "title": "Yes"}));
    for content in [
        Content::Unsupported(Unsupported { reason: None, raw: Value::Null }),
        Content::Image(Media::default()),
        Content::Reaction(Reaction { message_id: Some(MessageId::new()), emoji: "👍".into() }),
        without_header,
        pressed,
    ] {
        let outcome = call(&provider.sender(), "15550102001", &content, None).await;
        assert!(matches!(outcome, SendOutcome::Refused(error) if error.code == "unsupported_content"));
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn usage_headers_are_heard_from_every_answer() {
    let near = "x-app-usage: {\"call_count\":92,\"total_time\":5,\"total_cputime\":1}\r\n";
    let refused = r#"{"error":{"message":"too fast","type":"OAuthException","code":80007,"fbtrace_id":"A"}}"#;
    for (status, headers, body, percent) in [
        ("200 OK", near, TAKEN, Some(92)),
        ("400 Bad Request", near, refused, Some(92)),
        ("200 OK", "", TAKEN, None),
    ] {
        let provider = Provider::start(vec![answer(status, headers, body)]).await;
        let sender = provider.sender();
        let content = Content::text("hi");
        let (_outcome, usage) = usage::listen(call(&sender, "15550102001", &content, None)).await;
        assert_eq!(usage.map(|usage| usage.percent), percent, "{status}");
    }
}
