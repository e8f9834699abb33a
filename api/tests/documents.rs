//! The API's description, the pages for people, and the route table.

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::testing::eventually;
use serde_json::Value;

use crate::support::TestApp;

fn described() -> Value {
    serde_json::from_slice(&api::openapi::document().unwrap()).unwrap()
}

#[test]
fn the_committed_description_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = String::from_utf8(api::openapi::document().unwrap().to_vec()).unwrap();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "api/openapi.json is stale: run this test with UPDATE_OPENAPI=1 and commit the file"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "each route is a line")]
fn the_route_table_is_what_it_should_be() {
    let document = described();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scope = operation["x-required-scopes"][0].as_str().unwrap_or("public");
            let id = operation["operationId"].as_str().unwrap();
            assert_eq!(api::operation::id(&method.to_uppercase(), path), id, "{method} {path}");
            assert_ne!(id, api::operation::UNMATCHED, "add {method} {path} to operation.rs");
            described.push(format!("{} {path} {id} {scope}", method.to_uppercase()));
        }
    }
    assert_eq!(described.len(), api::operation::ALL.len());
    insta::assert_snapshot!(described.join("\n"), @"
    GET /channels/{channel}/webhook channel_webhooks.verify public
    POST /channels/{channel}/webhook channel_webhooks.receive public
    GET /healthz health.live public
    GET /media/{signed} media.link public
    GET /platform/v1/inbox_embeds inbox_embeds.list embed:list
    POST /platform/v1/inbox_embeds inbox_embeds.create embed:create
    DELETE /platform/v1/inbox_embeds/{id} inbox_embeds.revoke embed:delete
    GET /platform/v1/inbox_embeds/{id} inbox_embeds.get embed:read
    PATCH /platform/v1/inbox_embeds/{id} inbox_embeds.update embed:update
    GET /platform/v1/inbox_embeds/{id}/sessions inbox_embeds.sessions embed:read
    DELETE /platform/v1/inbox_embeds/{id}/sessions/{session_id} inbox_embeds.end_session embed:update
    GET /readyz health.ready public
    GET /v1/api-keys api_keys.list api_key:list
    POST /v1/api-keys api_keys.create api_key:create
    DELETE /v1/api-keys/{id} api_keys.revoke api_key:delete
    GET /v1/api-keys/{id} api_keys.get api_key:read
    PATCH /v1/api-keys/{id} api_keys.update api_key:update
    POST /v1/api-keys/{id}/rotate api_keys.rotate api_key:create
    GET /v1/audit audit.list audit:read
    GET /v1/connections connections.list connection:list
    POST /v1/connections connections.create connection:create
    DELETE /v1/connections/{id} connections.delete connection:delete
    GET /v1/connections/{id} connections.get connection:read
    PATCH /v1/connections/{id} connections.update connection:update
    GET /v1/contacts contacts.list contact:list
    DELETE /v1/contacts/{id} contacts.erase contact:delete
    GET /v1/contacts/{id} contacts.get contact:read
    PATCH /v1/contacts/{id} contacts.update contact:update
    POST /v1/contacts/{id}/block contacts.block contact:update
    GET /v1/contacts/{id}/conversations contacts.conversations conversation:list
    POST /v1/contacts/{id}/merge contacts.merge contact:update
    POST /v1/contacts/{id}/opt-in contacts.opt_in contact:update
    POST /v1/contacts/{id}/opt-out contacts.opt_out contact:update
    POST /v1/contacts/{id}/unblock contacts.unblock contact:update
    GET /v1/conversations conversations.list conversation:list
    GET /v1/conversations/assignable-users conversations.assignable_users conversation:assign
    POST /v1/conversations/reply conversations.reply message:create
    GET /v1/conversations/{chatId} conversations.get conversation:read
    PATCH /v1/conversations/{chatId}/archive conversations.archive conversation:update
    DELETE /v1/conversations/{chatId}/assignee conversations.unassign conversation:assign
    POST /v1/conversations/{chatId}/assignee conversations.assign conversation:assign
    GET /v1/conversations/{chatId}/media messages.media conversation:read
    GET /v1/conversations/{chatId}/messages messages.list conversation:read
    PATCH /v1/conversations/{chatId}/read conversations.read conversation:update
    PATCH /v1/conversations/{chatId}/unarchive conversations.unarchive conversation:update
    GET /v1/customers customers.list customer:list
    POST /v1/customers customers.create customer:create
    DELETE /v1/customers/{id} customers.delete customer:delete
    GET /v1/customers/{id} customers.get customer:read
    PATCH /v1/customers/{id} customers.update customer:update
    GET /v1/events events.follow event:read
    GET /v1/inboxes inboxes.list inbox:list
    POST /v1/inboxes inboxes.create inbox:create
    DELETE /v1/inboxes/{id} inboxes.delete inbox:delete
    GET /v1/inboxes/{id} inboxes.get inbox:read
    PATCH /v1/inboxes/{id} inboxes.update inbox:update
    DELETE /v1/inboxes/{id}/team inboxes.clear_team inbox:update
    PUT /v1/inboxes/{id}/team inboxes.set_team inbox:update
    GET /v1/inboxes/{id}/whatsapp/templates inboxes.templates inbox:read
    POST /v1/media media.create media:create
    GET /v1/media/{id} media.get media:read
    POST /v1/messages messages.start message:create
    GET /v1/messages/{id} messages.get message:read
    POST /v1/messages/{id}/cancel messages.cancel message:create
    POST /v1/messages/{id}/retry messages.retry message:create
    GET /v1/phone-numbers phone_numbers.list inbox:list
    GET /v1/phone-numbers/{id} phone_numbers.get inbox:read
    PATCH /v1/phone-numbers/{id} phone_numbers.update inbox:update
    GET /v1/shared-inbox-links shared_links.list link:list
    POST /v1/shared-inbox-links shared_links.create link:create
    DELETE /v1/shared-inbox-links/{id} shared_links.revoke link:delete
    GET /v1/shared-inbox-links/{id} shared_links.get link:read
    PATCH /v1/shared-inbox-links/{id} shared_links.update link:update
    POST /v1/shared-inbox-links/{id}/rotate shared_links.rotate link:update
    GET /v1/shared-inbox-links/{id}/sessions shared_links.sessions link:read
    DELETE /v1/shared-inbox-links/{id}/sessions/{sessionId} shared_links.end_session link:update
    DELETE /v1/shared-inbox/session shared_sessions.end public
    GET /v1/shared-inbox/session shared_sessions.get public
    POST /v1/shared-inbox/sessions shared_sessions.create public
    GET /v1/teams teams.list team:list
    POST /v1/teams teams.create team:create
    DELETE /v1/teams/{id} teams.delete team:delete
    GET /v1/teams/{id} teams.get team:read
    PATCH /v1/teams/{id} teams.update team:update
    DELETE /v1/teams/{id}/members/{userId} teams.remove_member team:update
    PUT /v1/teams/{id}/members/{userId} teams.add_member team:update
    GET /v1/users users.list user:list
    POST /v1/users users.create user:create
    GET /v1/users/me users.me user:read
    PATCH /v1/users/me users.update_me user:update
    GET /v1/users/me/notification-preferences users.get_my_notification_preferences user:read
    PATCH /v1/users/me/notification-preferences users.update_my_notification_preferences user:update
    DELETE /v1/users/{id} users.delete user:delete
    GET /v1/users/{id} users.get user:read
    PATCH /v1/users/{id} users.update user:update
    GET /v1/users/{id}/notification-preferences users.get_notification_preferences user:read
    PATCH /v1/users/{id}/notification-preferences users.update_notification_preferences user:update
    GET /v1/webhooks webhooks.list webhook:list
    POST /v1/webhooks webhooks.create webhook:create
    DELETE /v1/webhooks/{id} webhooks.delete webhook:delete
    GET /v1/webhooks/{id} webhooks.get webhook:read
    PATCH /v1/webhooks/{id} webhooks.update webhook:update
    GET /v1/webhooks/{id}/deliveries webhooks.deliveries webhook:read
    GET /v1/webhooks/{id}/deliveries/{deliveryId} webhooks.delivery webhook:read
    POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver webhooks.redeliver webhook:update
    POST /v1/webhooks/{id}/replays webhooks.replay webhook:update
    GET /v1/webhooks/{id}/replays/{replayId} webhooks.get_replay webhook:read
    POST /v1/webhooks/{id}/rotate-secret webhooks.rotate_secret webhook:update
    POST /v1/webhooks/{id}/test webhooks.test webhook:update
    GET /v1/whatsapp/{wabaId}/phone-numbers whatsapp.phone_numbers inbox:create
    ");
}

