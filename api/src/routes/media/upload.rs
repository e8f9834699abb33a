//! `POST /v1/media`: streams a file into the store, and makes it known once all of it is there.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use common::db;
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::media::{self, Upload as Row};
use common::domain::ids::MediaId;
use common::domain::principal::Principal;
use common::media::{Links, Store, StoreError, Writer, Written, detect};
use common::metrics;
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::MediaView;
use super::upload_body::{Source, Told, Upload};
use crate::auth::{Allowed, rights::MediaCreate};
use crate::extract::{IdempotencyKey, Query, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// Most bytes of an answer that is read again to add a fresh link.
const ANSWER_LIMIT: usize = 64 << 10;

/// What a raw body cannot say of itself.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadMedia {
    /// The file's name, if the body is the file itself.
    filename: Option<String>,
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read as a stream")]
pub struct UploadForm {
    /// The file, with its name and type.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A file as it lies in the store, not known to anybody yet.
struct Stored {
    id: MediaId,
    key: String,
    told: Told,
    mime_type: String,
    written: Written,
}

/// Upload a file
///
/// Either as a form with one part named `file`, or as the file itself with its `Content-Type` and, if it has a name,
/// `?filename=`. Its type is found in its content: a file that is not what it says is refused (`media_type_mismatch`).
/// Send its `id` as `mediaId` in a message. What a channel takes is checked there. A file that no message refers to is
/// deleted after 30 days.
#[utoipa::path(
    post, path = "/v1/media", tag = "Media",
    extensions(("x-required-scopes" = json!(["media:create"]))),
    params(UploadMedia),
    request_body(content((UploadForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 201, description = "Stored", body = MediaView, headers(("Location" = String))))
)]
pub async fn upload_media(
    caller: Allowed<MediaCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Query(query): Query<UploadMedia>,
    request: Request,
) -> Result<Response, Problem> {
    let Ok(_room) = state.uploads.try_acquire() else {
        return Err(Problem::unavailable("too_much_waiting", "Too many uploads are under way"));
    };
    announced(request.headers(), state.config.media.most_bytes)?;
    let stored = receive(&state, &caller, &query, request).await;
    let result = match &stored {
        Ok(_) => "stored",
        Err(problem) => outcome(problem),
    };
    metrics::get().media_uploads.with_label_values(&[result]).inc();
    let stored = stored?;
    metrics::get().media_bytes.with_label_values(&["upload"]).inc_by(stored.written.size);
    let once = Once::hashed(&caller, "POST /v1/media", key, stored.written.sha256);
    let answered = once.answer(&state.pool, make_known(&state, &caller, &once, &stored, trace)).await;
    let unused = match &answered {
        Ok(answer) => answer
            .headers()
            .get("location")
            .is_none_or(|path| path.as_bytes() != location(stored.id).as_bytes()),
        Err(problem) => problem.status.is_client_error(),
    };
    if unused {
        // The same file was there before: this copy is of no use. After a fault of the database nobody knows whether the file
        // is known; if it is not, the sweep deletes it.
        forget(&state, &stored.key).await;
    }
    with_link(&state, &caller, answered?).await
}

fn location(id: MediaId) -> String {
    format!("/v1/media/{id}")
}

fn outcome(problem: &Problem) -> &'static str {
    match problem.code {
        "media_type_mismatch" => "mismatch",
        "body_too_large" => "too_large",
        _ if problem.status.is_client_error() => "aborted",
        _ => "failed",
    }
}

