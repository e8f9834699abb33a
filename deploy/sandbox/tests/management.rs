//! Accounts, phone numbers and subscriptions.

use serde_json::json;

use crate::support::{CONTACT, PHONE, Receiver, WABA, boot, calm, code, text};

#[tokio::test]
async fn nodes_show_the_fields_asked_for() {
    let (sandbox, _receiver) = boot(calm()).await;
    let (_, list) = sandbox.graph("GET", &format!("/v24.0/{WABA}/phone_numbers"), None).await;
    assert_eq!(list["data"][0]["display_phone_number"], "+1 555-000-0001");
    assert_eq!(list["data"][0]["throughput"]["level"], "STANDARD");
    assert!(list["paging"]["cursors"]["after"].is_string());
    let path = format!("/v24.0/{PHONE}?fields=verified_name,throughput{{level}}");
    let (_, phone) = sandbox.graph("GET", &path, None).await;
    assert_eq!(phone, json!({"id": PHONE, "verified_name": "Sandbox", "throughput": {"level": "STANDARD"}}));
    let (_, account) = sandbox.graph("GET", &format!("/v24.0/{WABA}?fields=name,currency"), None).await;
    assert_eq!(account, json!({"id": WABA, "name": "Sandbox", "currency": "USD"}));
    assert_eq!(code(&sandbox.graph("GET", "/v24.0/1234", None).await), (400, 100));
}

#[tokio::test]
async fn a_callback_of_its_own_is_verified_and_then_used() {
    let (sandbox, app) = boot(calm()).await;
    let own = Receiver::start().await;
    let path = format!("/v24.0/{WABA}/subscribed_apps");
    let wrong = json!({"override_callback_uri": own.url, "verify_token": "wrong"});
    assert_eq!(code(&sandbox.graph("POST", &path, Some(&wrong)).await), (400, 2_200));
    let bare = json!({"override_callback_uri": own.url});
    assert_eq!(code(&sandbox.graph("POST", &path, Some(&bare)).await), (400, 100));
    let long =
        json!({"override_callback_uri": format!("{}?{}", own.url, "x".repeat(200)), "verify_token": "t"});
    assert_eq!(code(&sandbox.graph("POST", &path, Some(&long)).await), (400, 100));

    let right = json!({"override_callback_uri": own.url, "verify_token": "sandbox-verify-token"});
    assert_eq!(sandbox.graph("POST", &path, Some(&right)).await, (200, json!({"success": true})));
    let (_, list) = sandbox.graph("GET", &path, None).await;
    assert_eq!(list["data"][0]["override_callback_uri"], own.url);
    assert!(list["data"][0]["whatsapp_business_api_data"]["id"].is_string());
    sandbox.send_text(CONTACT, "own").await;
    own.statuses(2).await;

    assert_eq!(sandbox.graph("DELETE", &path, None).await, (200, json!({"success": true})));
    assert_eq!(sandbox.graph("GET", &path, None).await, (200, json!({"data": []})));
    sandbox.send_text(CONTACT, "nobody").await;
    sandbox.until("/control/stats", |stats| stats["webhooks"]["unsubscribed"] == 2).await;

    assert_eq!(sandbox.graph("POST", &path, None).await.0, 200);
    sandbox.send_text(CONTACT, "app").await;
    let statuses = app.statuses(2).await;
    assert!(statuses.iter().all(|(of, _)| of == "app"), "{statuses:?}");
    assert_eq!(own.statuses(2).await.len(), 2);
}

