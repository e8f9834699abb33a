//! Contacts: read and changed.

use common::domain::ids::{ContactId, ConversationId};
use common::testing::Workspace;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// An app with an organization, and how it is called.
pub struct Desk {
    pub app: TestApp,
    pub workspace: Workspace,
}

impl Desk {
    pub async fn open() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        Self { app, workspace }
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let call = self.app.call(method, path).key(&self.workspace.token);
        if body.is_null() { call.send().await } else { call.json(&body).send().await }
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.expect(200)
    }

    /// A conversation with this address, and its contact.
    pub async fn contact(&self, address: &str) -> (String, ConversationId) {
        let conversation = self.workspace.conversation(self.app.pool(), address).await;
        let shown = self.get(&format!("/v1/conversations/{conversation}")).await;
        (shown["contact"]["id"].as_str().unwrap().to_owned(), conversation)
    }

    pub async fn patch(&self, id: &str, body: Value) -> Answer {
        self.call("PATCH", &format!("/v1/contacts/{id}"), body).await
    }

    pub async fn merge(&self, id: &str, into: &str) -> Answer {
        self.call("POST", &format!("/v1/contacts/{id}/merge"), json!({ "into": into })).await
    }

    pub async fn act(&self, id: &str, verb: &str, body: Value) {
        self.call("POST", &format!("/v1/contacts/{id}/{verb}"), body).await.expect(204);
    }

    pub async fn reply(&self, conversation: ConversationId) -> Answer {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hello" } });
        self.call("POST", "/v1/conversations/reply", body).await
    }

    /// The ids of a page of contacts, and the token of the next one.
    pub async fn page(&self, query: &str) -> (Vec<String>, Option<String>) {
        let page = self.get(&format!("/v1/contacts?{query}")).await;
        let ids = page["contacts"].as_array().unwrap().iter();
        let ids = ids.map(|contact| contact["id"].as_str().unwrap().to_owned()).collect();
        (ids, page["nextPageToken"].as_str().map(str::to_owned))
    }

    pub async fn audited(&self, action: &str) -> i64 {
        self.app.count(&format!("SELECT count(*) FROM audit_log WHERE action = '{action}'")).await
    }
}

#[tokio::test]
async fn a_contact_is_shown_with_its_addresses_attributes_and_standing() {
    let desk = Desk::open().await;
    let (id, _) = desk.contact("15550000001").await;
    let contact = desk.get(&format!("/v1/contacts/{id}")).await;
    let (created, updated) = (contact["createdAt"].clone(), contact["updatedAt"].clone());
    assert!(created.is_string() && updated.is_string());
    let expected = json!({
        "id": id, "name": "Ada", "avatarUrl": null, "attributes": {}, "blocked": false, "optedOut": null,
        "addresses": [{ "channel": "whatsapp", "inboxId": desk.workspace.inbox, "address": "15550000001" }],
        "createdAt": created, "updatedAt": updated,
    });
    assert_eq!(contact, expected);
    let other = ContactId::new();
    desk.call("GET", &format!("/v1/contacts/{other}"), Value::Null).await.problem(404, "not_found");
}

