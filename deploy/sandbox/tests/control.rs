//! Ledger, contacts, settings, and stopping.

use sandbox::{Behaviour, Settings};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{CONTACT, DEADLINE, PHONE, boot, boot_with, calm, text};

#[tokio::test]
async fn the_ledger_is_read_in_pages_and_filtered() {
    let (sandbox, _receiver) = boot(calm()).await;
    for place in 0..5 {
        sandbox.send_text(&format!("1650555000{}", place % 2), &place.to_string()).await;
    }
    let (_, page) = sandbox.control("GET", "/ledger?after=1&limit=2", None).await;
    let numbers: Vec<_> =
        page["entries"].as_array().unwrap().iter().map(|entry| entry["n"].clone()).collect();
    assert_eq!((numbers, &page["next"]), (vec![json!(2), json!(3)], &json!(3)));
    let (_, page) = sandbox.control("GET", "/ledger?recipient=%2B16505550001", None).await;
    let found: Vec<_> =
        page["entries"].as_array().unwrap().iter().map(|entry| entry["correlation"].clone()).collect();
    assert_eq!((found, &page["next"]), (vec![json!("1"), json!("3")], &json!(5)));
    let (_, page) = sandbox.control("GET", "/ledger?sender=other&after=2", None).await;
    assert_eq!(page, json!({"entries": [], "next": 5, "dropped": 0}));
    let (_, page) = sandbox.control("GET", "/ledger?after=77", None).await;
    assert_eq!(page["next"], 77);
    assert_eq!(sandbox.control("GET", "/ledger?limit=x", None).await.0, 400);
    assert_eq!(sandbox.control("DELETE", "/ledger", None).await, (200, json!({"deleted": 5})));
    assert!(sandbox.ledger().await.is_empty());
    sandbox.send_text(CONTACT, "next").await;
    assert_eq!(sandbox.ledger().await[0]["n"], 6, "numbers go on");
}

#[tokio::test]
async fn the_summary_finds_doubled_correlations() {
    let (sandbox, _receiver) = boot(calm()).await;
    for correlation in ["a", "b", "a", "a"] {
        sandbox.send_text(CONTACT, correlation).await;
    }
    let mut bare = text(CONTACT, "x");
    bare.as_object_mut().unwrap().remove("biz_opaque_callback_data");
    assert_eq!(sandbox.send(&bare).await.0, 200);
    let (_, summary) = sandbox.control("GET", "/ledger/summary", None).await;
    assert_eq!(
        summary,
        json!({"accepted": 5, "held": 5, "perSender": {PHONE: 5}, "doubledCorrelations": 1, "doubled": ["a"],
            "withoutCorrelation": 1})
    );
}