#[test]
fn every_operation_says_what_it_takes_and_how_it_fails() {
    let document = described();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name}");
            assert!(operation["responses"]["default"].is_object(), "{name}");
            if path.starts_with("/v1/shared-inbox/") {
                // By a session's token, or by that of a link or embed in the body.
                continue;
            }
            if !path.starts_with("/v1") && !path.starts_with("/platform/v1") {
                assert_eq!(operation["security"], serde_json::json!([]), "{name}");
                continue;
            }
            assert_eq!(operation["security"].as_array().unwrap().len(), 2, "{name}");
            assert!(operation["description"].as_str().unwrap().contains("Scope: `"), "{name}");
            for status in ["400", "401", "403", "429", "503"] {
                assert!(operation["responses"][status].is_object(), "{name} {status}");
            }
            if method == "post" {
                let named = |parameter: &Value| parameter["name"] == "Idempotency-Key";
                assert!(operation["parameters"].as_array().unwrap().iter().any(named), "{name}");
                assert!(operation["responses"]["422"].is_object(), "{name}");
            }
        }
    }
}

#[test]
fn every_reference_in_the_description_leads_somewhere() {
    let document = described();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_type_of_events_is_shown_with_an_example() {
    let document = described();
    let names = common::domain::event::ALL.iter().map(|event| event.name).chain(["webhook.test"]);
    for name in names {
        let body = &document["webhooks"][name]["post"]["requestBody"]["content"]["application/json"];
        assert_eq!(body["example"]["type"], name);
        assert!(!body["example"]["data"].as_object().unwrap().is_empty(), "{name}");
    }
    assert_eq!(document["webhooks"].as_object().unwrap().len(), common::domain::event::ALL.len() + 1);
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn documents_are_served_from_the_binary_and_take_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/openapi.json").send().await.expect(200), described());
    let problems = app.get("/docs/problems").send().await;
    assert_eq!(problems.status, 200);
    assert!(problems.text.contains("id=\"idempotency_key_reused\""));
    let docs = app.get("/docs/").send().await;
    assert_eq!(docs.status, 200);
    assert!(docs.text.contains("swagger-ui") && !docs.text.contains("https://"), "{}", docs.text);
    let start = app.get("/docs/swagger-initializer.js").send().await;
    assert!(start.text.contains("/openapi.json"), "{}", start.text);
    for file in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        assert_eq!(app.get(&format!("/docs/{file}")).send().await.status, 200, "{file}");
    }
    assert!(docs.header("content-security-policy").starts_with("default-src 'self'"));
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").send().await.text, "ok");
    eventually("both servers are told", Duration::from_secs(10), async || {
        let report = app.get("/readyz").send().await;
        let there = |part: &str| report.body["parts"][part]["ok"] == true;
        let both = there("postgresql") && there("rabbitmq") && report.status == 200;
        both.then_some(()).ok_or(report)
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    let body = app.get("/v1/nothing?secret=1").send().await.problem(404, "not_found");
    assert_eq!(body["instance"], "/v1/nothing");
    let answer = app.call("DELETE", "/v1/conversations/reply").send().await;
    assert!(answer.header("allow").contains("POST"), "{answer:?}");
    answer.problem(405, "method_not_allowed");
    let head = app.call("HEAD", "/healthz").send().await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_given_trace_is_taken_up_and_answered() {
    let app = TestApp::start().await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = app.get("/v1/nothing").header("traceparent", parent).send().await;
    assert_eq!(answer.header("x-trace-id"), "0af7651916cd43dd8448eb211c80319c");
    assert!(answer.header("traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    let other = app.get("/v1/nothing").header("traceparent", "nonsense").send().await;
    assert_eq!(other.header("x-trace-id").len(), 32);
}