#[tokio::test]
async fn a_business_profile_is_shown_by_field_and_changed_within_the_provider_s_limits() {
    let (sandbox, _receiver) = boot(calm()).await;
    let path = format!("/v24.0/{PHONE}/whatsapp_business_profile");
    let product = json!("whatsapp");
    let change = |field: &str, value: serde_json::Value| json!({"messaging_product": product, field: value});
    assert_eq!(code(&sandbox.graph("POST", &path, Some(&json!({"about": "hi"}))).await), (400, 100));
    for (field, value) in [
        ("about", json!("")),
        ("about", json!("x".repeat(140))),
        ("email", json!("nobody")),
        ("vertical", json!("SHOES")),
        ("websites", json!(["https://a.example", "https://b.example", "https://c.example"])),
        ("name", json!("Shop")),
    ] {
        let refused = sandbox.graph("POST", &path, Some(&change(field, value.clone()))).await;
        assert_eq!(code(&refused), (400, 100), "{field} {value}");
    }
    let (_, fresh) = sandbox.graph("GET", &format!("{path}?fields=about,vertical"), None).await;
    assert_eq!(fresh, json!({"data": [{"vertical": "UNDEFINED", "messaging_product": "whatsapp"}]}));
    let done = (200, json!({"success": true}));
    assert_eq!(sandbox.graph("POST", &path, Some(&change("about", json!("We answer")))).await, done);
    assert_eq!(sandbox.graph("POST", &path, Some(&change("vertical", json!("RETAIL")))).await, done);
    let (_, shown) = sandbox.graph("GET", &format!("{path}?fields=about,email"), None).await;
    assert_eq!(shown, json!({"data": [{"about": "We answer", "messaging_product": "whatsapp"}]}));
    let other = "/v24.0/1234/whatsapp_business_profile";
    assert_eq!(code(&sandbox.graph("GET", other, None).await), (400, 100));
}

#[tokio::test]
async fn accounts_are_added_replaced_and_changed() {
    let (sandbox, receiver) = boot(calm()).await;
    let account = json!({"wabaId": "101", "accessToken": "second", "appSecret": "s2", "verifyToken": "v2",
        "webhookUrl": receiver.url, "phoneNumbers": [
            {"id": "201", "displayPhoneNumber": "+1 555 000 0201", "verifiedName": "Two"},
            {"id": "202", "displayPhoneNumber": "+1 555 000 0202", "verifiedName": "Three", "throughput": 1000}]});
    assert_eq!(sandbox.control("POST", "/control/accounts", Some(&account)).await.0, 201);
    assert_eq!(sandbox.control("POST", "/control/accounts", Some(&account)).await.0, 200);
    assert_eq!(
        sandbox.control("GET", "/control/accounts", None).await.1["accounts"].as_array().unwrap().len(),
        2
    );

    let send = |phone: &'static str, token: &'static str| {
        let url = sandbox.url(&format!("/v24.0/{phone}/messages"));
        let request = sandbox.client.post(url).bearer_auth(token).json(&text(CONTACT, "m"));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(send("201", "second").await, 200);
    assert_eq!(send("202", "sandbox-access-token").await, 400);
    receiver.statuses(2).await;
    let delivery = &receiver.all()[0];
    assert_eq!(delivery.headers["x-hub-signature-256"], sandbox::signature("s2", &delivery.body).as_str());
    assert_eq!(delivery.json()["entry"][0]["id"], "101");

    let taken = json!({"wabaId": "102", "accessToken": "t", "appSecret": "s", "phoneNumbers": [
        {"id": "201", "displayPhoneNumber": "+1"}]});
    assert_eq!(sandbox.control("POST", "/control/accounts", Some(&taken)).await.0, 409);
    let patch = json!({"phoneNumbers": [{"id": "202", "displayPhoneNumber": "+1 555 000 0202"}]});
    assert_eq!(sandbox.control("PATCH", "/control/accounts/101", Some(&patch)).await.0, 200);
    assert_eq!(send("201", "second").await, 400);
    assert_eq!(send("202", "second").await, 200);
    for (path, patch, status) in [
        ("/control/accounts/101", json!({"wabaId": "7"}), 400),
        ("/control/accounts/101", json!({"colour": "red"}), 400),
        ("/control/accounts/101", json!({"webhookUrl": "nowhere"}), 400),
        ("/control/accounts/999", json!({}), 404),
    ] {
        assert_eq!(sandbox.control("PATCH", path, Some(&patch)).await.0, status, "{patch}");
    }
}
