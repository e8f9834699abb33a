//! Media: upload, look up, download, delete.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer;
use super::caller::Caller;
use super::error::GraphError;
use super::paging::Query;
use crate::clock::{MILLISECOND, Micros};
use crate::faults::MediaCall;
use crate::media::{self, Medium};
use crate::sandbox::Sandbox;
use crate::webhook::signature;

const URL_LIFE: Micros = 5 * 60 * 1_000 * MILLISECOND;

/// Stores an uploaded file.
pub async fn upload_media(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, GraphError> {
    let phone = caller.phone(&sandbox, &id, "post")?;
    let form = form.map_err(|rejection| GraphError::parameter(rejection.body_text()))?;
    let Form { product, kind, file } =
        read(form).await.map_err(|error| GraphError::parameter(error.body_text()))?;
    match product.as_deref() {
        Some("whatsapp") => {}
        Some(_) => return Err(GraphError::parameter("Param messaging_product must be one of {WHATSAPP}")),
        None => return Err(GraphError::parameter("The parameter messaging_product is required.")),
    }
    let Some((part_type, bytes)) = file else {
        return Err(GraphError::parameter("The parameter file is required."));
    };
    let mime_type = media::bare_mime_type(&kind.or(part_type).unwrap_or_default());
    let Some(largest) = media::largest(&mime_type, &bytes) else {
        return Err(GraphError::parameter(format!(
            "Param file must be a file of a supported type. Received file of type '{mime_type}'."
        )));
    };
    if bytes.len() > largest {
        let text = format!("Param file must be at most {largest} bytes for type '{mime_type}'.");
        return Err(GraphError::parameter(text));
    }
    let medium = sandbox.media.put(&phone.account.waba_id, &mime_type, bytes);
    let medium =
        medium.ok_or_else(|| GraphError::of(131_000).because("The sandbox's media store is too small."))?;
    Ok(Json(json!({"id": medium.id})))
}

#[derive(Default)]
struct Form {
    product: Option<String>,
    kind: Option<String>,
    file: Option<(Option<String>, Bytes)>,
}

async fn read(mut form: Multipart) -> Result<Form, axum::extract::multipart::MultipartError> {
    let mut read = Form::default();
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("messaging_product") => read.product = Some(field.text().await?),
            Some("type") => read.kind = Some(field.text().await?),
            Some("file") => {
                let kind = field.content_type().map(str::to_owned);
                read.file = Some((kind, field.bytes().await?));
            }
            _ => {}
        }
    }
    Ok(read)
}

/// What a fault does to a call about a file: an answer in place of the usual one, if it gives one.
pub(crate) async fn disturbed(sandbox: &Sandbox, call: MediaCall) -> Option<Response> {
    let fault = sandbox.faults.pick_media(call)?;
    if let Some(milliseconds) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    if fault.cut {
        return Some(answer::cut());
    }
    let status = fault.http_status.and_then(|status| StatusCode::from_u16(status).ok())?;
    Some(status.into_response())
}

/// A file's details, with an address to download it from for five minutes.
pub(super) fn look_up(
    sandbox: &Sandbox,
    caller: &Caller,
    id: &str,
    query: &Query,
) -> Result<Value, GraphError> {
    let medium = find(sandbox, caller, id, "get")?;
    if let Some(phone_id) = query.get("phone_number_id") {
        let phone = caller.phone(sandbox, phone_id, "get")?;
        if phone.account.waba_id != medium.waba_id {
            return Err(GraphError::no_object("get", id));
        }
    }
    let expires = sandbox.clock.unix_seconds(sandbox.clock.now() + URL_LIFE);
    Ok(json!({
        "messaging_product": "whatsapp",
        "url": caller.url(&format!("/media/{id}?ext={expires}&hash={}", seal(&medium, expires))),
        "mime_type": medium.mime_type,
        "sha256": hex::encode(medium.digest),
        "file_size": medium.bytes.len(),
        "id": medium.id,
    }))
}

/// Forgets a file.
pub(super) fn delete(sandbox: &Sandbox, caller: &Caller, id: &str) -> Result<(), GraphError> {
    find(sandbox, caller, id, "delete")?;
    sandbox.media.delete(id);
    Ok(())
}

/// `GET /media/{id}`: the bytes of a file, for the token that may read it, while the address lives.
pub async fn download_media(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, GraphError> {
    if let Some(answer) = disturbed(&sandbox, MediaCall::Download).await {
        return Ok(answer);
    }
    let caller = Caller::from_headers(&headers, &uri)?;
    let gone = || StatusCode::NOT_FOUND.into_response();
    let Ok(medium) = find(&sandbox, &caller, &id, "get") else {
        caller.accounts(&sandbox)?;
        return Ok(gone());
    };
    let query = Query::of(&uri);
    let expires = query.get("ext").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let alive = expires > sandbox.clock.unix_seconds(sandbox.clock.now());
    if !alive || query.get("hash") != Some(seal(&medium, expires).as_str()) {
        return Ok(gone());
    }
    Ok(([(header::CONTENT_TYPE, medium.mime_type.clone())], medium.bytes.clone()).into_response())
}

fn find(sandbox: &Sandbox, caller: &Caller, id: &str, method: &str) -> Result<Arc<Medium>, GraphError> {
    let accounts = caller.accounts(sandbox)?;
    let medium = sandbox.media.get(id);
    let medium = medium.filter(|medium| accounts.iter().any(|account| account.waba_id == medium.waba_id));
    medium.ok_or_else(|| GraphError::no_object(method, id))
}

/// Ties an address's expiry to its file; it guards nothing, it only makes tampering visible.
fn seal(medium: &Medium, expires: u64) -> String {
    let signed = signature(&medium.id, expires.to_string().as_bytes());
    signed.trim_start_matches("sha256=")[..32].to_owned()
}
