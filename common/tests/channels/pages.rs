//! Messenger and Instagram: what is sent, and what becomes of it.

use chrono::{TimeDelta, TimeZone as _, Utc};
use common::channels::{
    Action, Channel, Outgoing, ReadMark, SendOutcome, Sender, Tokens, check, content_types, instagram,
    mark_read, messenger, normal_address, passes_closed_window, probe, send,
};
use common::config::Secret;
use common::domain::content::Content;
use common::problem::{MessagingWindow, WindowState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{Answer, Provider, TOKEN, answer, client};

const PAGE: &str = "500000000000001";
const CONTACT: &str = "6500000000000001";
const NIL: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn sender(provider: &Provider) -> Sender {
    Sender {
        external_id: PAGE.into(),
        account: PAGE.into(),
        service: None,
        base_url: format!("http://{}/v24.0", provider.address).parse().unwrap(),
        access_token: Secret::new(TOKEN),
        tokens: Tokens::default(),
        user: None,
        webhook_url: "https://inbox.example/channels/messenger/webhook".into(),
    }
}

pub(super) fn content(json: Value) -> Content {
    serde_json::from_value(json).unwrap()
}

/// The first line of a request, and its body.
fn parts(request: &str) -> (String, Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("authorization: Bearer {TOKEN}")), "{head}");
    (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap_or_default())
}

async fn sent(channel: Channel, content: &Content, reply_to: Option<&str>, late: bool) -> (String, Value) {
    let taken = r#"{"recipient_id":"6500000000000001","message_id":"m_77"}"#;
    let provider = Provider::start(vec![answer("200 OK", "", taken)]).await;
    let message = Outgoing { to: CONTACT, content, reply_to, correlation: Uuid::nil(), as_human_agent: late };
    let outcome = send(channel, &client(), &sender(&provider), &message).await;
    let SendOutcome::Accepted { provider_id } = outcome else { panic!("{outcome:?}") };
    let reaction = matches!(content, Content::Reaction(_));
    assert_eq!(provider_id, if reaction { format!("reaction#{NIL}") } else { "m_77".into() });
    parts(&provider.requests()[0])
}

fn outbound() -> Vec<(Value, Value)> {
    let button = |kind: &str, rest: Value| {
        let mut frame = rest;
        frame["type"] = json!(kind);
        json!({ "type": "interactive", "interactive": frame })
    };
    let template = |payload: Value| json!({ "attachment": { "type": "template", "payload": payload } });
    let file =
        |kind: &str| json!({ "attachment": { "type": kind, "payload": { "url": "https://x.example/a" } } });
    let media = |kind: &str| json!({ "type": kind, "url": "https://x.example/a" });
    vec![
        (json!({ "type": "text", "text": "שלום" }), json!({ "text": "שלום" })),
        (media("image"), file("image")),
        (media("video"), file("video")),
        (media("audio"), file("audio")),
        (media("document"), file("file")),
        (
            button(
                "buttons",
                json!({ "body": "Which?", "buttons": [{ "id": "a", "title": "A" }, { "id": "b", "title": "B" }] }),
            ),
            template(json!({ "template_type": "button", "text": "Which?", "buttons": [
                { "type": "postback", "title": "A", "payload": "a" }, { "type": "postback", "title": "B", "payload": "b" }] })),
        ),
        (
            button(
                "buttons",
                json!({ "header": { "type": "image", "url": "https://x.example/p" }, "body": "Shoes", "footer": "40 €",
                "buttons": [{ "id": "buy", "title": "Buy" }] }),
            ),
            template(
                json!({ "template_type": "generic", "elements": [{ "title": "Shoes", "subtitle": "40 €",
                "image_url": "https://x.example/p", "buttons": [{ "type": "postback", "title": "Buy", "payload": "buy" }] }] }),
            ),
        ),
        (
            button("ctaUrl", json!({ "body": "See", "button": "Open", "url": "https://x.example" })),
            template(json!({ "template_type": "button", "text": "See", "buttons": [
                { "type": "web_url", "title": "Open", "url": "https://x.example" }] })),
        ),
        (
            button(
                "list",
                json!({ "body": "When?", "button": "Days", "sections": [{ "rows": [
                { "id": "mon", "title": "Monday" }, { "id": "tue", "title": "Tuesday" }] }] }),
            ),
            json!({ "text": "When?", "quick_replies": [
                { "content_type": "text", "title": "Monday", "payload": "mon" },
                { "content_type": "text", "title": "Tuesday", "payload": "tue" }] }),
        ),
    ]
}

