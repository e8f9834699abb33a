//! Inboxes: connecting numbers, all or none, to one organization at a time.

use common::testing::{Workspace, eventually};
use serde_json::{Value, json};

use crate::support::{Call, SOON, TestApp, Whole};

const WABA: &str = "100000000000001";
const NUMBER: &str = "200000000000001";

async fn connected(app: &TestApp, external_id: &str, token: &str) -> Workspace {
    let workspace = app.workspace().await;
    let body = json!({
        "channel": "whatsapp", "externalId": external_id, "accessToken": token, "appSecret": "secret",
        "verifyToken": "verify", "apiUrl": app.provider,
    });
    app.post("/v1/connections").key(&workspace.token).json(&body).send().await.expect(201);
    workspace
}

fn post(app: &TestApp, workspace: &Workspace, resources: &[&str], numbers: &[&str]) -> Call {
    let body = json!({ "whatsapp": { "resourceIds": resources, "phoneNumberIds": numbers } });
    app.post("/v1/inboxes").key(&workspace.token).json(&body)
}

/// A second account at the provider, with two numbers.
async fn second_account(app: &TestApp) {
    let number =
        |id: &str| json!({ "id": id, "displayPhoneNumber": "+1 555-000-0002", "verifiedName": "Second" });
    let account = json!({
        "wabaId": "100000000000002", "accessToken": "second-token", "appSecret": "second-secret",
        "verifyToken": "second-verify", "phoneNumbers": [number("200000000000002"), number("200000000000003")],
    });
    let answer = app.provider("POST", "/control/accounts").json(&account).send().await;
    assert!(answer.status < 300, "{}", answer.text);
}

#[tokio::test]
async fn the_documented_request_connects_an_inbox_of_the_documented_shape() {
    let app = TestApp::start().await;
    let workspace = connected(&app, WABA, "sandbox-access-token").await;
    let created = post(&app, &workspace, &[WABA], &[NUMBER]).send().await.expect(200);
    let inbox = &created["inboxes"][0];
    let fields: Vec<&String> = inbox.as_object().unwrap().keys().collect();
    let expected = [
        "channel",
        "config",
        "createdAt",
        "createdBy",
        "externalId",
        "id",
        "name",
        "status",
        "teamId",
        "tenantId",
        "updatedAt",
    ];
    assert_eq!(fields, expected);
    assert!(inbox["id"].as_str().unwrap().starts_with("ibx_"));
    assert_eq!(inbox["tenantId"], workspace.organization.to_string());
    assert_eq!((&inbox["channel"], &inbox["externalId"]), (&json!("whatsapp"), &json!(NUMBER)));
    assert_eq!(inbox["status"], json!({ "state": "active", "reasons": [] }));
    assert_eq!(inbox["config"], json!({ "phoneNumberId": NUMBER }));
    assert_eq!(inbox["teamId"], Value::Null);
    let listed = app.get("/v1/inboxes").key(&workspace.token).send().await.expect(200);
    assert_eq!(&listed["inboxes"][1], inbox);
    let path = format!("/v1/inboxes/{}", inbox["id"].as_str().unwrap());
    let mut alone = app.get(&path).key(&workspace.token).send().await.expect(200);
    let mut part = |name: &str| alone.as_object_mut().unwrap().remove(name).unwrap();
    assert_eq!(part("settings"), json!({ "messagesPerSecond": 80, "unknownOutcome": "resend" }));
    let capabilities = part("capabilities");
    assert_eq!(&alone, inbox);
    let button = &capabilities["interactive"]["buttons"];
    assert_eq!((&capabilities["replyWindowSeconds"], &button["maxButtons"]), (&json!(86_400), &json!(3)));
    let picture = json!({ "type": "image", "mimeTypes": ["image/jpeg", "image/png"], "maxBytes": 5_242_880,
        "maxCaption": 1024, "animated": null });
    assert_eq!(capabilities["media"][0], picture);
    let numbers =
        format!("SELECT count(*) FROM phone_numbers WHERE provider_id = '{NUMBER}' AND verified_name <> ''");
    assert_eq!(app.count(&numbers).await, 1);
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'inbox.create'").await, 1);
}

