//! The phone and the mail page, and what they are made from: channels, contacts, files, changes.

use sandbox::Settings;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{CONTACT, DEADLINE, PHONE, Sandbox, TOKEN, boot, boot_with, calm, text};

const PAGES: [&str; 2] = ["/phone", "/mail/page"];

async fn get(sandbox: &Sandbox, path: &str) -> reqwest::Response {
    sandbox.client.get(sandbox.url(path)).send().await.unwrap()
}

#[tokio::test]
async fn the_pages_are_whole_in_the_binary_and_need_nothing_from_elsewhere() {
    let (sandbox, _receiver) = boot(calm()).await;
    for path in PAGES {
        let page = get(&sandbox, path).await;
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let page = page.text().await.unwrap();
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("{version}"));
        let modules = page.matches("<script type=\"module\" src=").count();
        assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (modules, 0));
        let named: Vec<&str> =
            page.split('"').filter(|part| part.starts_with("/assets/") && part.len() > 10).collect();
        assert!(named.len() >= 3, "{page}");
        for name in named {
            let file = get(&sandbox, name).await;
            assert_eq!(file.status(), 200, "{name}");
            assert!(file.headers()["cache-control"].to_str().unwrap().contains("immutable"));
            let (_, rest) = name.trim_start_matches("/assets/").split_once('/').unwrap();
            let other = get(&sandbox, &format!("/assets/0000000000000000/{rest}")).await;
            assert_eq!(other.status(), 404, "another build's {rest}");
        }
    }
}

#[tokio::test]
async fn every_module_imports_files_that_are_there() {
    let (sandbox, _receiver) = boot(calm()).await;
    let mut todo = Vec::new();
    for path in PAGES {
        let page = get(&sandbox, path).await.text().await.unwrap();
        let main = page.split('"').find(|part| part.ends_with("main.js")).unwrap().to_owned();
        todo.push(sandbox.url(&main).parse::<reqwest::Url>().unwrap());
    }
    let mut seen = Vec::new();
    while let Some(url) = todo.pop() {
        if seen.contains(&url) {
            continue;
        }
        let module = sandbox.client.get(url.clone()).send().await.unwrap();
        assert_eq!(module.status(), 200, "{url}");
        assert_eq!(module.headers()["content-type"], "text/javascript; charset=utf-8");
        let code = module.text().await.unwrap();
        for part in code.split("from").skip(1) {
            let quoted = part.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
            if let Some((name, _)) = quoted.filter(|(name, _)| name.ends_with(".js")) {
                assert!(name.starts_with('.'), "{name} of {url} is no relative path");
                todo.push(url.join(name).unwrap());
            }
        }
        seen.push(url);
    }
    assert!(seen.len() > 20, "{seen:?}");
}

#[tokio::test]
async fn channels_say_whom_a_contact_can_write_to_and_keep_secrets_out() {
    let (sandbox, _receiver) = boot(calm()).await;
    let (_, told) = sandbox.control("GET", "/control/channels", None).await;
    let channels = told["channels"].as_array().unwrap();
    let names: Vec<_> = channels.iter().map(|channel| channel["channel"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["whatsapp", "messenger", "instagram", "text", "rcs"]), "{names:?}");
    let whatsapp = &channels[0]["senders"][0];
    assert_eq!((&whatsapp["id"], &whatsapp["address"]), (&json!(PHONE), &json!("+1 555-000-0001")));
    assert!(whatsapp["templates"].as_array().unwrap().len() > 3);
    assert_eq!(channels[0]["accounts"], json!({"path": "/control/accounts", "id": "wabaId"}));
    for (place, id, name) in
        [(1, "500000000000001", "Sandbox page"), (2, "600000000000001", "sandbox.account")]
    {
        let sender = json!({"id": id, "name": name, "address": id, "account": id});
        assert_eq!(channels[place]["senders"], json!([sender]));
        let with = json!({"platform": names[place]});
        assert_eq!(channels[place]["accounts"], json!({"path": "/control/pages", "id": "id", "with": with}));
    }
    let types = |place: usize| channels[place]["types"].as_array().unwrap().len();
    assert_eq!(types(2), types(1) + 2, "Instagram has stories");
    let texts = &channels[3]["senders"];
    assert_eq!((&texts[0]["id"], &texts[0]["oneWay"]), (&json!("+15550000301"), &Value::Null));
    assert_eq!((&texts[1]["id"], &texts[1]["oneWay"]), (&json!("SANDBOX"), &json!(true)));
    let all = told.to_string();
    assert!(!all.contains("sandbox-page-token") && !all.contains("sandbox-instagram-token"));
    assert!(!all.contains("sandbox-client-token") && !all.contains("sandbox-api-secret"));
    assert!(
        !all.contains(TOKEN) && !all.contains("sandbox-app-secret") && !all.contains("sandbox-auth-token")
    );
}

#[tokio::test]
async fn contacts_are_listed_by_who_spoke_last() {
    let (sandbox, _receiver) = boot(calm()).await;
    sandbox.speak("16505550001", "first").await;
    sandbox.send_text("16505550002", "second").await;
    let words = json!({"channel": "text", "to": "+15550000301", "type": "text", "text": {"body": "third"}});
    assert_eq!(sandbox.control("POST", "/contacts/16505550003/messages", Some(&words)).await.0, 201);
    let contact = |address: &str, name: Value| json!({"address": address, "name": name});
    let listed = |last: [Value; 3]| json!({"contacts": last});
    let (_, told) = sandbox.control("GET", "/contacts", None).await;
    let (ann, second, third) = (
        contact("16505550001", json!("Ann")),
        contact("16505550002", Value::Null),
        contact("16505550003", Value::Null),
    );
    assert_eq!(told, listed([third.clone(), second.clone(), ann.clone()]));
    sandbox.speak("16505550001", "again").await;
    assert_eq!(sandbox.control("GET", "/contacts", None).await.1, listed([ann, third, second]));
}