#[tokio::test]
async fn each_content_is_written_as_the_provider_wants_it() {
    for (given, said) in outbound() {
        let content = content(given.clone());
        for channel in [Channel::Messenger, Channel::Instagram] {
            assert_eq!(check(channel, &content), Ok(()), "{channel} {given}");
            let (line, body) = sent(channel, &content, None, false).await;
            let (place, mut said) = match channel {
                Channel::Messenger => (PAGE, said.clone()),
                _ => ("me", said.clone()),
            };
            if channel == Channel::Messenger {
                said["metadata"] = json!(NIL);
            }
            assert_eq!(line, format!("POST /v24.0/{place}/messages HTTP/1.1"));
            let expected =
                json!({ "recipient": { "id": CONTACT }, "messaging_type": "RESPONSE", "message": said });
            assert_eq!(body, expected, "{channel} {given}");
        }
    }
}

#[tokio::test]
async fn quotes_tags_templates_and_reactions_are_written_as_well() {
    let (_, body) = sent(Channel::Messenger, &Content::text("hi"), Some("m_1"), true).await;
    assert_eq!(
        body,
        json!({ "recipient": { "id": CONTACT }, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT",
            "message": { "text": "hi", "metadata": NIL }, "reply_to": { "mid": "m_1" } })
    );
    let template = json!({ "type": "template", "name": "order", "language": "en_US", "parameters": ["42"] });
    let (_, body) = sent(Channel::Messenger, &content(template), None, true).await;
    let components = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "42" }] }]);
    assert_eq!(
        body,
        json!({ "recipient": { "id": CONTACT }, "messaging_type": "UTILITY", "message": { "metadata": NIL,
            "template": { "name": "order", "language": { "code": "en_US" }, "components": components } } })
    );
    for (emoji, expected) in [
        ("❤️", json!({ "sender_action": "react", "payload": { "message_id": "m_1", "reaction": "love" } })),
        ("", json!({ "sender_action": "unreact", "payload": { "message_id": "m_1" } })),
    ] {
        let reaction = content(json!({ "type": "reaction", "messageId": null, "emoji": emoji }));
        let (_, body) = sent(Channel::Instagram, &reaction, Some("m_1"), true).await;
        let mut whole = expected;
        whole["recipient"] = json!({ "id": CONTACT });
        assert_eq!(body, whole);
    }
}

#[tokio::test]
async fn whatever_may_have_been_taken_is_uncertain_and_a_refusal_is_classified() {
    let refusal = |code: u32, subcode: u32| {
        format!(
            r#"{{"error":{{"message":"no","type":"OAuthException","code":{code},"error_subcode":{subcode}}}}}"#
        )
    };
    let cases = [
        (Answer::Hang, None),
        (Answer::Cut, None),
        (answer("200 OK", "", "{}"), None),
        (answer("502 Bad Gateway", "", "<html>"), None),
        (
            answer("403 Forbidden", "", &refusal(10, 2_018_278)),
            Some((Action::Window, "window_closed", "10/2018278")),
        ),
        (answer("403 Forbidden", "", &refusal(10, 0)), Some((Action::Auth, "permission_missing", "10/0"))),
        (
            answer("400 Bad Request", "", &refusal(100, 2_018_001)),
            Some((Action::Recipient, "recipient_unknown", "100/2018001")),
        ),
        (
            answer("401 Unauthorized", "", &refusal(190, 463)),
            Some((Action::Auth, "token_expired", "190/463")),
        ),
        (answer("500 Error", "", &refusal(77, 1)), Some((Action::Transient, "provider_error", "77/1"))),
    ];
    for (answer, expected) in cases {
        let provider = Provider::start(vec![answer]).await;
        let content = Content::text("hi");
        let message = Outgoing {
            to: CONTACT,
            content: &content,
            reply_to: None,
            correlation: Uuid::nil(),
            as_human_agent: false,
        };
        let outcome = send(Channel::Messenger, &client(), &sender(&provider), &message).await;
        assert!(!format!("{outcome:?}").contains(TOKEN));
        match (outcome, expected) {
            (SendOutcome::Uncertain { .. }, None) => (),
            (SendOutcome::Refused(error), Some(expected)) => {
                assert_eq!((error.action, error.code, error.provider_code.as_deref().unwrap()), expected);
            }
            (outcome, expected) => panic!("{outcome:?} {expected:?}"),
        }
    }
}

#[test]
fn the_reply_window_is_seven_days_and_the_last_six_are_a_person_s() {
    let wrote = Utc.timestamp_opt(1_795_233_600, 0).unwrap();
    let closes = wrote + TimeDelta::days(7);
    for channel in [Channel::Messenger, Channel::Instagram] {
        assert_eq!(channel.reply_window(), Some(TimeDelta::days(7)));
        let window = MessagingWindow::at(channel, wrote + TimeDelta::days(6), Some(closes));
        assert_eq!(window.state, WindowState::Open);
        assert_eq!(window.human_agent_from.unwrap().0, wrote + TimeDelta::hours(24));
        assert_eq!(MessagingWindow::at(channel, closes, Some(closes)).state, WindowState::Closed);
        assert_eq!(normal_address(channel, CONTACT).as_deref(), Some(CONTACT));
        assert_eq!(normal_address(channel, "+15551234567"), None);
        assert!(!passes_closed_window(channel, &Content::text("hi")));
    }
    assert_eq!(content_types(Channel::Messenger, WindowState::Closed), ["template"]);
    assert!(content_types(Channel::Instagram, WindowState::Closed).is_empty());
}