#[tokio::test]
async fn numbers_of_several_accounts_are_connected_together_or_not_at_all() {
    let app = TestApp::start().await;
    second_account(&app).await;
    let workspace = connected(&app, WABA, "sandbox-access-token").await;
    let both = [WABA, "100000000000002"];
    let missing = post(&app, &workspace, &both, &[NUMBER]).send().await;
    assert_eq!(missing.fields(422, "no_connection"), ["whatsapp.resourceIds[1]"]);
    let body = json!({
        "channel": "whatsapp", "externalId": "100000000000002", "accessToken": "second-token", "appSecret": "secret",
        "verifyToken": "verify", "apiUrl": app.provider,
    });
    app.post("/v1/connections").key(&workspace.token).json(&body).send().await.expect(201);
    let unlisted = post(&app, &workspace, &both, &[NUMBER, "200000000000009"]).send().await;
    assert_eq!(unlisted.fields(422, "not_in_account"), ["whatsapp.phoneNumberIds[1]"]);
    let other_account = post(&app, &workspace, &[WABA], &["200000000000002"]).send().await;
    other_account.problem(422, "not_in_account");
    post(&app, &workspace, &[WABA], &[NUMBER]).send().await.expect(200);
    let taken = post(&app, &workspace, &both, &["200000000000002", NUMBER]).send().await;
    taken.problem(409, "already_connected");
    assert_eq!(app.count("SELECT count(*) FROM inboxes WHERE external_id = '200000000000002'").await, 0);
    let order = ["200000000000003", "200000000000002"];
    let created = post(&app, &workspace, &both, &order).send().await.expect(200);
    let ids: Vec<&str> =
        created["inboxes"].as_array().unwrap().iter().map(|i| i["externalId"].as_str().unwrap()).collect();
    assert_eq!(ids, order);
}

#[tokio::test]
async fn a_number_belongs_to_one_organization_at_a_time() {
    let app = TestApp::start().await;
    let ours = connected(&app, WABA, "sandbox-access-token").await;
    let theirs = connected(&app, WABA, "sandbox-access-token").await;
    let calls = [&ours, &theirs].map(|workspace| post(&app, workspace, &[WABA], &[NUMBER]).send());
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(calls).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_token_that_lost_its_access_connects_nothing() {
    let app = TestApp::start().await;
    let workspace = connected(&app, WABA, "sandbox-access-token").await;
    let path = format!("/control/accounts/{WABA}");
    let renewed = json!({ "accessToken": "renewed-token" });
    assert!(app.provider("PATCH", &path).json(&renewed).send().await.status < 300);
    post(&app, &workspace, &[WABA], &[NUMBER]).send().await.problem(422, "access_not_proven");
}

#[tokio::test]
async fn requests_that_name_no_or_too_much_are_refused() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let many: Vec<String> = (0..101).map(|id| id.to_string()).collect();
    let whatsapp = |resources: Value, numbers: Value| json!({ "whatsapp": { "resourceIds": resources, "phoneNumberIds": numbers } });
    let cases: Vec<(Value, u16, &str, &[&str])> = vec![
        (json!({}), 422, "unsupported_channel", &["whatsapp"]),
        (json!({ "whatsapp": null }), 422, "unsupported_channel", &["whatsapp"]),
        (json!({ "messenger": { "pageIds": ["1"] } }), 422, "no_connection", &["messenger.pageIds[0]"]),
        (json!({ "telegram": {} }), 422, "unknown_field", &["telegram"]),
        (json!({ "whatsapp": {} }), 400, "required_field_missing", &["whatsapp.resourceIds"]),
        (json!({ "whatsapp": [["1"], ["1"]] }), 400, "wrong_type", &["whatsapp"]),
        (whatsapp(json!("1"), json!(["1"])), 400, "wrong_type", &["whatsapp.resourceIds"]),
        (whatsapp(json!([1]), json!(["1"])), 400, "wrong_type", &["whatsapp.resourceIds[0]"]),
        (whatsapp(json!([]), json!(["1"])), 422, "invalid_request", &["whatsapp.resourceIds"]),
        (whatsapp(json!(["1"]), json!(many)), 422, "invalid_request", &["whatsapp.phoneNumberIds"]),
        (
            whatsapp(json!(["../1"]), json!(["1", "1"])),
            422,
            "invalid_request",
            &["whatsapp.resourceIds[0]", "whatsapp.phoneNumberIds[1]"],
        ),
    ];
    for (body, status, code, fields) in cases {
        let answer = app.post("/v1/inboxes").key(&workspace.token).json(&body).send().await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{body}");
    }
    let mut both = whatsapp(json!(["1"]), json!(["1"]));
    both["rcs"] = json!({ "agentIds": [] });
    let answer = app.post("/v1/inboxes").key(&workspace.token).json(&both).send().await;
    assert_eq!(answer.fields(422, "unsupported_channel"), ["rcs"]);
}

