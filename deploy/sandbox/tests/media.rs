//! Media: upload, look up, download, send, delete.

use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{CONTACT, PHONE, Sandbox, TOKEN, boot, calm, code};

const BOUNDARY: &str = "sandbox-test";

/// A multipart form, written by hand: the client library's own support is not worth a feature here.
async fn upload(sandbox: &Sandbox, product: Option<&str>, mime_type: &str, file: &[u8]) -> Response {
    let mut body = Vec::new();
    if let Some(product) = product {
        let head =
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"messaging_product\"\r\n\r\n");
        body.extend(head.as_bytes());
        body.extend(format!("{product}\r\n").as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\ncontent-type: {mime_type}\r\n\r\n"
    );
    body.extend(head.as_bytes());
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let request = sandbox.client.post(sandbox.url(&format!("/v24.0/{PHONE}/media"))).bearer_auth(TOKEN);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    request.header("content-type", kind).body(body).send().await.unwrap()
}

async fn uploaded(sandbox: &Sandbox, mime_type: &str, file: &[u8]) -> String {
    let response = upload(sandbox, Some("whatsapp"), mime_type, file).await;
    assert_eq!(response.status(), 200);
    response.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_goes_up_comes_down_is_sent_and_deleted() {
    let (sandbox, _receiver) = boot(calm()).await;
    let id = uploaded(&sandbox, "image/png", b"not really a picture").await;
    let (status, details) = sandbox.graph("GET", &format!("/v24.0/{id}?phone_number_id={PHONE}"), None).await;
    assert_eq!(status, 200, "{details}");
    assert_eq!((&details["mime_type"], &details["file_size"]), (&json!("image/png"), &json!(20)));
    let url = details["url"].as_str().unwrap();
    let file = sandbox.client.get(url).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.unwrap().as_ref(), b"not really a picture");
    assert_eq!(sandbox.client.get(url).send().await.unwrap().status(), 401);
    let bare = url.split('?').next().unwrap();
    assert_eq!(sandbox.graph("GET", bare, None).await.0, 404, "the address must be one that was handed out");
    assert_eq!(sandbox.graph("GET", &format!("{bare}?ext=1&hash=0"), None).await.0, 404);

    let image =
        |kind: &str| json!({"messaging_product": "whatsapp", "to": CONTACT, "type": kind, kind: {"id": id}});
    assert_eq!(sandbox.send(&image("image")).await.0, 200);
    assert_eq!(code(&sandbox.send(&image("video")).await), (400, 131_053));

    let path = format!("/v24.0/{id}");
    assert_eq!(sandbox.graph("DELETE", &path, None).await, (200, json!({"success": true})));
    assert_eq!(code(&sandbox.graph("GET", &path, None).await), (400, 100));
    assert_eq!(code(&sandbox.graph("DELETE", &path, None).await), (400, 100));
    assert_eq!(code(&sandbox.send(&image("image")).await), (400, 100));
    assert_eq!(sandbox.graph("GET", url, None).await.0, 404);
}

#[tokio::test]
async fn wrong_uploads_are_refused() {
    let (sandbox, _receiver) = boot(calm()).await;
    for (product, mime_type, size) in [
        (None, "image/png", 1),
        (Some("sms"), "image/png", 1),
        (Some("whatsapp"), "application/x-shockwave-flash", 1),
        (Some("whatsapp"), "image/png", (5 << 20) + 1),
        (Some("whatsapp"), "image/webp", (100 << 10) + 1),
    ] {
        let response = upload(&sandbox, product, mime_type, &vec![0; size]).await;
        assert_eq!(response.status(), 400);
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], 100);
    }
    // A sticker that moves may be larger.
    for (size, status) in [((100 << 10) + 1, 200), ((500 << 10) + 1, 400)] {
        let mut sticker = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02".to_vec();
        sticker.resize(size, 0);
        assert_eq!(upload(&sandbox, Some("whatsapp"), "image/webp", &sticker).await.status(), status);
    }
    let path = format!("/v24.0/{PHONE}/media");
    assert_eq!(code(&sandbox.graph("POST", &path, Some(&json!({}))).await), (400, 100));
}

#[tokio::test]
async fn the_oldest_file_makes_room() {
    let settings = sandbox::Settings { media_capacity: 10, behaviour: calm(), ..Default::default() };
    let sandbox = crate::support::boot_with(settings).await;
    let first = uploaded(&sandbox, "image/png", b"123456").await;
    let second = uploaded(&sandbox, "image/png", b"123456").await;
    assert_eq!(sandbox.graph("GET", &format!("/v24.0/{first}"), None).await.0, 400);
    assert_eq!(sandbox.graph("GET", &format!("/v24.0/{second}"), None).await.0, 200);
    assert_eq!(upload(&sandbox, Some("whatsapp"), "image/png", b"12345678901").await.status(), 500);
}

