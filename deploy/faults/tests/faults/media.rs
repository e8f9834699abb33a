//! Files, both ways: they arrive whole, whatever dies on the way, and no message waits for one.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::testing::eventually;
use faults::{Options, System, Webhook};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::kills::quick;
use crate::watch::{SOON, entry, events, number, until_status};

/// Enough for a few tries one after the other.
const LONG: Duration = Duration::from_secs(180);

fn film(size: usize) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    bytes.extend((bytes.len()..size).map(|n| (n % 253) as u8));
    bytes
}

fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend((bytes.len()..size).map(|n| (n % 253) as u8));
    bytes
}

/// Files in the store, whole or not.
fn stored(system: &System) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(system.files.path())
}

/// Waits for the newest message with a contact to be as wanted; with its timeline.
async fn newest(system: &System, contact: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, LONG, async || {
        let conversation =
            system.client.conversation_with(contact).await.map_err(|error| error.to_string())?;
        let id = conversation["id"].as_str().unwrap_or_default();
        let messages = system.client.messages(id).await.map_err(|error| error.to_string())?;
        let last = messages.last().and_then(|message| message["id"].as_str()).ok_or("no message")?;
        let message = system.client.message(last).await.map_err(|error| error.to_string())?;
        if wanted(&message) { Ok(message) } else { Err(message.to_string()) }
    })
    .await
}

fn is_ready(message: &Value) -> bool {
    message["content"]["mediaId"].is_string()
}

async fn assert_opens(system: &System, message: &Value, bytes: &[u8]) {
    let (status, found) = system.client.follow(message["content"]["url"].as_str().unwrap()).await.unwrap();
    assert!(status == 200 && found == bytes, "{status}, {} bytes of {}", found.len(), bytes.len());
}

