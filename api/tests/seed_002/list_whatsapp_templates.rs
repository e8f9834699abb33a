//! "List WhatsApp templates".

use super::*;

#[tokio::test]
async fn returns_approved_and_pending_whatsapp_templates_available_for_this_inbox() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}/whatsapp/templates", seed.inbox_id().await);
    let listed = seed.call("GET", &path, None).await.expect(200);
    let first = json!({
        "id": "987654321", "name": "order_ready", "language": "en", "status": "APPROVED", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Hi {{1}}, your order {{2}} is ready for pickup." }],
    });
    assert_eq!(listed["templates"][0], first);
    let told = |template: &Value| format!("{} {}", template["name"], template["status"]);
    let names: Vec<String> = listed["templates"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(names, ["\"order_ready\" \"APPROVED\"", "\"soon\" \"PENDING\""]);
}

#[tokio::test]
async fn use_template_names_and_languages_from_this_response_when_sending_template_message_content() {
    let seed = Seed::start().await;
    let inbox = seed.inbox_id().await;
    let listed = seed.call("GET", &format!("/inboxes/{inbox}/whatsapp/templates"), None).await.expect(200);
    let (name, language) = (&listed["templates"][0]["name"], &listed["templates"][0]["language"]);
    let start = json!({
        "inboxId": inbox, "recipient": { "type": "channel", "externalId": "+15551234567" },
        "content": { "type": "template", "name": name, "language": language, "parameters": ["Ada", "42"] },
    });
    seed.call("POST", "/messages", Some(start)).await.expect(202);
}

#[tokio::test]
async fn every_page_of_the_provider_is_read_and_its_answer_is_used_for_a_while() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}/whatsapp/templates", seed.inbox_id().await);
    let many: Vec<Value> = (0..230)
        .map(|n| json!({ "name": format!("t{n}"), "language": "en", "components": [{ "type": "BODY", "text": "T" }] }))
        .collect();
    let account = format!("/control/accounts/{WABA}");
    seed.app.provider("PATCH", &account).json(&json!({ "templates": many })).send().await.expect(200);
    let listed = seed.call("GET", &path, None).await.expect(200);
    assert_eq!(listed["templates"].as_array().unwrap().len(), 230);
    seed.app.provider("PATCH", &account).json(&json!({ "templates": [] })).send().await.expect(200);
    assert_eq!(seed.call("GET", &path, None).await.expect(200), listed);
}

#[tokio::test]
async fn a_provider_that_refuses_or_is_away_is_502_with_its_reason() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}/whatsapp/templates", seed.inbox_id().await);
    let account = format!("/control/accounts/{WABA}");
    let renewed = json!({ "accessToken": "renewed" });
    seed.app.provider("PATCH", &account).json(&renewed).send().await.expect(200);
    let refused = seed.call("GET", &path, None).await.problem(502, "provider_refused");
    assert!(refused["detail"].as_str().unwrap().contains("token"), "{refused}");
    seed.app.execute("UPDATE connections SET api_url = 'http://127.0.0.1:9'").await;
    seed.call("GET", &path, None).await.problem(502, "provider_unavailable");
}

#[tokio::test]
async fn takes_inbox_read_of_owners_admins_and_agents() {
    let seed = Seed::start().await;
    let path = format!("/inboxes/{}/whatsapp/templates", seed.inbox_id().await);
    seed.takes(("GET", &path), None, "inbox:read", true).await;
    seed.is_not_there_for_others("GET", &path, None).await;
}