#[tokio::test]
async fn the_oldest_ledger_entries_go_first() {
    let sandbox = boot_with(Settings { ledger_capacity: 2, behaviour: calm(), ..Settings::default() }).await;
    for correlation in ["a", "b", "c"] {
        sandbox.send_text(CONTACT, correlation).await;
    }
    let (_, page) = sandbox.control("GET", "/ledger", None).await;
    assert_eq!((&page["entries"][0]["correlation"], &page["dropped"]), (&json!("b"), &json!(1)));
    assert_eq!(page["entries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_chat_shows_both_sides_with_their_progress() {
    let (sandbox, receiver) = boot(calm()).await;
    sandbox.speak(CONTACT, "hello").await;
    sandbox.send_text(CONTACT, "m").await;
    receiver.statuses(2).await;
    let path = format!("/contacts/{CONTACT}/messages?channel=whatsapp&with={PHONE}");
    let chat = sandbox.until(&path, |chat| chat["messages"][0]["status"] == "delivered").await;
    let shown: Vec<_> = chat["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| {
            (
                m["from"].clone(),
                m["with"].clone(),
                m["type"].clone(),
                m["message"]["text"]["body"].clone(),
                m["status"].clone(),
            )
        })
        .collect();
    let row =
        |from: &str, body: &str| (json!(from), json!(PHONE), json!("text"), json!(body), json!("delivered"));
    assert_eq!(shown, [row("contact", "hello"), row("business", "text of m")]);

    let read = format!("/contacts/{CONTACT}/read");
    assert_eq!(sandbox.control("POST", &read, Some(&json!({"to": PHONE}))).await, (200, json!({"read": 1})));
    assert_eq!(receiver.statuses(3).await[2], ("m".into(), "read".into()));
    assert_eq!(sandbox.control("POST", &read, Some(&json!({"to": PHONE}))).await, (200, json!({"read": 0})));
    let (_, nobody) = sandbox.control("GET", "/contacts/4366012345/messages", None).await;
    assert_eq!(nobody, json!({"messages": [], "typing": []}));
}

#[tokio::test]
async fn a_contact_can_write_anything() {
    let (sandbox, receiver) = boot(calm()).await;
    let path = format!("/contacts/{CONTACT}/messages");
    let context = json!({"from": "15550000001", "id": "wamid.x"});
    let spoken = [
        json!({"type": "location", "location": {"latitude": 1.5, "longitude": 2}}),
        json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Bob"}}]}),
        json!({"type": "reaction", "reaction": {"message_id": "wamid.x", "emoji": "\u{1f44d}"}}),
        json!({"type": "button", "button": {"payload": "p", "text": "Yes"}, "context": context}),
        json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "a", "title": "A"}}}),
        json!({"type": "audio", "audio": {"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": true}}),
        json!({"type": "sticker", "sticker": {"id": "1", "animated": false}}),
        json!({"type": "unsupported", "errors": [{"code": 131_051, "title": "Message type unknown"}]}),
        json!({"type": "order", "order": {"catalog_id": "1", "product_items": []}}),
    ];
    for message in &spoken {
        let mut body = message.clone();
        body["to"] = json!("+1 555 000 0001");
        let (status, answer) = sandbox.control("POST", &path, Some(&body)).await;
        assert_eq!(status, 201, "{answer}");
    }
    receiver.wait("all", |all| (all.len() == spoken.len()).then_some(())).await;
    for (delivery, message) in receiver.all().iter().zip(&spoken) {
        let arrived = delivery.messages()[0].clone();
        for (name, value) in message.as_object().unwrap() {
            assert_eq!(arrived[name], *value, "{name} of {arrived}");
        }
    }
    for wrong in [
        json!({"type": "text", "text": {"body": "hi"}}),
        json!({"to": PHONE, "type": "text"}),
        json!({"to": PHONE, "type": "text", "text": {"body": "hi"}, "channel": "pigeon"}),
        json!({"to": PHONE, "type": "image", "image": {"data": "?"}}),
    ] {
        assert_eq!(sandbox.control("POST", &path, Some(&wrong)).await.0, 400, "{wrong}");
    }
    let unknown = json!({"to": "777", "type": "text", "text": {"body": "hi"}});
    assert_eq!(sandbox.control("POST", &path, Some(&unknown)).await.0, 404);
    assert_eq!(sandbox.control("POST", "/contacts/x/messages", Some(&spoken[0])).await.0, 400);
}

#[tokio::test]
async fn a_user_id_writes_under_its_own_field() {
    let (sandbox, receiver) = boot(calm()).await;
    sandbox.speak("US.1349", "hi").await;
    let value =
        receiver.wait("the message", |all| all.first().map(|delivery| delivery.values()[0].clone())).await;
    assert_eq!(value["contacts"][0], json!({"profile": {"name": "Ann"}, "user_id": "US.1349"}));
    assert_eq!(value["messages"][0]["from_user_id"], "US.1349");
    assert_eq!(value["messages"][0]["from"], Value::Null);
}

#[tokio::test]
async fn a_contact_with_both_addresses_tells_both() {
    let (sandbox, receiver) = boot(calm()).await;
    let path = format!("/contacts/{CONTACT}/messages");
    let body = json!({"to": PHONE, "userId": "US.1349", "type": "text", "text": {"body": "hi"}});
    assert_eq!(sandbox.control("POST", &path, Some(&body)).await.0, 201);
    let value = receiver.wait("the message", |all| all.first().map(|all| all.values()[0].clone())).await;
    let contact = &value["contacts"][0];
    assert_eq!((&contact["wa_id"], &contact["user_id"]), (&json!(CONTACT), &json!("US.1349")));
    let message = &value["messages"][0];
    assert_eq!((&message["from"], &message["from_user_id"]), (&json!(CONTACT), &json!("US.1349")));
    // What is sent to it is told with both, too.
    let body =
        json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "text", "text": {"body": "hi"}});
    let path = format!("/v24.0/{PHONE}/messages");
    assert_eq!(sandbox.graph("POST", &path, Some(&body)).await.0, 200);
    let value = receiver.wait("a status", |all| all.get(1).map(|all| all.values()[0].clone())).await;
    assert_eq!(value["contacts"][0], json!({"wa_id": CONTACT, "user_id": "US.1349"}));
    assert_eq!(value["statuses"][0]["recipient_user_id"], "US.1349");
}