async fn reply_with(system: &System, contact: &str, content: Value) -> String {
    let conversation = system.client.conversation_with(contact).await.unwrap();
    let body = json!({ "conversationId": conversation["id"], "content": content });
    let (status, message) = system.client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!(status, 202, "{message}");
    message["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_arrives_at_the_provider_as_it_was_or_its_message_fails() {
    let system = System::start(Options::default()).await.unwrap();
    let contact = "15550009101";
    system.client.contact_writes(contact, "Send me a picture").await.unwrap();
    newest(&system, contact, "the conversation shows up", |_| true).await;
    let bytes = picture(4 << 20);
    let file = system.client.upload("image/png", bytes.clone()).await.unwrap();
    let image = json!({ "type": "image", "mediaId": file["id"], "caption": "here" });
    let id = reply_with(&system, contact, image.clone()).await;
    until_status(&system.client, &id, "delivered").await;
    let sent = &system.ledger().await.unwrap()[0];
    assert_eq!(sent["media"]["sha256"], STANDARD.encode(Sha256::digest(&bytes)), "{sent}");
    assert_eq!(
        (&sent["media"]["size"], &sent["body"]["image"]["caption"]),
        (&json!(4 << 20), &json!("here"))
    );
    let link = sent["body"]["image"]["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/media/", system.client.api_url)), "{link}");
    // The object is lost: the provider cannot fetch it, and says so.
    std::fs::remove_dir_all(system.files.path()).unwrap();
    std::fs::create_dir(system.files.path()).unwrap();
    let id = reply_with(&system, contact, image).await;
    let failed = until_status(&system.client, &id, "failed").await;
    assert_eq!(failed["failure"]["providerCode"], "131053", "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_shows_before_its_file_is_there() {
    let system = System::start(Options::default()).await.unwrap();
    let (contact, bytes) = ("15550009201", film(6 << 20));
    system
        .client
        .fault(&json!({ "times": 1, "fault": { "media": { "on": "download", "delayMs": 12_000 } } }))
        .await
        .unwrap();
    system.client.contact_sends(contact, ("video", "video/mp4"), &bytes).await.unwrap();
    let shown = newest(&system, contact, "the message shows", |_| true).await;
    assert_eq!(shown["content"]["type"], "video");
    assert!(!is_ready(&shown) && shown["content"].get("url").is_none(), "{shown}");
    let message = newest(&system, contact, "its file is there", is_ready).await;
    assert_eq!((&message["content"]["size"], &message["status"]), (&json!(6 << 20), &json!("delivered")));
    assert_eq!(events(&message), ["received", "media_ready"]);
    assert_opens(&system, &message, &bytes).await;
    let told = format!(
        "SELECT count(*) FROM events WHERE type = 'message.updated' AND payload #>> '{{message,content,mediaId}}' = '{}'",
        message["content"]["mediaId"].as_str().unwrap()
    );
    assert_eq!(number(&system, &told).await, 1);
    assert_eq!(number(&system, "SELECT count(*) FROM events WHERE payload::text LIKE '%/media/%'").await, 0);
    assert_eq!(number(&system, "SELECT count(*) FROM stray_objects").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_fails_three_times_succeeds_and_holds_nothing_back() {
    let system = System::start(Options::default()).await.unwrap();
    let (contact, bytes) = ("15550009301", picture(70_000));
    for fault in [
        json!({ "on": "lookUp", "httpStatus": 500 }),
        json!({ "on": "download", "cut": true }),
        json!({ "on": "download", "httpStatus": 503 }),
    ] {
        system.client.fault(&json!({ "times": 1, "fault": { "media": fault } })).await.unwrap();
    }
    system.client.contact_sends(contact, ("image", "image/png"), &bytes).await.unwrap();
    eventually("the first try has failed", SOON, async || {
        match number(&system, "SELECT count(*) FROM media WHERE attempts > 0").await {
            1 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    // Meanwhile the conversation goes on.
    assert_eq!(number(&system, "SELECT count(*) FROM media WHERE state = 'ready'").await, 0);
    let id = reply_with(&system, contact, json!({ "type": "text", "text": "A moment" })).await;
    until_status(&system.client, &id, "delivered").await;
    eventually("the file is there", LONG, async || {
        match number(&system, "SELECT count(*) FROM media WHERE state = 'ready' AND attempts = 4").await {
            1 => Ok(()),
            _ => Err(number(&system, "SELECT max(attempts)::bigint FROM media").await),
        }
    })
    .await;
    let conversation = system.client.conversation_with(contact).await.unwrap();
    let messages = system.client.messages(conversation["id"].as_str().unwrap()).await.unwrap();
    assert_opens(&system, &messages[0], &bytes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_during_a_download_leaves_it_to_another() {
    let mut system = System::start(Options { environment: quick(), ..Options::default() }).await.unwrap();
    let (contact, bytes) = ("15550009401", picture(70_000));
    system
        .client
        .fault(&json!({ "times": 1, "fault": { "media": { "on": "download", "delayMs": 60_000 } } }))
        .await
        .unwrap();
    system.client.contact_sends(contact, ("image", "image/png"), &bytes).await.unwrap();
    eventually("the download has begun, and with it the fault", SOON, async || {
        let faults = system.client.sandbox_get("/control/faults").await.map_err(|error| error.to_string())?;
        if faults["faults"] == json!([]) { Ok(()) } else { Err(faults.to_string()) }
    })
    .await;
    let inbound = system.workers.get_mut("inbound").unwrap();
    inbound.kill().unwrap();
    inbound.restart().unwrap();
    let message = newest(&system, contact, "another has fetched it", is_ready).await;
    assert_opens(&system, &message, &bytes).await;
    assert_eq!(number(&system, "SELECT attempts::bigint FROM media").await, 2);
    assert_eq!(events(&message), ["received", "media_ready"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_pointer_to_a_file_is_sent_again() {
    let mut system = System::start(Options::default()).await.unwrap();
    let (contact, bytes) = ("15550009501", picture(70_000));
    system
        .client
        .fault(&json!({ "times": 1, "fault": { "media": { "on": "lookUp", "httpStatus": 500 } } }))
        .await
        .unwrap();
    system.client.contact_sends(contact, ("image", "image/png"), &bytes).await.unwrap();
    eventually("the first try has failed", SOON, async || {
        let waits =
            "SELECT count(*) FROM media WHERE attempts = 1 AND not_before < now() + interval '20 seconds'";
        match number(&system, waits).await {
            1 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    system.workers.get_mut("inbound").unwrap().kill().unwrap();
    eventually("a pointer to the retry is sent", SOON, async || {
        let sent = "SELECT count(*) FROM media WHERE due_at > now() + interval '20 seconds'";
        match number(&system, sent).await {
            1 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    let purged =
        eventually("the pointer lies in its queue", SOON, async || match system.broker.purge().await {
            0 => Err("nothing to purge"),
            purged => Ok(purged),
        })
        .await;
    assert_eq!(purged, 1);
    system.workers.get_mut("inbound").unwrap().restart().unwrap();
    let message = newest(&system, contact, "the file is there all the same", is_ready).await;
    assert_opens(&system, &message, &bytes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_the_one_announced_is_given_up_and_its_message_stays() {
    let system = System::start(Options::default()).await.unwrap();
    let (contact, bytes) = ("15550009601", picture(1_000));
    system.client.contact_sends(contact, ("image", "image/png"), &bytes).await.unwrap();
    let first = newest(&system, contact, "the first is there", is_ready).await;
    let id = &first["content"]["providerMediaId"];
    let ours = system.workspace.phone_number_id.as_str();
    for (n, (id, sha256, failure)) in [
        (id, STANDARD.encode(Sha256::digest(b"another")), "sha256_mismatch"),
        (&json!("404404404"), first["content"]["sha256"].as_str().unwrap().to_owned(), "not_found"),
    ]
    .into_iter()
    .enumerate()
    {
        let image =
            json!({ "type": "image", "image": { "id": id, "sha256": sha256, "mime_type": "image/png" } });
        let webhook = Webhook::new().message(ours, contact, &format!("wamid.M{n}"), image);
        assert_eq!(system.client.post_webhook(&webhook).await.unwrap(), 200);
        let message =
            newest(&system, contact, "it is given up", |message| message["content"]["failure"] == failure)
                .await;
        assert_eq!(
            (&message["content"]["failure"], &message["status"]),
            (&json!(failure), &json!("delivered"))
        );
        assert_eq!(entry(&message, "media_failed")["detail"]["tries"], 3, "{message}");
        assert!(!is_ready(&message) && message["content"].get("url").is_none());
    }
    assert_eq!(stored(&system), 1, "nothing is kept of what was not right");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dying_api_left_of_an_upload_is_swept() {
    let mut system = System::start(Options::default()).await.unwrap();
    let kept = system.client.upload("image/png", picture(1_000)).await.unwrap();
    let address = system.client.api_url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: image/png\r\nContent-Length: 9000000\r\n\r\n",
        system.client.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&picture(7 << 20)).await.unwrap();
    eventually("half of it lies there", SOON, async || match stored(&system) {
        2 => Ok(()),
        found => Err(found),
    })
    .await;
    system.api.kill().unwrap();
    assert_eq!(stored(&system), 2, "a process that is killed tidies nothing up");
    let client = system.database.pool().get().await.unwrap();
    assert_eq!(client.execute("UPDATE stray_objects SET delete_after = now()", &[]).await.unwrap(), 1);
    let relay = system.workers.get_mut("relay").unwrap();
    relay.terminate().unwrap();
    relay.restart().unwrap();
    eventually("only the other file is left", LONG, async || match stored(&system) {
        1 => Ok(()),
        found => Err(found),
    })
    .await;
    system.api.restart().unwrap();
    system.api_ready().await;
    let (status, _) = system.client.follow(kept["url"].as_str().unwrap()).await.unwrap();
    assert_eq!((status, number(&system, "SELECT count(*) FROM stray_objects").await), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_larger_than_may_be_is_given_up_at_once() {
    let environment = BTreeMap::from([("SWITCHBOARD_MEDIA_MAX_BYTES".to_owned(), "1000000".to_owned())]);
    let system = System::start(Options { environment, ..Options::default() }).await.unwrap();
    let contact = "15550009701";
    system.client.contact_sends(contact, ("image", "image/png"), &picture(1_000_001)).await.unwrap();
    let message =
        newest(&system, contact, "it is given up", |message| message["content"]["failure"].is_string()).await;
    assert_eq!(message["content"]["failure"], "too_large");
    assert_eq!(entry(&message, "media_failed")["detail"]["tries"], 1);
    assert_eq!(stored(&system), 0);
}