#[tokio::test]
async fn a_token_is_proven_by_whom_it_is_for() {
    let page = |id: &str| answer("200 OK", "", &format!(r#"{{"id":"{id}","name":"Shop"}}"#));
    let provider = Provider::start(vec![
        page(PAGE),
        page("9"),
        answer("400 Bad Request", "", r#"{"error":{"code":100,"error_subcode":33}}"#),
    ])
    .await;
    let sender = sender(&provider);
    probe(Channel::Messenger, &client(), &sender).await.unwrap();
    for _ in 0..2 {
        let error = probe(Channel::Messenger, &client(), &sender).await.unwrap_err();
        assert_eq!((error.action, error.code), (Action::Account, "number_missing"));
    }
    assert_eq!(parts(&provider.requests()[0]).0, "GET /v24.0/me?fields=id%2Cname HTTP/1.1");
    let linked = format!(r#"{{"id":"1","instagram_business_account":{{"id":"{PAGE}","username":"shop"}}}}"#);
    let provider =
        Provider::start(vec![answer("200 OK", "", &linked), answer("200 OK", "", r#"{"id":"1"}"#)]).await;
    let sender = super::pages::sender(&provider);
    let (base, token) = (&sender.base_url, &sender.access_token);
    let account = instagram::account::account(&client(), base, PAGE, token).await.unwrap();
    assert_eq!((account.username.as_deref(), account.id.as_str()), (Some("shop"), PAGE));
    let error = instagram::account::account(&client(), base, PAGE, token).await.unwrap_err();
    assert_eq!(error.code, "number_missing", "a page without an account");
}

#[tokio::test]
async fn an_account_s_own_login_is_known_by_how_its_token_begins() {
    let me = format!(r#"{{"id":"9","user_id":"{PAGE}","username":"shop"}}"#);
    let provider = Provider::start(vec![
        answer("200 OK", "", &me),
        answer("200 OK", "", r#"{"id":"9"}"#),
        answer("200 OK", "", r#"{"success":true}"#),
    ])
    .await;
    let (base, token) = (sender(&provider).base_url, Secret::new("IGAA-very-secret"));
    let account = instagram::account::account(&client(), &base, PAGE, &token).await.unwrap();
    assert_eq!((account.username.as_deref(), account.id.as_str()), (Some("shop"), PAGE));
    let error = instagram::account::account(&client(), &base, PAGE, &token).await.unwrap_err();
    assert_eq!(error.code, "number_missing", "an id that only the app has for it");
    instagram::account::subscribe(&client(), &base, &token).await.unwrap();
    let requests = provider.requests();
    assert!(
        requests[0].starts_with("GET /v24.0/me?fields=user_id%2Cusername%2Cname HTTP/1.1"),
        "{requests:?}"
    );
    assert!(requests[2].contains("message_echoes,message_edit"), "{requests:?}");
}

#[tokio::test]
async fn webhooks_are_subscribed_to_and_contacts_are_told_what_was_read() {
    let provider =
        Provider::start(vec![answer("200 OK", "", r#"{"success":true,"recipient_id":"1"}"#)]).await;
    let sender = sender(&provider);
    let (base, token) = (&sender.base_url, &sender.access_token);
    messenger::account::subscribe(&client(), base, PAGE, token).await.unwrap();
    instagram::account::subscribe(&client(), base, token).await.unwrap();
    let mark = ReadMark { contact: CONTACT, provider_message_id: "m_1", id: Uuid::nil() };
    mark_read(Channel::Messenger, &client(), &sender, &mark).await.unwrap();
    let requests: Vec<_> = provider.requests().iter().map(|request| parts(request)).collect();
    assert_eq!(requests[0].0, format!("POST /v24.0/{PAGE}/subscribed_apps HTTP/1.1"));
    let fields = requests[0].1["subscribed_fields"].as_str().unwrap();
    for field in ["messages", "message_echoes", "message_reads", "message_deliveries", "messaging_postbacks"]
    {
        assert!(fields.split(',').any(|known| known == field), "{fields}");
    }
    assert_eq!(requests[1].0, "POST /v24.0/me/subscribed_apps HTTP/1.1");
    assert!(requests[1].1["subscribed_fields"].as_str().unwrap().contains("messaging_seen"));
    assert_eq!(requests[2].1, json!({ "recipient": { "id": CONTACT }, "sender_action": "mark_seen" }));
}
