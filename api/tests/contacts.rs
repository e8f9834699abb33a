//! Contacts: read, changed, merged, blocked, opted out and erased.

use common::domain::ids::{ContactId, ConversationId};
use common::domain::principal::Role;
use common::testing::Workspace;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// An app with an organization, and how it is called.
struct Desk {
    app: TestApp,
    workspace: Workspace,
}

impl Desk {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        Self { app, workspace }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let call = self.app.call(method, path).key(&self.workspace.token);
        if body.is_null() { call.send().await } else { call.json(&body).send().await }
    }

    async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.expect(200)
    }

    /// A conversation with this address, and its contact.
    async fn contact(&self, address: &str) -> (String, ConversationId) {
        let conversation = self.workspace.conversation(self.app.pool(), address).await;
        let shown = self.get(&format!("/v1/conversations/{conversation}")).await;
        (shown["contact"]["id"].as_str().unwrap().to_owned(), conversation)
    }

    async fn patch(&self, id: &str, body: Value) -> Answer {
        self.call("PATCH", &format!("/v1/contacts/{id}"), body).await
    }

    async fn merge(&self, id: &str, into: &str) -> Answer {
        self.call("POST", &format!("/v1/contacts/{id}/merge"), json!({ "into": into })).await
    }

    async fn act(&self, id: &str, verb: &str, body: Value) {
        self.call("POST", &format!("/v1/contacts/{id}/{verb}"), body).await.expect(204);
    }

    async fn reply(&self, conversation: ConversationId) -> Answer {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hello" } });
        self.call("POST", "/v1/conversations/reply", body).await
    }

    /// The ids of a page of contacts, and the token of the next one.
    async fn page(&self, query: &str) -> (Vec<String>, Option<String>) {
        let page = self.get(&format!("/v1/contacts?{query}")).await;
        let ids = page["contacts"].as_array().unwrap().iter();
        let ids = ids.map(|contact| contact["id"].as_str().unwrap().to_owned()).collect();
        (ids, page["nextPageToken"].as_str().map(str::to_owned))
    }

    async fn audited(&self, action: &str) -> i64 {
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
async fn a_merge_relinks_and_the_old_id_leads_to_the_contact_that_stays() {
    let desk = Desk::open().await;
    let (a, in_a) = desk.contact("15550000001").await;
    let (b, in_b) = desk.contact("15550000002").await;
    let (c, _) = desk.contact("15550000003").await;
    desk.patch(&a, json!({ "name": "A", "attributes": { "same": "a", "only_a": 1 } })).await.expect(200);
    desk.patch(&b, json!({ "name": "B", "attributes": { "same": "b" } })).await.expect(200);
    desk.act(&a, "opt-out", json!({ "category": "marketing" })).await;
    let merged = desk.merge(&a, &b).await.expect(200);
    assert_eq!((&merged["id"], &merged["name"]), (&json!(b), &json!("B")));
    assert_eq!(merged["attributes"], json!({ "same": "b", "only_a": 1 }));
    assert_eq!(merged["optedOut"], "marketing");
    let addresses: Vec<&str> =
        merged["addresses"].as_array().unwrap().iter().map(|a| a["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["15550000001", "15550000002"]);
    // Conversations stay apart, under one contact.
    let listed = desk.get(&format!("/v1/contacts/{b}/conversations")).await;
    let mut ids: Vec<&str> =
        listed["conversations"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut both = [in_a.to_string(), in_b.to_string()];
    both.sort_unstable();
    assert_eq!(ids, both);
    assert_eq!(desk.get(&format!("/v1/conversations/{in_a}")).await["contact"]["name"], "B");
    assert_eq!(desk.get(&format!("/v1/contacts/{a}")).await, merged);
    assert_eq!(desk.page("").await.0, [b.clone(), c.clone()]);
    assert_eq!(desk.page("address=15550000001").await.0, std::slice::from_ref(&b));
    let told = "SELECT count(*) FROM events WHERE type = 'conversation.updated' AND conversation_id = ";
    let before = desk.app.count(&format!("{told} '{}'", in_a.0)).await;
    // Merged on: whatever led to B leads to C.
    assert_eq!(desk.merge(&b, &c).await.expect(200)["id"], json!(c));
    assert_eq!(desk.app.count(&format!("{told} '{}'", in_a.0)).await, before + 1);
    for old in [&a, &b] {
        assert_eq!(desk.get(&format!("/v1/contacts/{old}")).await["id"], json!(c));
        assert_eq!(desk.patch(old, json!({ "name": "One" })).await.expect(200)["name"], "One");
    }
    // One already, and no third merge.
    assert_eq!(desk.merge(&a, &c).await.expect(200)["id"], json!(c));
    assert_eq!(desk.merge(&c, &a).await.expect(200)["id"], json!(c));
    assert_eq!(desk.audited("contact.merge").await, 2);
    desk.act(&a, "block", Value::Null).await;
    desk.reply(in_b).await.problem(422, "contact_blocked");
}

#[tokio::test]
async fn a_merge_that_cannot_be_is_refused() {
    let desk = Desk::open().await;
    let (a, _) = desk.contact("15550000001").await;
    let (b, _) = desk.contact("15550000002").await;
    let stranger = desk.app.workspace().await;
    let theirs = stranger.conversation(desk.app.pool(), "15550000003").await;
    let shown =
        desk.app.get(&format!("/v1/conversations/{theirs}")).key(&stranger.token).send().await.expect(200);
    let theirs = shown["contact"]["id"].as_str().unwrap();
    assert_eq!(desk.merge(&a, &a).await.fields(422, "invalid_request"), ["into"]);
    for other in [theirs, "ctc_nothing", &ContactId::new().to_string()] {
        desk.merge(&a, other).await.problem(404, "not_found");
        desk.merge(other, &a).await.problem(404, "not_found");
    }
    let many =
        |name: &str| (0..30).map(|n| (format!("{name}{n}"), json!(n))).collect::<serde_json::Map<_, _>>();
    desk.patch(&a, json!({ "attributes": many("a") })).await.expect(200);
    desk.patch(&b, json!({ "attributes": many("b") })).await.expect(200);
    assert_eq!(desk.merge(&a, &b).await.fields(422, "invalid_request"), ["into"]);
    assert_eq!(desk.page("").await.0.len(), 2);
}

#[tokio::test]
async fn merges_that_cross_end_with_one_contact() {
    let desk = Desk::open().await;
    for round in 0..10 {
        let (a, in_a) = desk.contact(&format!("155500001{round:02}")).await;
        let (b, in_b) = desk.contact(&format!("155500002{round:02}")).await;
        let (c, in_c) = desk.contact(&format!("155500003{round:02}")).await;
        let merges = [(&a, &b), (&b, &a), (&b, &c), (&c, &a), (&a, &c), (&c, &b)];
        for answer in join_all(merges.map(|(from, into)| desk.merge(from, into))).await {
            answer.expect(200);
        }
        let one = desk.get(&format!("/v1/contacts/{a}")).await;
        for other in [&b, &c] {
            assert_eq!(desk.get(&format!("/v1/contacts/{other}")).await, one);
        }
        assert_eq!(one["addresses"].as_array().unwrap().len(), 3);
        for conversation in [in_a, in_b, in_c] {
            let shown = desk.get(&format!("/v1/conversations/{conversation}")).await;
            assert_eq!(shown["contact"]["id"], one["id"]);
        }
    }
    let chains = "SELECT count(*) FROM contacts k JOIN contacts m ON m.id = k.merged_into WHERE m.merged_into IS NOT NULL";
    assert_eq!(desk.app.count(chains).await, 0);
}

#[tokio::test]
async fn nothing_is_sent_to_a_blocked_or_opted_out_contact_until_that_is_taken_back() {
    let desk = Desk::open().await;
    let (id, conversation) = desk.contact("15550000001").await;
    let path = format!("/v1/contacts/{id}");
    for _ in 0..2 {
        desk.act(&id, "block", Value::Null).await;
    }
    assert_eq!(desk.get(&path).await["blocked"], true);
    desk.reply(conversation).await.problem(422, "contact_blocked");
    let chat = desk.get(&format!("/v1/conversations/{conversation}")).await;
    assert_eq!(chat["canSend"], json!([]));
    desk.act(&id, "unblock", Value::Null).await;
    desk.reply(conversation).await.expect(202);
    desk.act(&id, "opt-out", json!({ "category": "marketing" })).await;
    assert_eq!(desk.get(&path).await["optedOut"], "marketing");
    desk.reply(conversation).await.expect(202);
    desk.act(&id, "opt-out", json!({ "category": "all" })).await;
    assert_eq!(desk.get(&path).await["optedOut"], "all");
    desk.reply(conversation).await.problem(422, "contact_opted_out");
    desk.act(&id, "opt-in", json!({ "category": "marketing" })).await;
    desk.reply(conversation).await.problem(422, "contact_opted_out");
    desk.act(&id, "opt-in", json!({ "category": "all" })).await;
    assert_eq!(desk.get(&path).await["optedOut"], Value::Null);
    desk.reply(conversation).await.expect(202);
    assert_eq!((desk.audited("contact.block").await, desk.audited("contact.opt_out").await), (1, 2));
    let opt_out = format!("{path}/opt-out");
    assert_eq!(
        desk.call("POST", &opt_out, json!({})).await.fields(400, "required_field_missing"),
        ["category"]
    );
    let odd = desk.call("POST", &opt_out, json!({ "category": "some" })).await;
    assert_eq!(odd.fields(422, "unsupported_value"), ["category"]);
}

#[tokio::test]
async fn a_repeated_key_is_the_same_request_only_for_the_same_contact() {
    let desk = Desk::open().await;
    let (a, _) = desk.contact("15550000001").await;
    let (b, _) = desk.contact("15550000002").await;
    let block = async |id: &str| {
        let call = desk.app.post(&format!("/v1/contacts/{id}/block")).key(&desk.workspace.token);
        call.header("idempotency-key", "once").send().await
    };
    assert_eq!(block(&a).await.status, 204);
    let again = block(&a).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), again.text.as_str()), (204, "true", ""));
    block(&b).await.problem(409, "idempotency_key_reused");
    assert_eq!(desk.get(&format!("/v1/contacts/{b}")).await["blocked"], false);
}

#[tokio::test]
async fn an_erased_contact_is_gone_at_once_and_only_an_owner_may_erase() {
    let desk = Desk::open().await;
    let (old, _) = desk.contact("15550000001").await;
    let (id, conversation) = desk.contact("15550000002").await;
    desk.merge(&old, &id).await.expect(200);
    desk.patch(&id, json!({ "name": "Grace", "attributes": { "k": "secret" } })).await.expect(200);
    let message = desk.reply(conversation).await.expect(202);
    let message = message["id"].as_str().unwrap();
    let admin = desk.app.key(&desk.workspace, Role::Admin, &[]).await;
    let path = format!("/v1/contacts/{id}");
    desk.app.call("DELETE", &path).key(&admin).send().await.problem(403, "insufficient_scope");
    desk.call("DELETE", &path, Value::Null).await.expect(204);
    for gone in [
        path.clone(),
        format!("/v1/contacts/{old}"),
        format!("{path}/conversations"),
        format!("/v1/conversations/{conversation}"),
        format!("/v1/conversations/{conversation}/messages"),
        format!("/v1/conversations/{conversation}/media"),
        format!("/v1/messages/{message}"),
    ] {
        desk.call("GET", &gone, Value::Null).await.problem(404, "not_found");
    }
    desk.patch(&id, json!({ "name": "Back" })).await.problem(404, "not_found");
    desk.call("POST", &format!("{path}/block"), Value::Null).await.problem(404, "not_found");
    desk.merge(&id, &old).await.problem(404, "not_found");
    desk.reply(conversation).await.problem(404, "not_found");
    assert_eq!(desk.get("/v1/conversations").await["conversations"], json!([]));
    assert_eq!(desk.page("").await.0, Vec::<String>::new());
    assert_eq!(desk.app.count("SELECT count(*) FROM contact_addresses").await, 0);
    // By either id, again, and the second time it is nothing new.
    desk.call("DELETE", &path, Value::Null).await.expect(204);
    desk.call("DELETE", &format!("/v1/contacts/{old}"), Value::Null).await.expect(204);
    assert_eq!(desk.audited("contact.erase").await, 1);
    let unknown = format!("/v1/contacts/{}", ContactId::new());
    desk.call("DELETE", &unknown, Value::Null).await.problem(404, "not_found");
    let stranger = desk.app.workspace().await;
    desk.app.call("DELETE", &path).key(&stranger.token).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn erasures_at_the_same_time_are_one() {
    let desk = Desk::open().await;
    let (id, _) = desk.contact("15550000001").await;
    let path = format!("/v1/contacts/{id}");
    for answer in join_all((0..8).map(|_| desk.call("DELETE", &path, Value::Null))).await {
        answer.expect(204);
    }
    assert_eq!(desk.audited("contact.erase").await, 1);
    assert_eq!(desk.app.count("SELECT count(*) FROM erasures").await, 1);
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
