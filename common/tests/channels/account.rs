//! Looking accounts up proves access, follows pages, and tells why it failed.

use common::channels::whatsapp::account;
use common::channels::{Action, ChannelError};
use common::config::Secret;
use serde_json::{Value, json};

use super::provider::{Answer, Provider, TOKEN, answer, client};

fn ok(body: &Value) -> Answer {
    answer("200 OK", "", &body.to_string())
}

async fn numbers(provider: &Provider) -> Result<Vec<account::PhoneNumberInfo>, ChannelError> {
    let sender = provider.sender();
    account::phone_numbers_of(&client(), &sender.base_url, "300000000000001", &Secret::new(TOKEN)).await
}

#[tokio::test]
async fn a_phone_number_is_looked_up() {
    let body = json!({"id": "400000000000001", "display_phone_number": "+1 555-010-0001", "verified_name": "Shop", "quality_rating": "GREEN"});
    let provider = Provider::start(vec![ok(&body)]).await;
    let number = account::phone_number(&client(), &provider.sender()).await.unwrap();
    assert_eq!(
        (number.display_phone_number.as_str(), number.quality_rating.as_deref()),
        ("+1 555-010-0001", Some("GREEN"))
    );
    let request = provider.requests().remove(0);
    let asked = "GET /v24.0/400000000000001?fields=id%2Cdisplay_phone_number%2Cverified_name%2Cquality_rating HTTP/1.1\r\n";
    assert!(request.starts_with(asked), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {TOKEN}")), "{request}");
}

#[tokio::test]
async fn pages_are_followed_to_their_end() {
    let page = |id: &str, after: &str, next: bool| {
        let mut paging = json!({"cursors": {"after": after}});
        if next {
            paging["next"] = json!("http://elsewhere.example/");
        }
        ok(&json!({"data": [{"id": id, "display_phone_number": id}], "paging": paging}))
    };
    let provider =
        Provider::start(vec![page("1", "A B", true), page("2", "C", true), page("3", "D", false)]).await;
    let ids: Vec<_> = numbers(&provider).await.unwrap().into_iter().map(|number| number.id).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let requests = provider.requests();
    assert!(
        requests[1].contains("&limit=100&after=A+B ") && requests[2].contains("after=C "),
        "{requests:?}"
    );

    let stuck = Provider::start(vec![page("1", "A", true)]).await;
    assert_eq!(numbers(&stuck).await.unwrap().len(), 2);
    let pages = (0..110).map(|n| page(&n.to_string(), &n.to_string(), true)).collect();
    let endless = Provider::start(pages).await;
    assert_eq!(numbers(&endless).await.unwrap_err().code, "too_many_pages");
    assert_eq!(endless.requests().len(), 100);
    let none = Provider::start(vec![ok(&json!({"data": []}))]).await;
    assert_eq!(numbers(&none).await.unwrap(), []);
}

#[tokio::test]
async fn failures_are_classified() {
    let expired = json!({"error": {"message": "expired", "code": 190, "error_subcode": 463}}).to_string();
    let missing = json!({"error": {"message": "Unsupported get request.", "code": 100, "error_subcode": 33}})
        .to_string();
    let cases = [
        (answer("401 Unauthorized", "", &expired), Action::Auth, "token_expired"),
        (answer("400 Bad Request", "", &missing), Action::Account, "number_missing"),
        (answer("502 Bad Gateway", "", "<html>"), Action::Transient, "provider_error"),
        (answer("200 OK", "", "<html>"), Action::Transient, "answer_unreadable"),
        (Answer::Hang, Action::Transient, "provider_unreachable"),
        (Answer::Cut, Action::Transient, "provider_unreachable"),
        (ok(&json!({"id": "5"})), Action::Account, "number_missing"),
    ];
    for (answer, action, code) in cases {
        let provider = Provider::start(vec![answer]).await;
        let error = account::phone_number(&client(), &provider.sender()).await.unwrap_err();
        assert_eq!((error.action, error.code), (action, code), "{error:?}");
        assert!(!format!("{error:?}{error}").contains(TOKEN));
    }
}

#[tokio::test]
async fn access_to_a_business_account_is_proven_by_its_own_id() {
    let provider = Provider::start(vec![ok(&json!({"id": "300000000000001", "name": "Shop"}))]).await;
    let (sender, token) = (provider.sender(), Secret::new(TOKEN));
    let found =
        account::business_account(&client(), &sender.base_url, "300000000000001", &token).await.unwrap();
    assert_eq!(found.name.as_deref(), Some("Shop"));
    let other =
        account::business_account(&client(), &sender.base_url, "300000000000009", &token).await.unwrap_err();
    assert_eq!(other.code, "number_missing");
    let odd = account::business_account(&client(), &sender.base_url, "../../x y", &token).await;
    assert!(odd.is_err());
    assert!(
        provider.requests().last().unwrap().starts_with("GET /v24.0/..%2F..%2Fx%20y?"),
        "{:?}",
        provider.requests().last()
    );
}
