//! Files: up, down, in parts, by link, and in replies. What uploads are refused for is in `uploads.rs`.

use common::domain::ids::{MediaId, OrganizationId};
use common::domain::principal::Role;
use common::media::Links;
use common::testing::{Workspace, master_key};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Answer, TestApp};

const BOUNDARY: &str = "api-test";

/// The first bytes of a picture, and as many more as asked for.
pub fn png(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend((bytes.len()..size).map(|n| (n % 251) as u8));
    bytes.truncate(size.max(16));
    bytes
}

pub fn part(name: &str, filename: &str, mime_type: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\ncontent-type: {mime_type}\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

pub async fn upload_form(app: &TestApp, token: &str, parts: &[Vec<u8>]) -> Answer {
    let body = [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let call = app.post("/v1/media").key(token).header("content-type", &kind);
    crate::support::Call(call.0.body(body)).send().await
}

pub async fn upload_raw(
    app: &TestApp,
    token: &str,
    (mime_type, query): (&str, &str),
    bytes: Vec<u8>,
) -> Answer {
    let call = app.post(&format!("/v1/media{query}")).key(token).header("content-type", mime_type);
    crate::support::Call(call.0.body(bytes)).send().await
}

pub async fn uploaded(app: &TestApp, of: &Workspace, mime_type: &str, bytes: Vec<u8>) -> Value {
    upload_raw(app, &of.token, (mime_type, "?filename=f.bin"), bytes).await.expect(201)
}

/// Status, headers and bytes of a download.
async fn download(
    app: &TestApp,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
) -> (reqwest::header::HeaderMap, u16, Vec<u8>) {
    let mut call = app.get(path);
    if let Some(token) = token {
        call = call.key(token);
    }
    for (name, value) in headers {
        call = call.header(name, value);
    }
    let response = call.0.send().await.unwrap();
    let (headers, status) = (response.headers().clone(), response.status().as_u16());
    (headers, status, response.bytes().await.unwrap().to_vec())
}

fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url[url.find("/media/").unwrap()..].to_owned()
}

#[tokio::test]
async fn a_file_goes_up_both_ways_and_comes_down_as_it_was() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let token = workspace.token.as_str();
    let bytes = png(300_000);
    let form =
        upload_form(&app, token, &[part("file", "C:\\\\photos\\\\sea.png", "image/png", &bytes)]).await;
    let location = form.header("location").to_owned();
    let form = form.expect(201);
    assert_eq!(location, format!("/v1/media/{}", form["id"].as_str().unwrap()));
    assert_eq!(
        (&form["filename"], &form["mimeType"], &form["size"]),
        (&json!("sea.png"), &json!("image/png"), &json!(300_000))
    );
    assert_eq!(form["sha256"], hex::encode(Sha256::digest(&bytes)));
    let raw = upload_raw(&app, token, ("image/png", "?filename=see%20m%C3%A4r.png"), bytes.clone())
        .await
        .expect(201);
    assert_eq!(raw["filename"], "see mär.png");
    let nameless = upload_raw(&app, token, ("application/octet-stream", ""), bytes.clone()).await.expect(201);
    assert_eq!((&nameless["filename"], &nameless["mimeType"]), (&Value::Null, &json!("image/png")));
    for (path, key) in [(location, Some(token)), (path_of(&raw["url"]), None)] {
        let (headers, status, found) = download(&app, &path, key, &[]).await;
        assert!(status == 200 && found == bytes, "{path} {status}");
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["content-length"], "300000");
        assert_eq!(headers["accept-ranges"], "bytes");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox; frame-ancestors 'none'");
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("inline; filename="));
        assert!(headers["cache-control"].to_str().unwrap().starts_with("private"));
    }
    let page = upload_raw(&app, token, ("text/html", "?filename=x.html"), b"<html><script>".to_vec())
        .await
        .expect(201);
    let (headers, _, _) = download(&app, &path_of(&page["url"]), None, &[]).await;
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'media.create'").await, 4);
    assert_eq!(app.count("SELECT count(*) FROM stray_objects").await, 0);
}

