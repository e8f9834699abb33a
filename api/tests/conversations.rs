//! Conversations: the list with its filters, orders and pages, and one of it.

use common::domain::ids::ConversationId;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::TestApp;

/// Five conversations, the later the newer by a minute; the second and fourth unread.
async fn five(app: &TestApp, workspace: &Workspace) -> Vec<ConversationId> {
    let mut ids = Vec::new();
    for number in 0..5 {
        let id = workspace.conversation(app.pool(), &format!("1555000010{number}")).await;
        app.execute(&format!(
            "UPDATE conversations SET last_message_at = '2026-04-30T09:0{number}:00.123456Z', unread_count = {},
                last_message_id = '{}', last_message_direction = 'inbound', last_message_preview = 'Hello {number}'
            WHERE id = '{}'",
            number % 2,
            uuid::Uuid::now_v7(),
            id.0
        ))
        .await;
        ids.push(id);
    }
    ids
}

async fn list(app: &TestApp, workspace: &Workspace, query: &str) -> Vec<String> {
    let page = app.get(&format!("/v1/conversations?{query}")).key(&workspace.token).send().await.expect(200);
    ids(&page)
}

fn ids(page: &Value) -> Vec<String> {
    let conversations = page["conversations"].as_array().unwrap();
    conversations.iter().map(|conversation| conversation["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_conversation_has_the_documented_shape() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let id = five(&app, &workspace).await[1];
    let shown = app.get(&format!("/v1/conversations/{id}")).key(&workspace.token).send().await.expect(200);
    let expiry = shown["messagingWindow"]["expiresAt"].as_str().unwrap();
    assert!(expiry.ends_with('Z') && expiry.len() == 24, "{expiry}");
    insta::assert_json_snapshot!(shown, {
        ".id" => "cnv_", ".inboxId" => "ibx_", ".contact.id" => "ctc_", ".lastMessage.id" => "msg_",
        ".messagingWindow.expiresAt" => "time", ".createdAt" => "time", ".updatedAt" => "time",
    }, @r#"
    {
      "assignee": null,
      "canSend": [
        "text",
        "image",
        "video",
        "audio",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "template",
        "interactive"
      ],
      "channel": "whatsapp",
      "contact": {
        "address": "15550000101",
        "avatarUrl": null,
        "id": "ctc_",
        "name": "Ada"
      },
      "createdAt": "time",
      "id": "cnv_",
      "inboxId": "ibx_",
      "lastMessage": {
        "direction": "inbound",
        "id": "msg_",
        "preview": "Hello 1",
        "timestamp": "2026-04-30T09:01:00.123Z"
      },
      "lastMessageDate": "2026-04-30T09:01:00.123Z",
      "messagingWindow": {
        "expiresAt": "time",
        "state": "OPEN"
      },
      "state": "open",
      "teamId": null,
      "unreadCount": 1,
      "updatedAt": "time"
    }
    "#);
    let listed = app.get("/v1/conversations").key(&workspace.token).send().await.expect(200);
    assert_eq!(listed["conversations"][3], shown);
    app.execute("UPDATE conversations SET window_expires_at = now() - interval '1 second'").await;
    let closed = app.get(&format!("/v1/conversations/{id}")).key(&workspace.token).send().await.expect(200);
    assert_eq!(
        (&closed["messagingWindow"]["state"], &closed["canSend"]),
        (&json!("CLOSED"), &json!(["template"]))
    );
}

#[tokio::test]
async fn the_documented_filters_and_orders_work() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let all: Vec<String> = five(&app, &workspace).await.iter().map(ToString::to_string).collect();
    let newest: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(list(&app, &workspace, "").await, newest);
    assert_eq!(list(&app, &workspace, "orderBy=-lastMessageDate").await, newest);
    for order in ["+lastMessageDate", "%2BlastMessageDate", "lastMessageDate"] {
        assert_eq!(list(&app, &workspace, &format!("orderBy={order}")).await, all, "{order}");
    }
    assert_eq!(list(&app, &workspace, "unreadOnly=true").await, [all[3].clone(), all[1].clone()]);
    assert_eq!(list(&app, &workspace, "unreadOnly=false").await.len(), 5);
    for from in ["2026-04-30T09:03:00Z", "2026-04-30T11:03:00%2B02:00", "2026-04-30T11:03:00+02:00"] {
        assert_eq!(list(&app, &workspace, &format!("dateFrom={from}")).await, newest[..2], "{from}");
    }
    assert_eq!(list(&app, &workspace, "dateFrom=2026-05-01").await.len(), 0);
    let inbox = workspace.inbox;
    for (query, count) in [
        ("channelIds=whatsapp".to_owned(), 5),
        ("channelIds=rcs".to_owned(), 0),
        ("channelIds=rcs,whatsapp".to_owned(), 5),
        ("channelIds=rcs&channelIds=messenger".to_owned(), 0),
        (format!("channelIds=rcs&channelIds={inbox}"), 5),
        (format!("channelIds={}", inbox.0), 5),
        (format!("inboxId={inbox}"), 5),
        (format!("inboxId={inbox}&channelIds=text"), 0),
        ("archived=true".to_owned(), 0),
    ] {
        assert_eq!(list(&app, &workspace, &query).await.len(), count, "{query}");
    }
    app.execute(&format!(
        "UPDATE conversations SET state = 'archived' WHERE id = '{}'",
        newest_id(&newest).0
    ))
    .await;
    assert_eq!(list(&app, &workspace, "archived=true").await, newest[..1]);
    assert_eq!(list(&app, &workspace, "archived=false").await, newest[1..]);
}

fn newest_id(newest: &[String]) -> ConversationId {
    newest[0].parse().unwrap()
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_even_among_equal_times() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    five(&app, &workspace).await;
    app.execute(
        "UPDATE conversations SET last_message_at = '2026-04-30T09:00:00.000001Z' WHERE unread_count = 0",
    )
    .await;
    for order in ["-lastMessageDate", "%2BlastMessageDate"] {
        let whole = list(&app, &workspace, &format!("orderBy={order}")).await;
        let (mut seen, mut path) = (Vec::new(), format!("/v1/conversations?orderBy={order}&pageSize=2"));
        loop {
            let page = app.get(&path).key(&workspace.token).send().await;
            let link = page.header("link").to_owned();
            let page = page.expect(200);
            seen.extend(ids(&page));
            match page["nextPageToken"].as_str() {
                Some(token) => {
                    assert!(
                        link.contains(token) && link.contains("pageSize=2") && link.ends_with("rel=\"next\""),
                        "{link}"
                    );
                    path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
                }
                None => break assert_eq!(link, ""),
            }
        }
        assert_eq!(seen, whole);
    }
    let page = app.get("/v1/conversations?pageSize=2").key(&workspace.token).send().await.expect(200);
    let other = format!(
        "/v1/conversations?orderBy=%2BlastMessageDate&pageToken={}",
        page["nextPageToken"].as_str().unwrap()
    );
    app.get(&other).key(&workspace.token).send().await.problem(400, "invalid_page_token");
}

#[tokio::test]
async fn a_conversation_that_moves_to_the_top_while_paging_comes_on_no_later_page_and_hides_no_other() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let all: Vec<String> = five(&app, &workspace).await.iter().map(ToString::to_string).collect();
    let page = async |path: &str| {
        let page = app.get(path).key(&workspace.token).send().await.expect(200);
        (ids(&page), page["nextPageToken"].as_str().map(str::to_owned))
    };
    let (mut seen, token) = page("/v1/conversations?pageSize=2").await;
    assert_eq!(seen, [all[4].clone(), all[3].clone()]);
    // One that was shown and one that was not get a message.
    for moved in [&all[3], &all[0]] {
        let id: ConversationId = moved.parse().unwrap();
        app.execute(&format!("UPDATE conversations SET last_message_at = now() WHERE id = '{}'", id.0)).await;
    }
    let mut token = token;
    while let Some(next) = token {
        let (more, after) = page(&format!("/v1/conversations?pageSize=2&pageToken={next}")).await;
        seen.extend(more);
        token = after;
    }
    assert_eq!(seen, [4, 3, 2, 1].map(|number: usize| all[number].clone()));
    assert_eq!(list(&app, &workspace, "pageSize=2").await, [all[0].clone(), all[3].clone()]);
}

#[tokio::test]
async fn a_page_token_that_was_changed_is_refused() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    five(&app, &workspace).await;
    let page = app.get("/v1/conversations?pageSize=2").key(&workspace.token).send().await.expect(200);
    let token = page["nextPageToken"].as_str().unwrap();
    for place in [0, 1, 9, 17, 30, 50, token.len() - 1] {
        let mut changed = token.as_bytes().to_vec();
        changed[place] = if changed[place] == b'7' { b'8' } else { b'7' };
        let path = format!("/v1/conversations?pageToken={}", String::from_utf8(changed).unwrap());
        let refused = app.get(&path).key(&workspace.token).send().await;
        assert_eq!(refused.fields(400, "invalid_page_token"), ["pageToken"], "{place}");
    }
    for other in ["", "0", "zz", &token[2..], &format!("{token}00")] {
        let path = format!("/v1/conversations?pageToken={other}");
        app.get(&path).key(&workspace.token).send().await.problem(400, "invalid_page_token");
    }
}
