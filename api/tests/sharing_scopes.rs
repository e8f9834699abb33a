//! Every operation of visitors, about what is shared with them and about what is not, through a link and through embeds of each scope.
//! An operation that visitors may call and that has no request here fails the test.

use common::domain::ids::ConversationId;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::sharing::{Shared, reply, text};
use crate::sharing_table::{Row, rows};
use crate::support::{Answer, TestApp, all_permissions};

/// What there is in an inbox.
struct Place {
    inbox: String,
    conversation: String,
    contact: String,
    /// A message that its owner sent, and the file in it.
    message: String,
    file: String,
}

impl Place {
    async fn of(app: &TestApp, workspace: &Workspace, conversation: ConversationId) -> Self {
        let token = &workspace.token;
        let shown = app.get(&format!("/v1/conversations/{conversation}")).key(token).send().await.expect(200);
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
        let file = crate::media::uploaded(app, workspace, "image/png", png).await;
        let content = json!({ "type": "image", "mediaId": file["id"] });
        let sent = reply(app, token, conversation, content).await.expect(202);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            inbox: workspace.inbox.to_string(),
            conversation: conversation.to_string(),
            contact: text(&shown["contact"]["id"]),
            message: text(&sent["id"]),
            file: text(&file["id"]),
        }
    }

    /// The request of an operation about it, with the status of an answer that is given; none if the operation is about nothing
    /// that could be another's.
    fn request(&self, operation: &str) -> Option<(String, Option<Value>, u16)> {
        let Self { inbox, conversation, contact, message, file } = self;
        let chat = format!("/v1/conversations/{conversation}");
        Some(match operation {
            "conversations.get" => (chat, None, 200),
            "messages.list" => (format!("{chat}/messages"), None, 200),
            "messages.media" => (format!("{chat}/media"), None, 200),
            "conversations.read" => (format!("{chat}/read"), Some(json!({})), 204),
            "conversations.archive" => (format!("{chat}/archive"), None, 204),
            "conversations.unarchive" => (format!("{chat}/unarchive"), None, 204),
            "conversations.reply" => {
                let body = json!({ "conversationId": conversation, "content": text() });
                ("/v1/conversations/reply".to_owned(), Some(body), 202)
            }
            "messages.get" => (format!("/v1/messages/{message}"), None, 200),
            // It was sent through no link and no embed.
            "messages.cancel" => (format!("/v1/messages/{message}/cancel"), None, 403),
            "messages.retry" => (format!("/v1/messages/{message}/retry"), None, 403),
            "media.get" => (format!("/v1/media/{file}"), None, 200),
            "contacts.get" => (format!("/v1/contacts/{contact}"), None, 200),
            "contacts.conversations" => (format!("/v1/contacts/{contact}/conversations"), None, 200),
            "inboxes.get" => (format!("/v1/inboxes/{inbox}"), None, 200),
            // The provider knows no such account: it was asked.
            "inboxes.templates" => (format!("/v1/inboxes/{inbox}/whatsapp/templates"), None, 502),
            // Lists, whose own tests say what is in them; what the caller makes; and its own session.
            "conversations.list" | "inboxes.list" | "events.follow" => return None,
            "media.create" | "shared_sessions.get" | "shared_sessions.end" => return None,
            other => panic!("say in request() how {other} is about something of an inbox, or that it is not"),
        })
    }
}

async fn call(app: &TestApp, method: &str, path: &str, body: Option<&Value>, token: &str) -> Answer {
    let call = app.call(method, path).key(token);
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

#[tokio::test]
async fn what_is_shared_answers_and_what_is_not_is_not_there() {
    let shared = Shared::start().await;
    let app = &shared.app;
    let stranger = app.workspace().await;
    let foreign = stranger.conversation(app.pool(), "15550000003").await;
    let places = [
        Place::of(app, &shared.workspace, shared.ours).await,
        Place::of(app, &shared.other, shared.theirs).await,
        Place::of(app, &stranger, foreign).await,
    ];
    let link = app.visit(&shared.workspace, &all_permissions()).await.token;
    let customer = json!({ "scope_type": "customer", "scope_id": shared.customer });
    let number = json!({ "scope_type": "phone_number", "scope_id": shared.other.phone_number_id });
    for (scope, token, sees) in [
        ("link", link, [true, false, false]),
        ("project", shared.embed(json!({ "scope_type": "project" })).await, [true, true, false]),
        ("customer", shared.embed(customer).await, [false, true, false]),
        ("phone_number", shared.embed(number).await, [false, true, false]),
    ] {
        for (id, method, _, row) in rows() {
            if row == Row::Keys {
                continue;
            }
            for (place, there) in places.iter().zip(sees) {
                let Some((path, body, answered)) = place.request(id) else { continue };
                let answer = call(app, method, &path, body.as_ref(), &token).await;
                let expected = match row {
                    Row::Embeds(_) if scope == "link" => 403,
                    _ if there => answered,
                    _ => 404,
                };
                assert_eq!(answer.status, expected, "{id} through {scope}: {}", answer.text);
            }
        }
    }
}