#[tokio::test]
async fn parts_conditions_and_heads_are_answered_as_http_says() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let bytes = png(100_000);
    let file = uploaded(&app, &workspace, "image/png", bytes.clone()).await;
    let path = path_of(&file["url"]);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99999", 0, 100_000),
        ("bytes=8191-8193", 8191, 8194),
        ("bytes=99999-", 99_999, 100_000),
        ("bytes=-1", 99_999, 100_000),
        ("bytes=-200000", 0, 100_000),
        ("bytes=500-2000000", 500, 100_000),
    ] {
        let (headers, status, found) = download(&app, &path, None, &[("range", range)]).await;
        assert!(status == 206 && found == bytes[from..to], "{range}: {status} {}", found.len());
        assert_eq!(headers["content-range"], format!("bytes {from}-{}/100000", to - 1));
        assert_eq!(headers["content-length"], (to - from).to_string());
    }
    let (headers, status, _) = download(&app, &path, None, &[("range", "bytes=100000-")]).await;
    assert_eq!((status, headers["content-range"].to_str().unwrap()), (416, "bytes */100000"));
    let tag = format!("\"{}\"", file["sha256"].as_str().unwrap());
    let with = async |name: &str, value: &str| {
        download(&app, &path, None, &[(name, value), ("range", "bytes=0-9")]).await.1
    };
    assert_eq!(with("if-range", &tag).await, 206);
    assert_eq!(with("if-range", "\"other\"").await, 200);
    assert_eq!(with("if-none-match", &tag).await, 304);
    assert_eq!(with("if-none-match", "\"other\"").await, 206);
    let head = app.call("HEAD", &path).send().await;
    assert_eq!((head.status, head.text.as_str(), head.header("content-length")), (200, "", "100000"));
    assert_eq!(head.header("etag"), tag);
}

#[tokio::test]
async fn a_link_opens_one_file_for_a_while_and_nothing_else() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let file = uploaded(&app, &workspace, "image/png", png(64)).await;
    let path = path_of(&file["url"]);
    let id: MediaId = file["id"].as_str().unwrap().parse().unwrap();
    let http = common::config::Http { public_url: String::new(), ..app.config().http.clone() };
    let links = Links::new(&master_key(), &http);
    let link = |organization, id, hours| links.url(organization, id, chrono::TimeDelta::hours(hours));
    let old = link(workspace.organization, id, -1);
    app.get(&old).send().await.problem(410, "media_link_expired");
    let mut changed = path.clone();
    let last = if changed.ends_with('A') { 'B' } else { 'A' };
    changed.replace_range(30..31, if &changed[30..31] == "A" { "B" } else { "A" });
    app.get(&changed).send().await.problem(403, "media_link_invalid");
    app.get(&format!("{path}{last}")).send().await.problem(403, "media_link_invalid");
    app.get("/media/nonsense").send().await.problem(403, "media_link_invalid");
    app.get(&link(workspace.organization, MediaId::new(), 1)).send().await.problem(404, "not_found");
    app.get(&link(OrganizationId::new(), id, 1)).send().await.problem(404, "not_found");
    assert_eq!(download(&app, &link(workspace.organization, id, 1), None, &[]).await.1, 200);
    let stranger = app.workspace().await;
    let by_key = format!("/v1/media/{id}");
    app.get(&by_key).key(&stranger.token).send().await.problem(404, "not_found");
    app.get(&by_key).send().await.problem(401, "missing_credentials");
    let agent = app.key(&workspace, Role::Agent, &[]).await;
    assert_eq!(download(&app, &by_key, Some(&agent), &[]).await.1, 200);
}

#[tokio::test]
async fn an_upload_that_is_repeated_is_one_file() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let post = async |bytes: &[u8]| {
        let call = app.post("/v1/media").key(&workspace.token).header("idempotency-key", "up");
        crate::support::Call(call.0.header("content-type", "image/png").body(bytes.to_vec())).send().await
    };
    let first = post(&png(1000)).await.expect(201);
    let again = post(&png(1000)).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let again = again.expect(201);
    assert_eq!(again["id"], first["id"]);
    assert_eq!(download(&app, &path_of(&again["url"]), None, &[]).await.1, 200, "with a link that opens");
    post(&png(1001)).await.problem(409, "idempotency_key_reused");
    assert_eq!(app.count("SELECT count(*) FROM media").await, 1);
    assert_eq!((app.stored_files(), app.count("SELECT count(*) FROM stray_objects").await), (1, 0));
    assert_eq!(
        app.count("SELECT count(*) FROM idempotency_keys WHERE encode(body, 'escape') LIKE '%/media/%'")
            .await,
        0
    );
}