#[tokio::test]
async fn a_stored_file_is_shown_without_a_token_and_can_do_nothing() {
    let (sandbox, _receiver) = boot(calm()).await;
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "<script>1</script>");
    let document = json!({"mime_type": "text/html", "data": data});
    let body = json!({"to": PHONE, "type": "document", "document": document});
    let path = format!("/contacts/{CONTACT}/messages");
    assert_eq!(sandbox.control("POST", &path, Some(&body)).await.0, 201);
    let (_, chat) = sandbox.control("GET", &path, None).await;
    let id = chat["messages"][0]["message"]["document"]["id"].as_str().unwrap();
    let file = get(&sandbox, &format!("/control/files/{id}")).await;
    let header = |name: &str| file.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(file.status(), 200);
    assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-type"), "text/html");
    assert_eq!(file.text().await.unwrap(), "<script>1</script>");
    assert_eq!(get(&sandbox, "/control/files/1").await.status(), 404);
}

#[tokio::test]
async fn the_business_types_until_it_sends() {
    let (sandbox, _receiver) = boot(calm()).await;
    let id = sandbox.speak(CONTACT, "hello").await;
    let path = format!("/contacts/{CONTACT}/messages");
    let typing = async || sandbox.control("GET", &path, None).await.1["typing"].clone();
    assert_eq!(typing().await, json!([]));
    let types = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id,
        "typing_indicator": {"type": "text"}});
    assert_eq!(sandbox.send(&types).await.0, 200);
    assert_eq!(typing().await, json!([PHONE]));
    sandbox.send_text(CONTACT, "m").await;
    assert_eq!(typing().await, json!([]));
}

#[tokio::test]
async fn the_ledger_s_newest_entries_are_read_without_the_rest() {
    let (sandbox, _receiver) = boot(calm()).await;
    for correlation in ["a", "b", "c"] {
        sandbox.send_text(CONTACT, correlation).await;
    }
    let (_, page) = sandbox.control("GET", "/ledger?newest=2", None).await;
    let found: Vec<_> =
        page["entries"].as_array().unwrap().iter().map(|entry| &entry["correlation"]).collect();
    assert_eq!(found, ["b", "c"]);
    assert_eq!(
        sandbox.control("GET", "/ledger?newest=9", None).await.1["entries"].as_array().unwrap().len(),
        3
    );
}

/// Reads a stream of changes until so many have been told.
async fn changes(stream: &mut reqwest::Response, count: usize) -> String {
    let read = async {
        let mut told = String::new();
        while told.matches("event: changed").count() < count {
            let chunk = stream.chunk().await.unwrap().expect("the stream ended");
            told.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        told
    };
    timeout(DEADLINE, read).await.expect("no change was told")
}

#[tokio::test]
async fn changes_are_told_as_they_happen_and_end_with_the_sandbox() {
    let (mut sandbox, _receiver) = boot(calm()).await;
    let mut stream = get(&sandbox, "/control/events").await;
    let first = changes(&mut stream, 1).await;
    let (_, told) = sandbox.control("GET", "/control/channels", None).await;
    assert!(first.contains(told["run"].as_str().unwrap()), "{first}");
    sandbox.speak(CONTACT, "hello").await;
    changes(&mut stream, 1).await;
    sandbox.fault(json!({"fault": {"delayMs": 1}})).await;
    changes(&mut stream, 1).await;
    sandbox.stop.cancel();
    let ended = timeout(DEADLINE, async { while stream.chunk().await.is_ok_and(|chunk| chunk.is_some()) {} });
    ended.await.expect("the stream goes on");
    timeout(DEADLINE, &mut sandbox.done).await.expect("still running").unwrap().unwrap();
}

#[tokio::test]
async fn a_text_s_delivery_is_a_change_too() {
    let sandbox = boot_with(Settings { behaviour: calm(), ..Settings::default() }).await;
    let mut stream = get(&sandbox, "/control/events").await;
    changes(&mut stream, 1).await;
    let account = "AC00000000000000000000000000000001";
    let sent = sandbox
        .client
        .post(sandbox.url(&format!("/2010-04-01/Accounts/{account}/Messages.json")))
        .basic_auth(account, Some("sandbox-auth-token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("To=%2B16505551234&From=%2B15550000301&Body=hi")
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 201);
    let path = format!("/contacts/{CONTACT}/messages?channel=text");
    loop {
        changes(&mut stream, 1).await;
        let (_, chat) = sandbox.control("GET", &path, None).await;
        if chat["messages"][0]["status"] == "delivered" {
            return;
        }
    }
}

#[tokio::test]
async fn what_is_read_is_told_by_the_channel_that_can() {
    let (sandbox, _receiver) = boot(calm()).await;
    let path = format!("/contacts/{CONTACT}/read");
    for (channel, status) in [("whatsapp", 200), ("text", 400), ("rcs", 400)] {
        let body = json!({"channel": channel, "to": PHONE});
        assert_eq!(sandbox.control("POST", &path, Some(&body)).await.0, status, "{channel}");
    }
    assert_eq!(sandbox.send(&text(CONTACT, "m")).await.0, 200);
}