#[tokio::test]
async fn an_inbox_is_renamed_and_told_what_to_do_in_doubt() {
    let app = TestApp::start().await;
    let (workspace, stranger) = (app.workspace().await, app.workspace().await);
    let path = format!("/v1/inboxes/{}", workspace.inbox);
    let patch = |key: &str, body: Value| app.call("PATCH", &path).key(key).json(&body).send();
    let changed =
        patch(&workspace.token, json!({ "name": "Sales", "unknownOutcome": "park" })).await.expect(200);
    assert_eq!(changed["name"], "Sales");
    let found = app.get(&path).key(&workspace.token).send().await.expect(200);
    assert_eq!(found, changed);
    assert_eq!(app.count("SELECT count(*) FROM inboxes WHERE unknown_outcome = 'park'").await, 1);
    assert_eq!(patch(&workspace.token, json!({})).await.expect(200)["name"], "Sales");
    for (body, status, code, field) in [
        (json!({ "name": " " }), 422, "invalid_request", "name"),
        (json!({ "name": null }), 400, "required_field_missing", "name"),
        (json!({ "unknownOutcome": "hope" }), 422, "unsupported_value", "unknownOutcome"),
        (json!({ "teamId": null }), 422, "unknown_field", "teamId"),
    ] {
        let refused = patch(&workspace.token, body.clone()).await;
        assert_eq!(refused.fields(status, code), [field], "{body}");
    }
    patch(&stranger.token, json!({ "name": "Mine" })).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_waits_in_a_deleted_inbox_ends_and_its_lanes_come_to_rest() {
    let whole = Whole::start().await;
    let (app, of) = (&whole.app, &whole.workspace);
    // The provider refuses the account: the gate closes, and replies wait.
    let account = format!("/control/accounts/waba-{}", of.phone_number_id);
    let chats =
        [whole.conversation("15550001111", "Hello").await, whole.conversation("15550002222", "Hi").await];
    app.provider("PATCH", &account).json(&json!({ "accessToken": "renewed" })).send().await.expect(200);
    let mut replies = Vec::new();
    for chat in chats.iter().cycle().take(6) {
        replies.push(whole.reply(chat, "Waiting").await["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(whole.call("DELETE", &format!("/v1/inboxes/{}", of.inbox)).await, 204);
    for id in &replies {
        eventually("the reply ends", SOON, async || {
            let message = whole.get(&format!("/v1/messages/{id}")).await;
            if message["failure"]["code"] == "inbox_deleted" { Ok(()) } else { Err(message.to_string()) }
        })
        .await;
    }
    let busy = "SELECT count(*) FROM lanes WHERE state <> 'idle' OR queued + held + scheduled > 0";
    assert_eq!(app.count(busy).await, 0);
    // Long after, it is not looked at any more.
    app.execute("UPDATE inboxes SET deleted_at = now() - interval '2 minutes'").await;
    eventually("the inbox is done with", SOON, async || {
        let open = "SELECT count(*) FROM inboxes WHERE deleted_at IS NOT NULL AND drained_at IS NULL";
        if app.count(open).await == 0 { Ok(()) } else { Err("not yet") }
    })
    .await;
    // With its connection gone too, its lanes hold nothing up.
    assert_eq!(whole.call("DELETE", &format!("/v1/connections/{}", of.connection)).await, 204);
    assert!(whole.phone("15550001111").await.iter().all(|it| it["text"] != "Waiting"));
}

#[tokio::test]
async fn an_inbox_sends_as_fast_as_it_is_told() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let path = format!("/v1/inboxes/{}", workspace.inbox);
    let patch = async |body: Value| app.call("PATCH", &path).key(&workspace.token).json(&body).send().await;
    let changed = patch(json!({ "messagesPerSecond": 250, "unknownOutcome": "park" })).await.expect(200);
    assert_eq!(changed["settings"], json!({ "messagesPerSecond": 250, "unknownOutcome": "park" }));
    for odd in [json!(0), json!(-1), json!(1_001), json!(9_000_000_000_000_i64)] {
        let answer = patch(json!({ "messagesPerSecond": odd })).await;
        assert_eq!(answer.fields(422, "invalid_request"), ["messagesPerSecond"], "{odd}");
    }
    for odd in [json!(null), json!(1.5), json!("80")] {
        patch(json!({ "messagesPerSecond": odd })).await.expect(400);
    }
    assert_eq!(app.count("SELECT count(*) FROM inboxes WHERE pace = 250").await, 1);
    let told = "SELECT count(*) FROM audit_log WHERE detail @> '{\"messagesPerSecond\": 250}'";
    assert_eq!(app.count(told).await, 1);
}
