//! What becomes of contacts: merged, blocked, opted out and erased.

use common::domain::ids::ContactId;
use common::domain::principal::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::contacts::Desk;

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
