//! Customers, and the phone numbers that serve them.

use common::domain::ids::CustomerId;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::teams::call;

#[tokio::test]
async fn a_customer_is_added_shown_listed_changed_and_removed() {
    let app = TestApp::start().await;
    let (of, stranger) = (app.workspace().await, app.workspace().await);
    let body = json!({ "name": "Acme", "externalId": "acme-42" });
    let added = call(&app, &of, "POST", "/customers", Some(body.clone())).await;
    let path = added.header("location").trim_start_matches("/v1").to_owned();
    let added = added.expect(201);
    let keys: Vec<&String> = added.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["createdAt", "externalId", "id", "name", "updatedAt"]);
    assert_eq!(call(&app, &of, "GET", &path, None).await.expect(200), added);
    assert_eq!(call(&app, &of, "GET", "/customers", None).await.expect(200)["customers"], json!([added]));
    let taken = call(&app, &of, "POST", "/customers", Some(body.clone())).await;
    assert_eq!(taken.fields(409, "already_exists"), ["externalId"]);
    call(&app, &stranger, "POST", "/customers", Some(body)).await.expect(201);
    let changed = call(&app, &of, "PATCH", &path, Some(json!({ "externalId": null }))).await.expect(200);
    assert_eq!((&changed["name"], &changed["externalId"]), (&json!("Acme"), &Value::Null));
    for (method, body) in [("GET", None), ("PATCH", Some(json!({}))), ("DELETE", None)] {
        call(&app, &stranger, method, &path, body).await.problem(404, "not_found");
    }
    assert_eq!(call(&app, &of, "DELETE", &path, None).await.status, 204);
    call(&app, &of, "DELETE", &path, None).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_phone_number_serves_a_customer_who_then_cannot_go() {
    let app = TestApp::start().await;
    let (of, stranger) = (app.workspace().await, app.workspace().await);
    app.execute(&format!(
        "INSERT INTO phone_numbers (id, organization_id, inbox_id, provider_id, display_phone_number)
        VALUES (gen_random_uuid(), '{}', '{}', '{}', '+1')",
        of.organization.0, of.inbox.0, of.phone_number_id
    ))
    .await;
    let listed = call(&app, &of, "GET", "/phone-numbers", None).await.expect(200);
    let number = listed["phoneNumbers"][0].clone();
    assert_eq!((&number["inboxId"], &number["customerId"]), (&json!(of.inbox), &Value::Null));
    let path = format!("/phone-numbers/{}", number["id"].as_str().unwrap());
    assert_eq!(call(&app, &of, "GET", &path, None).await.expect(200), number);
    let made = call(&app, &of, "POST", "/customers", Some(json!({ "name": "Acme" }))).await.expect(201);
    let customer = made["id"].as_str().unwrap();
    let set = call(&app, &of, "PATCH", &path, Some(json!({ "customerId": customer }))).await.expect(200);
    assert_eq!(set["customerId"], customer);
    let theirs = call(&app, &stranger, "POST", "/customers", Some(json!({ "name": "Theirs" }))).await;
    for other in [theirs.expect(201)["id"].clone(), json!(CustomerId::new()), json!("acme")] {
        let refused = call(&app, &of, "PATCH", &path, Some(json!({ "customerId": other }))).await;
        refused.problem(404, "not_found");
    }
    for (method, body) in [("GET", None), ("PATCH", Some(json!({ "customerId": null })))] {
        call(&app, &stranger, method, &path, body).await.problem(404, "not_found");
    }
    let by_customer = |id: &str| format!("/phone-numbers?customerId={id}");
    let found = call(&app, &of, "GET", &by_customer(customer), None).await.expect(200);
    assert_eq!(found["phoneNumbers"], json!([set]));
    let none = call(&app, &of, "GET", &by_customer(&CustomerId::new().to_string()), None).await.expect(200);
    assert_eq!(none["phoneNumbers"], json!([]));
    let bad = call(&app, &of, "GET", &by_customer("acme"), None).await;
    assert_eq!(bad.fields(400, "invalid_parameter"), ["customerId"]);
    let gone = format!("/customers/{customer}");
    call(&app, &of, "DELETE", &gone, None).await.problem(409, "in_use");
    // A number that is gone with its inbox holds nobody.
    assert_eq!(call(&app, &of, "DELETE", &format!("/inboxes/{}", of.inbox), None).await.status, 204);
    call(&app, &of, "GET", &path, None).await.problem(404, "not_found");
    assert_eq!(call(&app, &of, "DELETE", &gone, None).await.status, 204);
}
