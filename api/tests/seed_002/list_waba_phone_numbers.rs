//! "List WABA phone numbers".

use super::*;

#[tokio::test]
async fn returns_whatsapp_phone_numbers_that_can_be_connected_as_inboxes() {
    let seed = Seed::start().await;
    let listed = seed.call("GET", &format!("/whatsapp/{WABA}/phone-numbers"), None).await.expect(200);
    let number = |id: &str| {
        json!({
            "id": id, "displayPhoneNumber": "+48 123 456 789", "verifiedName": "Support WhatsApp",
            "qualityRating": "GREEN", "codeVerificationStatus": "VERIFIED", "isRegistered": true,
        })
    };
    assert_eq!(listed, json!({ "phoneNumbers": [number(NUMBER), number("112233445566779")] }));
}

#[tokio::test]
async fn a_number_that_is_not_registered_is_told_apart_and_every_page_is_read() {
    let seed = Seed::start().await;
    let pending = json!({ "id": "1", "displayPhoneNumber": "+1", "status": "PENDING" });
    let others = (2..=130).map(|id| json!({ "id": id.to_string(), "displayPhoneNumber": "+1" }));
    let numbers: Vec<Value> = std::iter::once(pending).chain(others).collect();
    let account = format!("/control/accounts/{WABA}");
    seed.app.provider("PATCH", &account).json(&json!({ "phoneNumbers": numbers })).send().await.expect(200);
    let listed = seed.call("GET", &format!("/whatsapp/{WABA}/phone-numbers"), None).await.expect(200);
    let listed = listed["phoneNumbers"].as_array().unwrap();
    assert_eq!(listed.len(), 130);
    assert_eq!((&listed[0]["isRegistered"], &listed[1]["isRegistered"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn an_account_without_a_connection_is_not_there_and_a_provider_that_refuses_is_502() {
    let seed = Seed::start().await;
    for account in ["999", "-", "%00"] {
        let path = format!("/whatsapp/{account}/phone-numbers");
        seed.call("GET", &path, None).await.problem(404, "not_found");
    }
    let path = format!("/whatsapp/{WABA}/phone-numbers");
    let (account, renewed) = (format!("/control/accounts/{WABA}"), json!({ "accessToken": "renewed" }));
    seed.app.provider("PATCH", &account).json(&renewed).send().await.expect(200);
    seed.call("GET", &path, None).await.problem(502, "provider_refused");
}

#[tokio::test]
async fn takes_inbox_create_of_owners_and_admins() {
    let seed = Seed::start().await;
    let path = format!("/whatsapp/{WABA}/phone-numbers");
    seed.takes(("GET", &path), None, "inbox:create", false).await;
    seed.is_not_there_for_others("GET", &path, None).await;
}
