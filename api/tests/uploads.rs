//! Uploads that are not taken, break off, or are too many at once.

use std::time::Duration;

use common::testing::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::media::{part, png, upload_form, upload_raw};
use crate::support::{Options, TestApp};

#[tokio::test]
async fn what_is_not_what_it_says_is_refused_and_nothing_is_left_of_it() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let token = workspace.token.as_str();
    let raw = async |kind: &str, bytes: &[u8]| upload_raw(&app, token, (kind, ""), bytes.to_vec()).await;
    assert_eq!(raw("image/png", b"<html>").await.fields(422, "media_type_mismatch"), ["file"]);
    raw("image/jpeg", &png(100)).await.problem(422, "media_type_mismatch");
    raw("application/pdf", b"MZ\x90\0\x03\0").await.problem(422, "media_type_mismatch");
    assert_eq!(raw("image/png", b"").await.fields(422, "invalid_request"), ["file"]);
    let name = upload_raw(&app, token, ("text/plain", "?filename=a%0Ab"), b"x".to_vec()).await;
    assert_eq!(name.fields(422, "invalid_request"), ["filename"]);
    upload_raw(&app, token, ("text/plain", "?name=a"), b"x".to_vec()).await.problem(400, "unknown_parameter");
    let form = async |parts: &[Vec<u8>]| upload_form(&app, token, parts).await;
    assert_eq!(form(&[]).await.fields(400, "required_field_missing"), ["file"]);
    assert_eq!(form(&[part("other", "a", "text/plain", b"x")]).await.fields(422, "unknown_field"), ["other"]);
    let file = part("file", "a", "text/plain", b"x");
    form(&[file.clone(), file.clone()]).await.problem(400, "malformed_request");
    assert_eq!(
        form(&[file, part("more", "a", "text/plain", b"x")]).await.fields(422, "unknown_field"),
        ["more"]
    );
    let call = app.post("/v1/media").key(token).header("content-type", "multipart/form-data");
    crate::support::Call(call.0.body("x")).send().await.problem(400, "malformed_request");
    assert_eq!(app.count("SELECT count(*) FROM media").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM stray_objects").await, 0);
    assert_eq!(app.stored_files(), 0);
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_upload_is_refused_without_being_held_in_memory() {
    let app = TestApp::start_with(Options { upload_limit: 300 << 20, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let announced = app.post("/v1/media").key(&workspace.token).header("content-length", "400000000");
    let chunk = bytes::Bytes::from(vec![0_u8; 1 << 20]);
    let refused = crate::support::Call(announced.0.body(chunk.clone())).0.send().await;
    // Refused before the body is read: the client may see the answer, or only that nobody takes the rest.
    assert!(refused.is_err() || refused.unwrap().status() == 413);
    let before = resident();
    let chunks = futures_util::stream::iter((0..400).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let call = app.post("/v1/media").key(&workspace.token).header("content-type", "application/octet-stream");
    let answer = call.0.body(reqwest::Body::wrap_stream(chunks)).send().await;
    let grown = resident().saturating_sub(before);
    assert!(answer.is_err() || answer.unwrap().status() == 413);
    assert!(grown < 150 << 20, "grew by {} MiB for 300 MiB", grown >> 20);
    eventually("nothing is left of it", Duration::from_secs(10), async || match app.stored_files() {
        0 => Ok(()),
        left => Err(left),
    })
    .await;
    assert_eq!(app.count("SELECT count(*) FROM media").await, 0);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_no_file_and_no_row() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    for sent in [100, 7 << 20] {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let head = format!(
            "POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: image/png\r\nContent-Length: 9000000\r\n\r\n",
            workspace.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&png(sent)).await.unwrap();
        // What is under way stands in the list of objects that nothing answers for, should this process die.
        eventually("the upload is under way", Duration::from_secs(10), async || {
            let strays = app.count("SELECT count(*) FROM stray_objects").await;
            let begun = sent < 6 << 20 || app.stored_files() == 1;
            if strays > 0 && begun { Ok(()) } else { Err(strays) }
        })
        .await;
        drop(stream);
        eventually("nothing is left of it", Duration::from_secs(10), async || match app.stored_files() {
            0 => Ok(()),
            left => Err(left),
        })
        .await;
    }
    assert_eq!(app.count("SELECT count(*) FROM media").await, 0);
}

#[tokio::test]
async fn too_many_uploads_at_once_are_told_to_wait() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let mut open = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let head = format!(
            "POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: image/png\r\nContent-Length: 900\r\n\r\n",
            workspace.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        open.push(stream);
    }
    eventually("all of them are under way", Duration::from_secs(10), async || {
        match app.count("SELECT count(*) FROM stray_objects").await {
            32 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    upload_raw(&app, &workspace.token, ("image/png", ""), png(100)).await.problem(503, "too_much_waiting");
    let mut last = open.pop().unwrap();
    last.write_all(&png(900)).await.unwrap();
    let mut answer = [0; 12];
    last.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    upload_raw(&app, &workspace.token, ("image/png", ""), png(100)).await.expect(201);
}
