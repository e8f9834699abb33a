//! What the business sends from its own phone joins the conversation, and is never sent again.

use faults::{Options, System, Webhook};
use serde_json::{Value, json};

use crate::watch::{SOON, number, reply, told, until_messages, until_status, until_worked_off};

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": { "body": text } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_is_an_outbound_message_that_statuses_move_and_nobody_sends() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, to) = (&system.client, system.workspace.phone_number_id.as_str(), "15550008001");
    // From the app on the phone, to somebody who has never written.
    let body = json!({ "to": ours, "as": "business", "type": "text", "text": { "body": "from the app" } });
    let path = format!("/contacts/{to}/messages");
    let echoed = client.sandbox_post(&path, &body).await.unwrap()["id"].as_str().unwrap().to_owned();
    let messages = until_messages(client, to, 1).await;
    let message = &messages[0];
    assert_eq!((&message["direction"], &message["status"]), (&json!("outbound"), &json!("sent")));
    assert_eq!(
        (&message["sender"]["type"], &message["content"]["text"]),
        (&json!("businessApp"), &json!("from the app"))
    );
    assert!(message["sender"]["id"].as_str().unwrap().starts_with("ibx_"));
    assert_eq!(message["providerMessageId"], echoed.as_str());
    let conversation = client.conversation_with(to).await.unwrap();
    assert_eq!(
        (&conversation["unreadCount"], &conversation["messagingWindow"]["state"]),
        (&json!(0), &json!("CLOSED"))
    );
    for word in ["delivered", "read"] {
        let status = Webhook::new().status(ours, to, (&echoed, word), json!({}));
        assert_eq!(client.post_webhook(&status).await.unwrap(), 200);
        until_status(client, message["id"].as_str().unwrap(), word).await;
    }
    for kind in ["message.created", "message.sent", "message.delivered", "message.read"] {
        assert_eq!(told(&system, kind, message).await, 1, "{kind}");
    }
    // Told again under another number of the webhook's own, and once as it was: no second message.
    let again = Webhook::new().echo(ours, to, &echoed, text("from the app"));
    assert_eq!(client.post_webhook(&again).await.unwrap(), 200);
    until_worked_off(&system).await;
    until_messages(client, to, 1).await;
    system.at_rest("read", SOON).await;
    assert!(system.ledger().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_comes_before_its_echo_counts_once_the_echo_is_there() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, to) = (&system.client, system.workspace.phone_number_id.as_str(), "15550008101");
    let early = Webhook::new().status(ours, to, ("wamid.A1", "delivered"), json!({}));
    assert_eq!(client.post_webhook(&early).await.unwrap(), 200);
    until_worked_off(&system).await;
    assert_eq!(number(&system, "SELECT count(*) FROM channel_events WHERE effect = 'parked'").await, 1);
    assert_eq!(
        client.post_webhook(&Webhook::new().echo(ours, to, "wamid.A1", text("late"))).await.unwrap(),
        200
    );
    let messages = until_messages(client, to, 1).await;
    assert_eq!(messages[0]["status"], "delivered");
    // Both in one webhook, the status first, and a reaction before either.
    let reaction = json!({ "type": "reaction", "reaction": { "message_id": "wamid.A2", "emoji": "👍" } });
    let both = Webhook::new()
        .message(ours, to, "wamid.A3", reaction)
        .status(ours, to, ("wamid.A2", "read"), json!({}))
        .echo(ours, to, "wamid.A2", text("later"));
    assert_eq!(client.post_webhook(&both).await.unwrap(), 200);
    let messages = until_messages(client, to, 3).await;
    assert_eq!(messages[2]["status"], "read");
    assert_eq!(messages[2]["reactions"][0]["emoji"], "👍");
    assert_eq!(messages[1]["content"]["messageId"], messages[2]["id"]);
    assert_eq!(
        number(&system, "SELECT count(*) FROM provider_ids WHERE message_id IS NULL OR parked IS NOT NULL")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_of_what_we_sent_ourselves_is_no_second_message_but_may_change_it() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, to) = (&system.client, system.workspace.phone_number_id.as_str(), "15550008201");
    assert_eq!(client.post_webhook(&Webhook::new().text(ours, to, "wamid.C0", "hi")).await.unwrap(), 200);
    until_messages(client, to, 1).await;
    let conversation = client.conversation_with(to).await.unwrap();
    let id = reply(client, conversation["id"].as_str().unwrap().parse().unwrap(), "ours").await;
    let sent = until_status(client, &id, "delivered").await["providerMessageId"].as_str().unwrap().to_owned();
    let edit = json!({ "type": "edit", "edit": { "original_message_id": sent, "message": text("better") } });
    let reaction = json!({ "type": "reaction", "reaction": { "message_id": "wamid.C0", "emoji": "❤" } });
    let webhook = Webhook::new()
        .echo(ours, to, &sent, text("ours"))
        .echo(ours, to, "wamid.C1", edit)
        .echo(ours, to, "wamid.C2", reaction)
        // The contact's own message is not the business's to change.
        .echo(
            ours,
            to,
            "wamid.C3",
            json!({ "type": "revoke", "revoke": { "original_message_id": "wamid.C0" } }),
        );
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    let messages = until_messages(client, to, 3).await;
    until_worked_off(&system).await;
    assert_eq!((&messages[1]["id"], &messages[1]["content"]["text"]), (&json!(id), &json!("better")));
    assert_eq!(
        (&messages[0]["content"]["text"], &messages[0]["reactions"][0]["emoji"]),
        (&json!("hi"), &json!("❤"))
    );
    assert_eq!(messages[0]["reactions"][0]["sender"]["type"], "businessApp");
    assert_eq!(messages[2]["direction"], "outbound");
    let revoke = json!({ "type": "revoke", "revoke": { "original_message_id": sent } });
    assert_eq!(client.post_webhook(&Webhook::new().echo(ours, to, "wamid.C4", revoke)).await.unwrap(), 200);
    until_worked_off(&system).await;
    assert_eq!(until_messages(client, to, 3).await[1]["content"], json!({ "type": "deleted" }));
    assert_eq!(system.ledger().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_that_failed_cannot_be_sent_again_from_here() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, to) = (&system.client, system.workspace.phone_number_id.as_str(), "15550008301");
    let more = json!({ "errors": [{ "code": 131000, "title": "Something went wrong" }] });
    let webhook = Webhook::new().echo(ours, to, "wamid.F1", text("past us")).status(
        ours,
        to,
        ("wamid.F1", "failed"),
        more,
    );
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    let id = until_messages(client, to, 1).await[0]["id"].as_str().unwrap().to_owned();
    let failed = until_status(client, &id, "failed").await;
    assert_eq!(
        (&failed["failure"]["providerCode"], &failed["failure"]["retryable"]),
        (&json!("131000"), &json!(false))
    );
    let path = format!("/v1/messages/{id}/retry");
    let (status, problem) = client.api_post(&path, &json!({}), None).await.unwrap();
    assert_eq!((status, &problem["code"]), (409, &json!("not_retryable")), "{problem}");
    assert!(system.ledger().await.unwrap().is_empty());
}
