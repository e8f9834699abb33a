//! What contacts send, however much and however strange.

use std::time::{Duration, Instant};

use common::testing::eventually;
use faults::{Options, System, Webhook, sign};
use serde_json::{Value, json};

use crate::watch::{SOON, number};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_entries_come_in_with_one_webhook() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let contact = |n: usize| format!("15550003{n:03}");
    let mut batch = Webhook::new();
    for n in 0..1_000 {
        batch = batch.text(ours, &contact(n % 50), &format!("wamid.B{n}"), &format!("text {n}"));
    }
    let begun = Instant::now();
    assert_eq!(client.post_webhook(&batch).await.unwrap(), 200);
    let answered = begun.elapsed();
    eventually("all of it is worked off", SOON, async || {
        match number(&system, "SELECT count(*) FROM messages").await {
            1_000 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    println!("1,000 entries: answered after {answered:?}, visible after {:?}", begun.elapsed());
    assert!(answered < Duration::from_secs(15), "{answered:?}");
    for n in 0..50 {
        let expected: Vec<String> = (0..20).map(|turn| format!("text {}", n + 50 * turn)).collect();
        assert_eq!(client.texts_with(&contact(n)).await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_do_not_know_is_shown_as_unsupported_with_all_it_said() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let from = "15550003101";
    let unknown = [
        json!({ "type": "hologram", "hologram": { "depth": 3, "note": "a\u{0}b" } }),
        json!({ "type": "text" }),
        json!({ "type": 7, "more": [1, { "x": null }] }),
        json!({ "type": "location", "location": { "latitude": 97.5, "longitude": -122.25 } }),
        json!({ "type": "unsupported", "errors": [{ "code": 131051, "title": "Message type is not supported" }] }),
        json!({}),
    ];
    let mut webhook = Webhook::new();
    for (n, message) in unknown.iter().enumerate() {
        webhook = webhook.message(ours, from, &format!("wamid.U{n}"), message.clone());
    }
    // Fields beside the lists that we know, and fields that we do not subscribe to.
    webhook = webhook.value(ours, json!({ "holograms": [{ "id": "1" }] }));
    assert_eq!(client.post_webhook(&webhook.text(ours, from, "wamid.U9", "last")).await.unwrap(), 200);
    let messages = eventually("all of it shows up", SOON, async || {
        let conversation = client.conversation_with(from).await.map_err(|error| error.to_string())?;
        let found = client.messages(conversation["id"].as_str().unwrap_or_default()).await;
        let found = found.map_err(|error| error.to_string())?;
        if found.len() == unknown.len() + 1 { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await;
    for (message, sent) in messages.iter().zip(&unknown) {
        assert_eq!(message["content"]["type"], "unsupported", "{message}");
        let raw = &message["content"]["raw"];
        for (name, value) in sent.as_object().unwrap() {
            let stored = value.to_string().replace("\\u0000", "\u{fffd}");
            assert_eq!(raw[name], serde_json::from_str::<Value>(&stored).unwrap());
        }
    }
    let ignored = r#"switchboard_channel_events_applied_total{effect="ignored",kind="other"}"#;
    assert_eq!(system.workers["inbound"].metric(ignored).await.unwrap(), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_comes_through_both_ways() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let from = "15550003201";
    let texts = [
        "👩‍👩‍👧‍👦 🇺🇳 e\u{301} ﷽".to_owned(),
        "שלום \u{202e}עולם\u{202c} مرحبا".to_owned(),
        "\"quoted\" \\ back\nline\ttab".to_owned(),
        "😀".repeat(4_096),
    ];
    for (n, text) in texts.iter().enumerate() {
        let webhook = Webhook::new().text(ours, from, &format!("wamid.T{n}"), text);
        assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    }
    let with_nul = Webhook::new().text(ours, from, "wamid.T8", "a\u{0}b\u{0}");
    assert_eq!(client.post_webhook(&with_nul).await.unwrap(), 200);
    // A surrogate without its partner, as a text cut in the middle has it.
    let body = String::from_utf8(Webhook::new().text(ours, from, "wamid.T9", "cut CUT").body()).unwrap();
    let body = body.replace("CUT", "\\ud83d").into_bytes();
    let signature = sign("sandbox-app-secret", &body);
    assert_eq!(client.post_webhook_as(body, Some(&signature)).await.unwrap(), 200);
    let mut expected = texts.to_vec();
    expected.extend(["a\u{fffd}b\u{fffd}".to_owned(), "cut \u{fffd}".to_owned()]);
    eventually("all texts show up", SOON, async || {
        let found = client.texts_with(from).await.map_err(|error| error.to_string())?;
        if found == expected { Ok(()) } else { Err(found.join(" | ").chars().take(300).collect::<String>()) }
    })
    .await;
    let conversation = client.conversation_with(from).await.unwrap();
    let id = conversation["id"].as_str().unwrap().parse().unwrap();
    for text in &texts {
        client.reply(id, text).await.unwrap();
    }
    eventually("all texts go out", SOON, async || {
        let taken = crate::watch::taken(&system, from).await;
        if taken == texts { Ok(()) } else { Err(taken.len()) }
    })
    .await;
    assert!(client.reply(id, &"😀".repeat(4_097)).await.unwrap_err().to_string().contains("422"));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_taken_up_to_the_limit() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let sized = |id: &str, size: usize| {
        let filling = json!({ "type": "hologram", "hologram": "x".repeat(size) });
        Webhook::new().message(ours, "15550003301", id, filling)
    };
    assert_eq!(client.post_webhook(&sized("wamid.L1", 3 << 20)).await.unwrap(), 200);
    assert_eq!(client.post_webhook(&sized("wamid.L2", (4 << 20) + 1)).await.unwrap(), 413);
    eventually("the large one shows up", SOON, async || client.conversation_with("15550003301").await).await;
    assert_eq!(number(&system, "SELECT count(*) FROM channel_events").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_addresses_share_a_conversation_and_its_order() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let (number, user) = ("15550003401", "US.13491208655302741918");
    let text = |n: usize| json!({ "type": "text", "text": { "body": format!("text {n}") } });
    let both = |n: usize| {
        let mut message = text(n);
        message["from_user_id"] = json!(user);
        Webhook::new().message(ours, number, &format!("wamid.A{n}"), message)
    };
    let only_user = |n: usize| Webhook::new().message(ours, user, &format!("wamid.A{n}"), text(n));
    let only_number = |n: usize| Webhook::new().message(ours, number, &format!("wamid.A{n}"), text(n));
    assert_eq!(client.post_webhook(&only_number(0)).await.unwrap(), 200);
    assert_eq!(client.post_webhook(&both(1)).await.unwrap(), 200);
    eventually("the addresses are linked", SOON, async || {
        let texts = client.texts_with(number).await.map_err(|error| error.to_string())?;
        if texts.len() == 2 { Ok(()) } else { Err(format!("{texts:?}")) }
    })
    .await;
    for n in 2..60 {
        let webhook = match n % 3 {
            0 => only_number(n),
            1 => both(n),
            _ => only_user(n),
        };
        assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    }
    let expected: Vec<String> = (0..60).map(|n| format!("text {n}")).collect();
    let texts = eventually("all texts show up", SOON, async || {
        let texts = client.texts_with(number).await.map_err(|error| error.to_string())?;
        if texts.len() == expected.len() { Ok(texts) } else { Err(format!("{texts:?}")) }
    })
    .await;
    assert_eq!(texts, expected);
    let list = client.api_get("/v1/conversations").await.unwrap();
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1, "{list}");
}