#[tokio::test]
async fn a_contacts_file_can_be_fetched() {
    let (sandbox, receiver) = boot(calm()).await;
    let spoken = json!({"to": PHONE, "type": "image", "image": {"data": "aGVsbG8=", "mime_type": "image/jpeg", "caption": "c"}});
    let (status, body) =
        sandbox.control("POST", &format!("/contacts/{CONTACT}/messages"), Some(&spoken)).await;
    assert_eq!(status, 201, "{body}");
    let message =
        receiver.wait("the image", |all| all.first().map(|delivery| delivery.messages()[0].clone())).await;
    assert_eq!(message["image"]["caption"], "c");
    assert_eq!(message["image"]["sha256"], "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    let id = message["image"]["id"].as_str().unwrap();
    let (_, details) = sandbox.graph("GET", &format!("/v24.0/{id}"), None).await;
    let file = sandbox.client.get(details["url"].as_str().unwrap()).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(file.text().await.unwrap(), "hello");
}

/// Serves files of any name that ends in a type.
async fn file_server() -> String {
    let app = axum::Router::new().route(
        "/{kind}",
        axum::routing::get(async |axum::extract::Path(kind): axum::extract::Path<String>| {
            match kind.as_str() {
                "png" => Ok(([("content-type", "image/png")], vec![7_u8; 100_000])),
                "large" => Ok(([("content-type", "image/png")], vec![7_u8; (5 << 20) + 1])),
                "text" => Ok(([("content-type", "text/plain")], b"words".to_vec())),
                _ => Err(axum::http::StatusCode::NOT_FOUND),
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}

#[tokio::test]
async fn a_linked_file_is_fetched_or_its_message_fails() {
    let (sandbox, receiver) = boot(calm()).await;
    let base = file_server().await;
    let send = |kind: &str, path: &str, name: &str| {
        json!({"messaging_product": "whatsapp", "to": CONTACT, "type": kind, kind: {"link": format!("{base}/{path}")},
            "biz_opaque_callback_data": name})
    };
    let cases = [
        ("image", "png", "delivered"),
        ("image", "large", "failed"),
        ("image", "text", "failed"),
        ("document", "text", "delivered"),
        ("image", "none", "failed"),
    ];
    for (n, (kind, path, expected)) in cases.into_iter().enumerate() {
        let name = format!("m{n}");
        assert_eq!(sandbox.send(&send(kind, path, &name)).await.0, 200);
        receiver
            .wait(expected, |all| {
                let found = crate::support::accepted_statuses(all);
                found.contains(&(name.clone(), expected.to_owned())).then_some(())
            })
            .await;
    }
    let failed = receiver
        .all()
        .iter()
        .flat_map(|delivery| delivery.statuses())
        .find(|status| status["status"] == "failed");
    assert_eq!(failed.unwrap()["errors"][0]["code"], 131_053);
    let ledger = sandbox.ledger().await;
    assert_eq!(ledger[0]["media"]["size"], 100_000);
    assert!(ledger[1].get("media").is_none(), "{}", ledger[1]);
    sandbox.set(json!({"fetchLinks": false})).await;
    assert_eq!(sandbox.send(&send("image", "none", "off")).await.0, 200);
    receiver
        .wait("delivered", |all| {
            crate::support::accepted_statuses(all).contains(&("off".into(), "delivered".into())).then_some(())
        })
        .await;
}

#[tokio::test]
async fn calls_about_files_can_be_disturbed() {
    let (sandbox, _receiver) = boot(calm()).await;
    let id = uploaded(&sandbox, "image/png", b"123456").await;
    let path = format!("/v24.0/{id}");
    sandbox.fault(json!({"times": 1, "fault": {"media": {"on": "lookUp", "httpStatus": 500}}})).await;
    sandbox.fault(json!({"times": 1, "fault": {"media": {"on": "download", "cut": true}}})).await;
    sandbox.send_text(CONTACT, "met by neither").await;
    assert_eq!(sandbox.graph("GET", &path, None).await.0, 500);
    let details = sandbox.graph("GET", &path, None).await.1;
    let url = details["url"].as_str().unwrap();
    assert!(sandbox.client.get(url).bearer_auth(TOKEN).send().await.is_err());
    assert_eq!(sandbox.client.get(url).bearer_auth(TOKEN).send().await.unwrap().status(), 200);
    let wrong = json!({"fault": {"media": {"on": "download", "httpStatus": 200}}});
    assert_eq!(sandbox.control("POST", "/control/faults", Some(&wrong)).await.0, 400);
}
