//! Files of texts: fetched for the business's messages, served for the contacts'.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use reqwest::Url;
use serde_json::{Value, json};

use super::caller;
use super::error::ApiError;
use super::message::{Message, VERSION};
use crate::faults::MediaCall;
use crate::media::{Medium, bare_mime_type};
use crate::sandbox::Sandbox;

/// Longest fetch, and most bytes.
const LONGEST: Duration = Duration::from_secs(20);
const LARGEST_PICTURE: usize = 5 << 20;
const LARGEST: usize = 500 << 10;

/// Fetches a file of a message, if it is on this machine.
pub(crate) async fn fetch(
    sandbox: &Sandbox,
    account: &str,
    url: &Url,
) -> Result<Option<Arc<Medium>>, String> {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !loopback || !sandbox.behaviour.get().fetch_links {
        return Ok(None);
    }
    let sent = sandbox.webhooks.client.get(url.clone()).timeout(LONGEST).send().await;
    let mut response = sent.map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("HTTP {}", response.status()));
    }
    let told = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let mime_type = bare_mime_type(told.unwrap_or_default());
    let picture = matches!(mime_type.as_str(), "image/jpeg" | "image/png" | "image/gif");
    let most = if picture { LARGEST_PICTURE } else { LARGEST };
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Err(format!("larger than {most} bytes"));
        }
    }
    let stored = sandbox.media.put(account, &mime_type, bytes.freeze());
    stored.map(Some).ok_or_else(|| "larger than the media store".to_owned())
}

fn files(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    (account, message): (&str, &str),
) -> Result<(Arc<Message>, Vec<Arc<Medium>>), ApiError> {
    let found = caller::account(sandbox, headers, account)?;
    let path = || format!("/{VERSION}/Accounts/{account}/Messages/{message}");
    let message = found.book.lock().find(message).ok_or_else(|| ApiError::not_found(&path()))?;
    let files = message.state.lock().files.clone();
    Ok((message, files))
}

/// `…/Media.json`: lists a message's files.
pub async fn list_media(
    State(sandbox): State<Arc<Sandbox>>,
    Path((account, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let (message, files) = files(&sandbox, &headers, (&account, &message))?;
    let view = |medium: &Arc<Medium>| {
        let sid = Message::file_sid(medium);
        let uri = format!("{}/Media/{sid}.json", message.path());
        json!({
            "sid": sid, "account_sid": account, "parent_sid": message.sid, "content_type": medium.mime_type,
            "date_created": sandbox.clock.utc(message.at).to_rfc2822(), "uri": uri,
        })
    };
    let list: Vec<Value> = files.iter().map(view).collect();
    Ok(Json(json!({ "media_list": list, "page": 0, "page_size": 50, "next_page_uri": null })))
}

/// `…/Media/{sid}`: leads to where the bytes are, which needs no password.
pub async fn find_media(
    State(sandbox): State<Arc<Sandbox>>,
    Path((account, message, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(answer) = disturbed(&sandbox, MediaCall::LookUp).await {
        return Ok(answer);
    }
    let (message, files) = files(&sandbox, &headers, (&account, &message))?;
    let found = files.iter().find(|medium| Message::file_sid(medium) == file);
    let medium = found.ok_or_else(|| ApiError::not_found(&format!("{}/Media/{file}", message.path())))?;
    let location = format!("/text-files/{}", medium.id);
    Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response())
}

/// `/text-files/{id}`: the bytes. Whoever brings a password here has given it away.
pub async fn download_media(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(answer) = disturbed(&sandbox, MediaCall::Download).await {
        return answer;
    }
    if headers.contains_key(header::AUTHORIZATION) {
        return (StatusCode::BAD_REQUEST, "Only one auth mechanism allowed").into_response();
    }
    match sandbox.media.get(&id) {
        Some(medium) => {
            ([(header::CONTENT_TYPE, medium.mime_type.clone())], medium.bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a fault does to a call about a file.
async fn disturbed(sandbox: &Sandbox, call: MediaCall) -> Option<Response> {
    crate::graph::media::disturbed(sandbox, call).await
}