#[tokio::test]
async fn contacts_are_listed_page_by_page_and_found_by_address_and_name() {
    let desk = Desk::open().await;
    let mut ids = Vec::new();
    for (number, name) in ["Zoë", "ada", "Adam", "ADA", "Bob", "Ad%m"].iter().enumerate() {
        let (id, _) = desk.contact(&format!("1555000010{number}")).await;
        desk.patch(&id, json!({ "name": name })).await.expect(200);
        ids.push(id);
    }
    let (first, token) = desk.page("pageSize=4").await;
    let (second, end) = desk.page(&format!("pageSize=4&pageToken={}", token.unwrap())).await;
    assert_eq!(([first, second].concat(), end), (ids.clone(), None));
    for address in ["15550000102", "%2B15550000102", "+15550000102"] {
        assert_eq!(desk.page(&format!("address={address}")).await, (vec![ids[2].clone()], None));
    }
    assert_eq!(desk.page("address=1555000010").await.0, Vec::<String>::new());
    // Case does not matter, a wildcard is a character like any other, and equal names follow their ids.
    let by_name = [&ids[5], &ids[1], &ids[3], &ids[2]].map(String::clone);
    assert_eq!(desk.page("name=aD").await, (by_name.to_vec(), None));
    assert_eq!(desk.page("name=ad%25").await.0, [ids[5].clone()]);
    assert_eq!(desk.page("name=zo%C3%AB").await.0, [ids[0].clone()]);
    let (mut found, mut token) = (Vec::new(), None::<String>);
    loop {
        let more = token.map(|token| format!("&pageToken={token}")).unwrap_or_default();
        let (page, next) = desk.page(&format!("name=ad&pageSize=1{more}")).await;
        found.extend(page);
        token = next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, by_name);
    for query in
        ["name=", "address=%20", "name=a&address=1", "pageSize=0", "pageToken=zz", "name=a&pageToken=00"]
    {
        assert_eq!(
            desk.call("GET", &format!("/v1/contacts?{query}"), Value::Null).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_patch_merges_attributes_and_names_the_contact_in_its_conversations() {
    let desk = Desk::open().await;
    let (id, conversation) = desk.contact("15550000001").await;
    let first = json!({ "attributes": { "plan": "pro", "seats": 12, "vip": true, "score": 0.5 } });
    assert_eq!(desk.patch(&id, first.clone()).await.expect(200)["attributes"], first["attributes"]);
    let second =
        json!({ "name": "Ada Lovelace", "attributes": { "seats": null, "plan": "free", "gone": null } });
    let contact = desk.patch(&id, second).await.expect(200);
    assert_eq!(contact["attributes"], json!({ "plan": "free", "vip": true, "score": 0.5 }));
    assert_eq!(contact, desk.get(&format!("/v1/contacts/{id}")).await);
    let shown = desk.get(&format!("/v1/conversations/{conversation}")).await;
    assert_eq!(shown["contact"]["name"], "Ada Lovelace");
    let told = "SELECT count(*) FROM events WHERE type = 'conversation.updated'
        AND payload->'conversation'->'contact'->>'name' = 'Ada Lovelace'";
    assert_eq!(desk.app.count(told).await, 1);
    // The same again changes no name, and tells nothing.
    desk.patch(&id, json!({ "name": "Ada Lovelace" })).await.expect(200);
    assert_eq!(desk.app.count(told).await, 1);
    assert_eq!(desk.patch(&id, json!({})).await.expect(200)["name"], "Ada Lovelace");
    let bare = desk.patch(&id, json!({ "name": null, "attributes": null })).await.expect(200);
    assert_eq!((&bare["name"], &bare["attributes"]), (&Value::Null, &json!({})));
    assert_eq!(desk.audited("contact.update").await, 4);
    let detail =
        "SELECT count(*) FROM audit_log WHERE detail::text LIKE '%Ada%' OR detail::text LIKE '%pro%'";
    assert_eq!(desk.app.count(detail).await, 0);
}

#[tokio::test]
async fn what_cannot_be_a_name_or_an_attribute_is_refused_by_its_field() {
    let desk = Desk::open().await;
    let (id, _) = desk.contact("15550000001").await;
    let invalid = [
        (json!({ "name": "" }), vec!["name"]),
        (json!({ "name": "  " }), vec!["name"]),
        (json!({ "name": "a\nb" }), vec!["name"]),
        (json!({ "name": "x".repeat(256) }), vec!["name"]),
        (json!({ "attributes": { "a b": 1, "ok": 1, "": 2 } }), vec!["attributes.", "attributes.a b"]),
        (json!({ "attributes": { "k": [1], "o": {} } }), vec!["attributes.k", "attributes.o"]),
        (
            json!({ "attributes": { "long": "x".repeat(1_001), "nul": "a\0" } }),
            vec!["attributes.long", "attributes.nul"],
        ),
        (json!({ "attributes": { "x".repeat(65): 1 } }), vec![]),
    ];
    for (body, fields) in invalid {
        let found = desk.patch(&id, body.clone()).await.fields(422, "invalid_request");
        assert!(fields.is_empty() || found == fields, "{body}: {found:?}");
    }
    assert_eq!(desk.patch(&id, json!({ "name": 5 })).await.fields(400, "wrong_type"), ["name"]);
    assert_eq!(desk.patch(&id, json!({ "attributes": [] })).await.fields(400, "wrong_type"), ["attributes"]);
    assert_eq!(desk.patch(&id, json!({ "tags": 1 })).await.fields(422, "unknown_field"), ["tags"]);
    let fifty: Value = (0..50)
        .map(|n| (format!("k{n}"), json!("😀".repeat(1_000))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    desk.patch(&id, json!({ "attributes": fifty })).await.expect(200);
    let more = json!({ "attributes": { "one": 1 } });
    assert_eq!(desk.patch(&id, more).await.fields(422, "invalid_request"), ["attributes"]);
    // One comes as another goes.
    let exchange = desk.patch(&id, json!({ "attributes": { "one": 1, "k7": null } })).await.expect(200);
    assert_eq!(exchange["attributes"].as_object().unwrap().len(), 50);
}

#[tokio::test]
async fn patches_at_the_same_time_lose_none_of_their_attributes() {
    let desk = Desk::open().await;
    let (id, _) = desk.contact("15550000001").await;
    let patches = (0..20)
        .map(|n| desk.patch(&id, json!({ "attributes": { format!("k{n}"): n }, "name": format!("N{n}") })));
    for answer in join_all(patches).await {
        answer.expect(200);
    }
    let contact = desk.get(&format!("/v1/contacts/{id}")).await;
    assert_eq!(contact["attributes"].as_object().unwrap().len(), 20);
}

#[tokio::test]
async fn a_contacts_conversations_come_the_latest_first_in_pages() {
    let desk = Desk::open().await;
    let (one, _) = desk.contact("15550000000").await;
    for number in 1..5 {
        let (id, _) = desk.contact(&format!("1555000000{number}")).await;
        desk.merge(&id, &one).await.expect(200);
    }
    let order =
        "UPDATE conversations SET last_message_at = now() - right(address, 1)::int * interval '1 hour',
        state = CASE address WHEN '15550000002' THEN 'archived' ELSE 'open' END";
    desk.app.execute(order).await;
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = desk.get(&format!("/v1/contacts/{one}/conversations?pageSize=2{token}")).await;
        let list = page["conversations"].as_array().unwrap();
        found.extend(list.iter().map(|c| c["contact"]["address"].as_str().unwrap().to_owned()));
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..5).map(|number| format!("1555000000{number}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_conversations_files_are_listed_newest_first() {
    let desk = Desk::open().await;
    let (_, conversation) = desk.contact("15550000001").await;
    let send = async |content: Value| {
        let body = json!({ "conversationId": conversation, "content": content });
        desk.call("POST", "/v1/conversations/reply", body).await.expect(202)["id"].clone()
    };
    let mut files = Vec::new();
    for kind in ["image", "video", "audio", "document", "sticker"] {
        send(json!({ "type": "text", "text": format!("before the {kind}") })).await;
        files.push(send(json!({ "type": kind, "url": "https://files.example/a" })).await);
    }
    files.reverse();
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = desk.get(&format!("/v1/conversations/{conversation}/media?pageSize=2{token}")).await;
        found.extend(page["messages"].as_array().unwrap().iter().map(|message| message["id"].clone()));
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    assert_eq!(found, files);
}
