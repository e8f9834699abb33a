//! Conversations that begin: from both sides at once, and by many at once.

use faults::{Client, Options, System};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::watch::{SOON, number, taken};

/// Starts a conversation, or goes on with it; the message waits for the contact if it must. Its id.
async fn start(client: &Client, inbox: &str, address: &str, text: &str) -> (String, String) {
    let body = json!({
        "inboxId": inbox, "recipient": { "type": "channel", "externalId": format!("+{address}") },
        "content": { "type": "text", "text": text }, "onClosedWindow": "hold",
    });
    let (status, message) = client.api_post("/v1/messages", &body, None).await.unwrap();
    assert_eq!(status, 202, "{message}");
    (message["id"].as_str().unwrap().to_owned(), text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_races_the_contact_s_first_message_makes_one_conversation_and_is_delivered() {
    let system = System::start(Options::default()).await.unwrap();
    let inbox = system.workspace.inbox.to_string();
    let pairs = (0..40).map(|place| {
        let (client, inbox) = (&system.client, inbox.as_str());
        let address = format!("1555800{place:04}");
        async move {
            let writes = client.contact_writes(&address, "First");
            let (written, started) =
                join(writes, start(client, inbox, &address, &format!("s-{place}"))).await;
            written.unwrap();
            (address, started)
        }
    });
    let started = join_all(pairs).await;
    system.at_rest("delivered", SOON).await;
    for (address, (_, text)) in &started {
        assert_eq!(taken(&system, address).await, [text.as_str()]);
    }
    assert_eq!(number(&system, "SELECT count(*) FROM conversations").await, 40);
    assert_eq!(number(&system, "SELECT count(*) FROM contacts").await, 40);
    assert_eq!(number(&system, "SELECT count(*) FROM messages").await, 80);
    let begun = "SELECT count(*) FROM events WHERE type = 'conversation.created'";
    assert_eq!(number(&system, begun).await, 40);
    assert_eq!(number(&system, "SELECT count(*) FROM dead_letters").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_starts_at_once_make_one_conversation_and_are_delivered_in_order() {
    let system = System::start(Options::default()).await.unwrap();
    let inbox = system.workspace.inbox.to_string();
    let texts: Vec<String> = (0..20).map(|turn| format!("start-{turn}")).collect();
    let starts = texts.iter().map(|text| start(&system.client, &inbox, "15558100000", text));
    let mut started = join_all(starts).await;
    assert_eq!(number(&system, "SELECT count(*) FROM conversations").await, 1);
    system.client.contact_writes("15558100000", "Who is this?").await.unwrap();
    system.at_rest("delivered", SOON).await;
    // Message ids rise in the order of acceptance.
    started.sort();
    let expected: Vec<String> = started.into_iter().map(|(_, text)| text).collect();
    assert_eq!(taken(&system, "15558100000").await, expected);
}
