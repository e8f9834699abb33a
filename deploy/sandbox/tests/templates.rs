//! Template messages against the templates they name.

use serde_json::{Value, json};

use crate::support::{CONTACT, PHONE, WABA, boot, calm, code};

fn template(name: &str, components: Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "template", "template":
        {"name": name, "language": {"code": "en_US", "policy": "deterministic"}, "components": components}})
}

fn body(values: &[&str]) -> Value {
    let parameters: Vec<Value> = values.iter().map(|value| json!({"type": "text", "text": value})).collect();
    json!({"type": "body", "parameters": parameters})
}

fn named(values: &[(&str, &str)]) -> Value {
    let parameter =
        |(name, value): &(&str, &str)| json!({"type": "text", "parameter_name": name, "text": value});
    json!({"type": "body", "parameters": values.iter().map(parameter).collect::<Vec<_>>()})
}

fn url_button(index: Value) -> Value {
    json!({"type": "button", "sub_type": "URL", "index": index, "parameters": [{"type": "text", "text": "42"}]})
}

fn document() -> Value {
    json!({"type": "header", "parameters": [{"type": "document", "document": {"link": "https://example.com/a.pdf"}}]})
}

#[tokio::test]
async fn a_template_with_its_parameters_is_accepted_outside_the_window() {
    let (sandbox, receiver) = boot(sandbox::Behaviour { window: true, ..calm() }).await;
    let bare = json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "template",
        "template": {"name": "hello_world", "language": {"code": "en_US"}}});
    let (status, answer) = sandbox.send(&bare).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
    receiver.statuses(1).await;
    let pricing = &receiver.all()[0].statuses()[0]["pricing"];
    assert_eq!((&pricing["category"], &pricing["billable"]), (&json!("utility"), &json!(true)));
    for good in [
        template("order_update", json!([body(&["Ann", "42"])])),
        template("appointment_reminder", json!([named(&[("date", "Monday"), ("first_name", "Ann")])])),
        template(
            "appointment_reminder",
            json!([named(&[("first_name", "Ann"), ("date", "Monday")]),
            {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "p"}]}]),
        ),
        template("invoice", json!([document(), body(&["Ann"]), url_button(json!("0"))])),
        template("invoice", json!([document(), body(&["Ann"]), url_button(json!(0))])),
        template("one_time_code", json!([body(&["123456"]), url_button(json!("0"))])),
    ] {
        let (status, answer) = sandbox.send(&good).await;
        assert_eq!(status, 200, "{good} → {answer}");
    }
}

#[tokio::test]
async fn wrong_templates_are_refused_with_the_providers_codes() {
    let (sandbox, _receiver) = boot(calm()).await;
    let mut language = template("hello_world", json!([]));
    language["template"]["language"]["code"] = json!("de");
    let image = json!({"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/a"}}]});
    for (expected, wrong) in [
        ((404, 132_001), template("no_such_template", json!([]))),
        ((404, 132_001), language),
        ((400, 132_015), template("winter_sale", json!([]))),
        ((400, 132_000), template("order_update", json!([body(&["Ann"])]))),
        ((400, 132_000), template("order_update", json!([]))),
        ((400, 132_000), template("hello_world", json!([body(&["Ann"])]))),
        ((400, 132_000), template("appointment_reminder", json!([named(&[("first_name", "Ann")])]))),
        (
            (400, 100),
            template("appointment_reminder", json!([named(&[("first_name", "Ann"), ("day", "Monday")])])),
        ),
        ((400, 132_012), template("invoice", json!([body(&["Ann"]), url_button(json!(0))]))),
        ((400, 132_012), template("invoice", json!([image, body(&["Ann"]), url_button(json!(0))]))),
        ((400, 131_008), template("invoice", json!([document(), body(&["Ann"])]))),
        (
            (400, 132_018),
            template(
                "invoice",
                json!([document(), body(&["Ann"]), url_button(json!(0)), url_button(json!(3))]),
            ),
        ),
        ((400, 131_009), template("order_update", json!([{"type": "tail"}]))),
        ((400, 131_009), template("order_update", json!("none"))),
        (
            (400, 131_008),
            json!({"messaging_product": "whatsapp", "to": CONTACT, "type": "template", "template": {"name": "hello_world"}}),
        ),
    ] {
        let answer = sandbox.send(&wrong).await;
        assert_eq!(code(&answer), expected, "{wrong} → {}", answer.1);
    }
    let details = sandbox.send(&template("order_update", json!([body(&["Ann"])]))).await.1;
    let text = "body: number of localizable_params (1) does not match the expected number of params (2)";
    assert_eq!(details["error"]["error_data"]["details"], text);
    assert!(sandbox.ledger().await.is_empty());
}

#[tokio::test]
async fn templates_are_listed_page_by_page_and_filtered() {
    let (sandbox, _receiver) = boot(calm()).await;
    let mut names = Vec::new();
    let mut next = Some(format!("/v24.0/{WABA}/message_templates?limit=4&fields=name,status"));
    while let Some(path) = next {
        let (status, page) = sandbox.graph("GET", &path, None).await;
        assert_eq!(status, 200, "{page}");
        for template in page["data"].as_array().unwrap() {
            assert_eq!(template.as_object().unwrap().len(), 3, "name, status and id: {template}");
            names.push(template["name"].as_str().unwrap().to_owned());
        }
        assert!(page["paging"]["cursors"]["after"].is_string());
        next = page["paging"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(
        names,
        ["hello_world", "order_update", "appointment_reminder", "invoice", "one_time_code", "winter_sale"]
    );
    let path = format!("/v24.0/{WABA}/message_templates?status=APPROVED&name=order_update");
    let (_, found) = sandbox.graph("GET", &path, None).await;
    let found = found["data"].as_array().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["category"], &found[0]["parameter_format"]),
        (&json!("UTILITY"), &json!("POSITIONAL"))
    );
    let id = found[0]["id"].as_str().unwrap();
    let (_, single) = sandbox.graph("GET", &format!("/v24.0/{id}"), None).await;
    assert_eq!(single["name"], "order_update");
    assert_eq!(
        code(&sandbox.graph("GET", &format!("/v24.0/{WABA}/message_templates?after=!"), None).await),
        (400, 100)
    );
    assert_eq!(
        code(&sandbox.graph("GET", &format!("/v24.0/{PHONE}/message_templates"), None).await),
        (400, 100)
    );
}
