//! Contacts' files: where the provider says they are, and where our token goes.

use common::channels::{Action, Channel, locate_file, open_file};
use common::config::AllowedUrls;
use serde_json::{Value, json};

use super::provider::{Answer, Provider, TOKEN, answer, client};

fn found(url: &str, size: &Value) -> Answer {
    let body = json!({"messaging_product": "whatsapp", "url": url, "mime_type": "image/png", "file_size": size, "id": "77"});
    answer("200 OK", "", &body.to_string())
}

#[tokio::test]
async fn a_file_is_looked_up_and_fetched_with_our_token() {
    let files = Provider::start(vec![answer("200 OK", "", "bytes")]).await;
    let url = format!("http://{}/media/77?ext=1&hash=2", files.address);
    let provider = Provider::start(vec![found(&url, &json!("5")), found(&url, &json!(5))]).await;
    let (sender, loopback) = (provider.sender(), AllowedUrls::parse(&["loopback".into()]).unwrap());
    for _ in 0..2 {
        let file = locate_file(Channel::Whatsapp, &client(), &sender, &loopback, "77").await.unwrap();
        assert_eq!((file.size, file.mime_type.as_deref()), (Some(5), Some("image/png")));
        let response = open_file(Channel::Whatsapp, &client(), &sender, &loopback, &file).await.unwrap();
        assert_eq!(response.bytes().await.unwrap().as_ref(), b"bytes");
    }
    let asked = provider.requests().remove(0);
    assert!(asked.starts_with("GET /v24.0/77?phone_number_id=400000000000001 HTTP/1.1"), "{asked}");
    let fetched = files.requests().remove(0);
    assert!(fetched.contains(&format!("authorization: Bearer {TOKEN}")), "{fetched}");
    assert!(fetched.contains("user-agent: switchboard/"), "{fetched}");
}

#[tokio::test]
async fn our_token_never_goes_where_the_provider_is_not() {
    let stranger = Provider::start(vec![answer("200 OK", "", "bytes")]).await;
    let url = format!("http://{}/media/77", stranger.address);
    let provider = Provider::start(vec![found(&url, &json!(5))]).await;
    let none = AllowedUrls::default();
    let error = locate_file(Channel::Whatsapp, &client(), &provider.sender(), &none, "77").await.unwrap_err();
    assert_eq!((error.action, error.code), (Action::Content, "address_not_allowed"));
    assert!(stranger.requests().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_told_apart_from_what_cannot_be_had_now() {
    let missing = r#"{"error":{"message":"Unsupported get request","type":"GraphMethodException","code":100,"error_subcode":33}}"#;
    for (answer, action, code) in [
        (answer("400 Bad Request", "", missing), Action::Content, "not_found"),
        (answer("500 Internal Server Error", "", ""), Action::Transient, "provider_error"),
        (answer("200 OK", "", "{}"), Action::Transient, "answer_unreadable"),
        (Answer::Cut, Action::Transient, "provider_unreachable"),
    ] {
        let provider = Provider::start(vec![answer]).await;
        let none = AllowedUrls::default();
        let error =
            locate_file(Channel::Whatsapp, &client(), &provider.sender(), &none, "77").await.unwrap_err();
        assert_eq!((error.action, error.code), (action, code), "{error:?}");
    }
    let gone = Provider::start(vec![answer("404 Not Found", "", "")]).await;
    let url = format!("http://{}/a", gone.address).parse().unwrap();
    let file = common::channels::RemoteFile { url, mime_type: None, size: None };
    let error = open_file(Channel::Whatsapp, &client(), &gone.sender(), &AllowedUrls::default(), &file)
        .await
        .unwrap_err();
    assert_eq!((error.action, error.http_status), (Action::Transient, Some(404)));
}

/// On Messenger and Instagram.
#[tokio::test]
async fn a_file_is_fetched_by_its_address_without_our_token() {
    let provider = Provider::start(vec![
        answer("200 OK", "content-type: image/png\r\n", "bytes"),
        answer("403 Forbidden", "", ""),
    ])
    .await;
    let (sender, loopback) =
        (super::pages::sender(&provider), AllowedUrls::parse(&["loopback".into()]).unwrap());
    let id = format!("http://{}/page-files/1", provider.address);
    let file = locate_file(Channel::Instagram, &client(), &sender, &loopback, &id).await.unwrap();
    let response = open_file(Channel::Instagram, &client(), &sender, &loopback, &file).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "bytes");
    assert!(!provider.requests()[0].contains("authorization"), "{:?}", provider.requests());
    let error = open_file(Channel::Instagram, &client(), &sender, &loopback, &file).await.unwrap_err();
    assert_eq!((error.action, error.code), (Action::Content, "not_found"));
    let none = AllowedUrls::default();
    let error = locate_file(Channel::Messenger, &client(), &sender, &none, "http://169.254.169.254/a")
        .await
        .unwrap_err();
    assert_eq!(error.code, "address_not_allowed");
}
