//! Sending: the answer, the ledger, the statuses, and marking as read.

use serde_json::{Value, json};

use crate::support::{CONTACT, PHONE, SECRET, TOKEN, WABA, boot, calm, code, text};

#[tokio::test]
async fn an_accepted_message_is_answered_kept_and_followed_by_statuses() {
    let (sandbox, receiver) = boot(calm()).await;
    let body = text("+1 (650) 555-1234", "msg_1");
    let (status, answer) = sandbox.send(&body).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["messages"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer,
        json!({"messaging_product": "whatsapp", "contacts": [{"input": "+1 (650) 555-1234", "wa_id": CONTACT}],
            "messages": [{"id": id}]})
    );
    assert!(id.starts_with("wamid."));

    let ledger = sandbox.ledger().await;
    assert_eq!(ledger.len(), 1);
    let at = ledger[0]["at"].as_str().unwrap();
    assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    assert_eq!(
        ledger[0],
        json!({"n": 1, "channel": "whatsapp", "sender": PHONE, "recipient": CONTACT, "providerId": id,
            "correlation": "msg_1", "body": body, "at": at})
    );

    receiver.statuses(2).await;
    let deliveries = receiver.all();
    assert_eq!(deliveries.len(), 2, "one POST per update");
    for (delivery, name) in deliveries.iter().zip(["sent", "delivered"]) {
        let signature = delivery.headers["x-hub-signature-256"].to_str().unwrap();
        assert_eq!(signature, sandbox::signature(SECRET, &delivery.body));
        let whole = delivery.json();
        let timestamp =
            whole["entry"][0]["changes"][0]["value"]["statuses"][0]["timestamp"].as_str().unwrap();
        assert_eq!(timestamp.len(), 10);
        assert_eq!(
            whole,
            json!({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [{"field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "15550000001", "phone_number_id": PHONE},
                "statuses": [{"id": id, "status": name, "timestamp": timestamp, "recipient_id": CONTACT,
                    "biz_opaque_callback_data": "msg_1", "pricing": {"billable": false, "pricing_model": "PMP",
                        "type": "free_customer_service", "category": "service"}}]}}]}]})
        );
    }
}

#[tokio::test]
async fn a_read_status_follows_when_contacts_read() {
    let (sandbox, receiver) = boot(sandbox::Behaviour { read: true, ..calm() }).await;
    sandbox.send_text(CONTACT, "m").await;
    let names: Vec<_> = receiver.statuses(3).await.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn a_reaction_is_only_sent() {
    let (sandbox, receiver) = boot(calm()).await;
    let id = sandbox.speak(CONTACT, "hello").await;
    let reaction = json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "reaction",
        "reaction": {"message_id": id, "emoji": "\u{1f600}"}, "biz_opaque_callback_data": "reaction"});
    assert_eq!(sandbox.send(&reaction).await.0, 200);
    sandbox.send_text(CONTACT, "after").await;
    let statuses = receiver.statuses(3).await;
    assert_eq!(statuses.iter().filter(|(of, _)| of == "reaction").count(), 1);
}

#[tokio::test]
async fn user_ids_are_answered_in_their_own_field() {
    let (sandbox, receiver) = boot(calm()).await;
    let body = json!({"messaging_product": "whatsapp", "recipient": "US.1349", "type": "text", "text": {"body": "hi"}});
    let (status, answer) = sandbox.send(&body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["contacts"][0], json!({"input": "US.1349", "wa_id": "", "user_id": "US.1349"}));
    receiver.statuses(1).await;
    let statuses = receiver.all()[0].statuses();
    assert_eq!(statuses[0]["recipient_user_id"], "US.1349");
    assert_eq!(statuses[0]["recipient_id"], "");
}

#[tokio::test]
async fn marking_as_read_and_typing_succeed_and_show_on_the_phone() {
    let (sandbox, receiver) = boot(calm()).await;
    let first = sandbox.speak(CONTACT, "one").await;
    let second = sandbox.speak(CONTACT, "two").await;
    let third = sandbox.speak(CONTACT, "three").await;
    let delivered =
        |body: &Value| body["messages"].as_array().unwrap().iter().all(|m| m["status"] == "delivered");
    receiver.wait("three messages", |all| (all.len() == 3).then_some(())).await;
    sandbox.until(&format!("/contacts/{CONTACT}/messages"), delivered).await;
    let body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": second,
        "typing_indicator": {"type": "text"}});
    assert_eq!(sandbox.send(&body).await, (200, json!({"success": true})));
    let (_, chat) = sandbox.control("GET", &format!("/contacts/{CONTACT}/messages"), None).await;
    let shown: Vec<_> =
        chat["messages"].as_array().unwrap().iter().map(|m| (m["id"].clone(), m["status"].clone())).collect();
    assert_eq!(
        shown,
        [(json!(first), json!("read")), (json!(second), json!("read")), (json!(third), json!("delivered"))]
    );
    assert!(sandbox.ledger().await.is_empty(), "marking as read is no message");
    let foreign = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown"});
    assert_eq!(code(&sandbox.send(&foreign).await), (400, 131_009));
}

#[tokio::test]
async fn tokens_versions_and_phone_numbers_are_checked() {
    let (sandbox, _receiver) = boot(calm()).await;
    let post = |path: String, token: Option<&'static str>| {
        let request = sandbox.client.post(sandbox.url(&path)).json(&text(CONTACT, "m"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.json::<Value>().await.unwrap())
        }
    };
    let path = format!("/v24.0/{PHONE}/messages");
    let answer = post(path.clone(), Some("wrong")).await;
    assert_eq!(code(&answer), (401, 190));
    assert_eq!(answer.1["error"]["type"], "OAuthException");
    assert!(answer.1["error"]["fbtrace_id"].is_string());
    assert_eq!(code(&post(path.clone(), None).await), (401, 190));
    assert_eq!(post(format!("{path}?access_token={TOKEN}"), None).await.0, 200);
    let answer = post("/v24.0/999/messages".into(), Some(TOKEN)).await;
    assert_eq!(code(&answer), (400, 100));
    assert_eq!(answer.1["error"]["error_subcode"], 33);
    assert_eq!(code(&post("/v24.0/999/messages".into(), Some("wrong")).await), (401, 190));
    assert_eq!(code(&post(format!("/latest/{PHONE}/messages"), Some(TOKEN)).await), (400, 2_500));
    assert_eq!(post(format!("/v19.0/{PHONE}/messages"), Some(TOKEN)).await.0, 200);
    let unknown = sandbox.graph("POST", &format!("/v24.0/{PHONE}/register"), Some(&json!({}))).await;
    assert_eq!(code(&unknown), (400, 100));
    assert_eq!(sandbox.ledger().await.len(), 2);
}

#[tokio::test]
async fn an_expired_token_is_told_apart() {
    let (sandbox, _receiver) = boot(calm()).await;
    let path = format!("/control/accounts/{WABA}");
    assert_eq!(sandbox.control("PATCH", &path, Some(&json!({"tokenExpired": true}))).await.0, 200);
    let answer = sandbox.send(&text(CONTACT, "m")).await;
    assert_eq!(code(&answer), (401, 190));
    assert_eq!(answer.1["error"]["error_subcode"], 463);
    assert_eq!(sandbox.control("PATCH", &path, Some(&json!({"tokenExpired": false}))).await.0, 200);
    sandbox.send_text(CONTACT, "m").await;
}