#[tokio::test]
async fn what_the_business_writes_on_its_phone_is_an_echo_and_opens_no_window() {
    let (sandbox, receiver) = boot(Behaviour { window: true, ..calm() }).await;
    let path = format!("/contacts/{CONTACT}/messages");
    let body = json!({"to": PHONE, "as": "business", "type": "text", "text": {"body": "from the app"}});
    let (status, answer) = sandbox.control("POST", &path, Some(&body)).await;
    assert_eq!(status, 201, "{answer}");
    let change = receiver
        .wait("the echo", |all| all.first().map(|all| all.json()["entry"][0]["changes"][0].clone()))
        .await;
    assert_eq!(change["field"], "smb_message_echoes");
    assert_eq!((&change["value"]["contacts"], &change["value"]["messages"]), (&Value::Null, &Value::Null));
    let echo = &change["value"]["message_echoes"][0];
    assert_eq!(
        (&echo["from"], &echo["to"], &echo["id"]),
        (&json!("15550000001"), &json!(CONTACT), &answer["id"])
    );
    assert_eq!(echo["text"]["body"], "from the app");
    let (refused, _) = sandbox.send(&text(CONTACT, "m")).await;
    assert_eq!(refused, 400, "the window is closed: the contact never wrote");
    let (_, chat) = sandbox.control("GET", &path, None).await;
    assert_eq!(chat["messages"][0]["from"], "business");
}

#[tokio::test]
async fn a_changed_number_is_told_without_a_profile_and_takes_the_window_along() {
    let (sandbox, receiver) = boot(Behaviour { window: true, ..calm() }).await;
    sandbox.speak(CONTACT, "hi").await;
    let system = json!({"body": "Ann changed", "wa_id": "16505559999", "type": "user_changed_number"});
    let body = json!({"to": PHONE, "type": "system", "system": system});
    let path = format!("/contacts/{CONTACT}/messages");
    assert_eq!(sandbox.control("POST", &path, Some(&body)).await.0, 201);
    let value = receiver.wait("the note", |all| all.get(1).map(|all| all.values()[0].clone())).await;
    assert_eq!(value["contacts"], Value::Null);
    assert_eq!((&value["messages"][0]["from"], &value["messages"][0]["system"]), (&json!(CONTACT), &system));
    assert_eq!(sandbox.send(&text("16505559999", "m")).await.0, 200);
    assert_eq!(sandbox.send(&text("16505558888", "m")).await.0, 400);
}

#[tokio::test]
async fn settings_are_shown_changed_and_checked() {
    let (sandbox, _receiver) = boot(calm()).await;
    let patch = json!({"statusMs": 7, "webhookRetry": {"maxMs": 9}});
    let (status, changed) = sandbox.control("PATCH", "/control/settings", Some(&patch)).await;
    assert_eq!((status, &changed["statusMs"], &changed["pacing"]), (200, &json!(7), &json!(false)));
    assert_eq!(changed["webhookRetry"], json!({"initialMs": 100, "maxMs": 9, "timeoutMs": 20_000}));
    assert_eq!(sandbox.control("GET", "/control/settings", None).await.1, changed);
    for wrong in [
        json!({"batch": 0}),
        json!({"statusMs": -1}),
        json!({"speed": 1}),
        json!({"webhookRetry": null}),
        json!([]),
    ] {
        assert_eq!(sandbox.control("PATCH", "/control/settings", Some(&wrong)).await.0, 400, "{wrong}");
    }
    assert_eq!(sandbox.control("GET", "/control/settings", None).await.1, changed);
}

#[tokio::test]
async fn stopping_lets_open_requests_end_and_cuts_those_that_do_not() {
    let (mut sandbox, _receiver) = boot(calm()).await;
    sandbox.fault(json!({"recipient": CONTACT, "fault": {"holdMs": 200}})).await;
    let (client, url) = (sandbox.client.clone(), sandbox.url(&format!("/v24.0/{PHONE}/messages")));
    let request = client.post(url).bearer_auth("sandbox-access-token").json(&text(CONTACT, "held"));
    let open = tokio::spawn(request.send());
    sandbox.until("/control/held", |list| list["held"][0]["correlation"] == "held").await;
    sandbox.stop.cancel();
    assert_eq!(open.await.unwrap().unwrap().status(), 200);
    timeout(DEADLINE, &mut sandbox.done).await.unwrap().unwrap().unwrap();

    let shutdown_timeout = std::time::Duration::from_millis(50);
    let mut sandbox =
        boot_with(Settings { shutdown_timeout, behaviour: calm(), ..Settings::default() }).await;
    sandbox.fault(json!({"fault": {"holdMs": 600_000}})).await;
    let (client, url) = (sandbox.client.clone(), sandbox.url(&format!("/v24.0/{PHONE}/messages")));
    let request = client.post(url).bearer_auth("sandbox-access-token").json(&text(CONTACT, "held"));
    let open = tokio::spawn(request.send());
    sandbox.until("/control/held", |list| list["held"][0]["correlation"] == "held").await;
    sandbox.stop.cancel();
    assert!(open.await.unwrap().is_err());
    timeout(DEADLINE, &mut sandbox.done).await.unwrap().unwrap().unwrap();
}