#[tokio::test]
async fn a_reply_with_an_upload_is_checked_before_it_is_accepted() {
    let app = TestApp::start().await;
    let (workspace, stranger) = (app.workspace().await, app.workspace().await);
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    let image = uploaded(&app, &workspace, "image/png", png(1000)).await;
    let large = uploaded(&app, &workspace, "image/png", png((5 << 20) + 1)).await;
    let theirs = uploaded(&app, &stranger, "image/png", png(1000)).await;
    let reply = async |content: Value| {
        let body = json!({ "conversationId": conversation, "content": content });
        app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await
    };
    for (kind, id, code) in [
        ("image", &theirs["id"], "not_found"),
        ("image", &json!(MediaId::new()), "not_found"),
        ("image", &large["id"], "media_too_large"),
        ("video", &image["id"], "media_type_not_supported"),
        ("sticker", &image["id"], "media_type_not_supported"),
        ("audio", &image["id"], "media_type_not_supported"),
        ("image", &json!("nonsense"), "invalid_id"),
    ] {
        let problem = reply(json!({ "type": kind, "mediaId": id })).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["field"], "content.mediaId", "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{kind} {id}");
    }
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 0);
    let accepted =
        reply(json!({ "type": "image", "mediaId": image["id"], "caption": "c" })).await.expect(202);
    let content = &accepted["content"];
    assert_eq!(
        (&content["mediaId"], &content["mimeType"], &content["size"]),
        (&image["id"], &json!("image/png"), &json!(1000))
    );
    assert!(content.get("url").is_none(), "a link is made when it is read, and not kept: {content}");
    let document = reply(json!({ "type": "document", "mediaId": large["id"] })).await.expect(202);
    assert_eq!(document["content"]["filename"], "f.bin");
    assert_eq!(app.count("SELECT count(*) FROM message_media").await, 2);
    let read = app.get(&format!("/v1/messages/{}", accepted["id"].as_str().unwrap())).key(&workspace.token);
    let read = read.send().await.expect(200);
    assert_eq!(download(&app, &path_of(&read["content"]["url"]), None, &[]).await.2, png(1000));
    let list = app
        .get(&format!("/v1/conversations/{conversation}/messages"))
        .key(&workspace.token)
        .send()
        .await
        .expect(200);
    assert_eq!(download(&app, &path_of(&list["messages"][0]["content"]["url"]), None, &[]).await.1, 200);
    assert_eq!(app.count("SELECT count(*) FROM messages WHERE content ? 'url'").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM events WHERE payload::text LIKE '%/media/%'").await, 0);
}

#[tokio::test]
async fn a_sticker_may_be_larger_if_it_moves() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    let webp = |flags: u8, size: usize| {
        let mut bytes = [b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".as_slice(), &[flags]].concat();
        bytes.resize(size, 7);
        bytes
    };
    let (still, moving, most) = (0b1_0000, 0b1_0010, 100 << 10);
    for (flags, size, code) in [
        (still, most, None),
        (still, most + 1, Some("media_too_large")),
        (moving, most + 1, None),
        (moving, 5 * most, None),
        (moving, 5 * most + 1, Some("media_too_large")),
    ] {
        let file = uploaded(&app, &workspace, "image/webp", webp(flags, size)).await;
        let content = json!({ "type": "sticker", "mediaId": file["id"] });
        let body = json!({ "conversationId": conversation, "content": content });
        let answer = app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await;
        match code {
            None => assert_eq!(answer.expect(202)["content"]["animated"], flags == moving, "{size}"),
            Some(code) => {
                let problem = answer.problem(422, "invalid_request");
                let fault = (&problem["errors"][0]["field"], &problem["errors"][0]["code"]);
                assert_eq!(fault, (&json!("content.mediaId"), &json!(code)), "{size}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_no_message_needs_is_forgotten_after_thirty_days() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    let (used, unused) = (
        uploaded(&app, &workspace, "image/png", png(100)).await,
        uploaded(&app, &workspace, "image/png", png(100)).await,
    );
    let body =
        json!({ "conversationId": conversation, "content": { "type": "image", "mediaId": used["id"] } });
    let sent = app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await.expect(202);
    let prune = async || common::db::media::prune(&app.pool().get().await.unwrap(), 10).await.unwrap();
    assert_eq!(prune().await, 0, "both are young");
    let old = "UPDATE media SET look_at = now() - interval '1 second'";
    app.execute(old).await;
    assert_eq!((prune().await, prune().await), (2, 0));
    let there = async |file: &Value| app.get(&path_of(&file["url"])).send().await.status;
    assert_eq!((there(&used).await, there(&unused).await), (200, 404));
    let strays = common::db::media::list_strays(&app.pool().get().await.unwrap(), 10).await.unwrap();
    assert_eq!(strays.len(), 1, "its object is to be deleted");
    // Its message is erased: from then on nothing needs it.
    let id: common::domain::ids::MessageId = sent["id"].as_str().unwrap().parse().unwrap();
    app.execute(&format!("DELETE FROM messages WHERE id = '{}'; {old}", id.0)).await;
    assert_eq!((prune().await, there(&used).await), (1, 404));
}