fn too_large(most: u64) -> Problem {
    let detail = format!("The file is larger than {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// Refuses at once what says that it is too large; a form around a file takes some bytes more.
fn announced(headers: &HeaderMap, most: u64) -> Result<(), Problem> {
    let length =
        headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most.saturating_add(64 << 10)) {
        Err(too_large(most))
    } else {
        Ok(())
    }
}

/// Streams the file into the store. Whatever ends it early leaves an object that is swept, if any.
async fn receive(
    state: &AppState,
    caller: &Principal,
    query: &UploadMedia,
    request: Request,
) -> Result<Stored, Problem> {
    let mut upload = Upload::of(request, query.filename.as_deref()).await?;
    let (told, mut source) = upload.file().await?;
    let id = MediaId::new();
    let key = Store::key(caller.organization, id);
    media::begin_object(&state.db().await?, &key).await?;
    let mut writer = state.store.writer(&key, state.config.media.most_bytes);
    let copied = copy(&mut source, &mut writer).await;
    drop(source);
    let checked = match copied {
        Ok(()) => upload.end().await.and_then(|()| check(&writer, &told)),
        Err(problem) => Err(problem),
    };
    let mime_type = match checked {
        Ok(mime_type) => mime_type,
        Err(problem) => {
            writer.abort().await;
            forget(state, &key).await;
            return Err(problem);
        }
    };
    let written = writer.finish().await.map_err(storage)?;
    Ok(Stored { id, key, told, mime_type, written })
}

async fn copy(source: &mut Source<'_>, writer: &mut Writer) -> Result<(), Problem> {
    while let Some(bytes) = source.next().await? {
        writer.write(bytes).await.map_err(storage)?;
    }
    Ok(())
}

fn check(writer: &Writer, told: &Told) -> Result<String, Problem> {
    if writer.size() == 0 {
        return Err(Problem::invalid("file", "too_short", "must not be empty"));
    }
    detect::media_type(writer.head(), told.mime_type.as_deref()).map_err(|mismatch| {
        let detail = format!("The file {mismatch}");
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "media_type_mismatch", detail);
        problem.field("file", "media_type_mismatch", mismatch.to_string())
    })
}

fn storage(error: StoreError) -> Problem {
    match error {
        StoreError::TooLarge(most) => too_large(most),
        other => super::serve::unavailable(other),
    }
}

async fn make_known(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    stored: &Stored,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let row = Row {
        id: stored.id,
        object_key: &stored.key,
        filename: stored.told.filename.as_deref(),
        mime_type: &stored.mime_type,
        written: &stored.written,
        guest: caller.credential.guest(),
    };
    let created_at = media::insert(&tx, caller.organization, row).await?;
    let detail = json!({ "mimeType": stored.mime_type, "size": stored.written.size });
    let entry = Entry::by(caller, "media.create", stored.id, trace).detail(detail);
    audit::insert(&tx, &entry).await?;
    let view = MediaView {
        id: stored.id,
        filename: stored.told.filename.clone(),
        mime_type: stored.mime_type.clone(),
        size: stored.written.size,
        sha256: hex::encode(stored.written.sha256),
        // Not kept with the answer: whoever repeats the request gets a fresh one.
        url: None,
        created_at: Timestamp(created_at),
    };
    let answer = once.fill(&tx, StatusCode::CREATED, &view, Some(location(stored.id))).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}

/// Deletes an object that was never made known; what cannot be deleted now is swept.
async fn forget(state: &AppState, key: &str) {
    let forgotten = async {
        state.store.delete(key).await.map_err(|error| error.to_string())?;
        let client = state.pool.get().await.map_err(|error| error.to_string())?;
        media::forget_objects(&client, &[key.to_owned()]).await.map_err(|error| error.to_string())
    };
    if let Err(error) = forgotten.await {
        tracing::debug!(error, "an object that was given up is left to the sweep");
    }
}

/// Adds a fresh link to the answer.
async fn with_link(state: &AppState, caller: &Principal, answer: Response) -> Result<Response, Problem> {
    if answer.status() != StatusCode::CREATED {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, ANSWER_LIMIT).await.map_err(Problem::internal)?;
    let mut view: MediaView = serde_json::from_slice(&body).map_err(Problem::internal)?;
    view.url = Some(state.links.url(caller.organization, view.id, Links::SHOWN));
    let body = serde_json::to_vec(&view).map_err(Problem::internal)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
