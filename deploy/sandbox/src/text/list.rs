//! `…/Messages.json` and `…/Messages/{sid}.json`: look messages up, cancel, take the words out, forget.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::caller;
use super::create::read;
use super::error::ApiError;
use super::message::{Message, VERSION};
use super::validate::Form;
use crate::sandbox::Sandbox;

const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

/// Lists messages of both directions, newest first.
pub async fn list_messages(
    State(sandbox): State<Arc<Sandbox>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Value>, ApiError> {
    let account = caller::account(&sandbox, &headers, &sid)?;
    let query = uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let query = Form(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect());
    let size =
        query.get("PageSize").and_then(|text| text.parse().ok()).unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let page: usize = query.get("Page").and_then(|text| text.parse().ok()).unwrap_or(0);
    let dates = dates(&query)?;
    let after = query.get("PageToken");
    let book = account.book.lock();
    let mut found = book
        .newest_first()
        .skip_while(|message| after.is_some_and(|after| !after.ends_with(&*message.sid)))
        .skip(usize::from(after.is_some()))
        .filter(|message| {
            let of = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
            let at = sandbox.clock.utc(message.at);
            of("To", &message.to) && of("From", &message.from) && dates.iter().all(|limit| limit.takes(at))
        });
    let messages: Vec<&Arc<Message>> = found.by_ref().take(size).collect();
    let next = found.next().and(messages.last()).map(|last| {
        let kept = query.0.iter().filter(|(name, _)| !matches!(name.as_str(), "Page" | "PageToken"));
        let mut next = form_urlencoded::Serializer::new(String::new());
        next.extend_pairs(kept).append_pair("Page", &(page + 1).to_string());
        next.append_pair("PageToken", &format!("PA{}", last.sid));
        format!("/{VERSION}/Accounts/{sid}/Messages.json?{}", next.finish())
    });
    Ok(Json(json!({
        "messages": messages.iter().map(|message| message.view(&sandbox.clock)).collect::<Vec<_>>(),
        "page": page,
        "page_size": size,
        "uri": uri.to_string(),
        "first_page_uri": format!("/{VERSION}/Accounts/{sid}/Messages.json?PageSize={size}&Page=0"),
        "next_page_uri": next,
        "previous_page_uri": null,
        "start": page * size,
        "end": (page * size + messages.len()).saturating_sub(1),
    })))
}

/// A limit on when a message was sent.
enum Limit {
    On(NaiveDate),
    From(DateTime<Utc>),
    Until(DateTime<Utc>),
}

impl Limit {
    fn takes(&self, at: DateTime<Utc>) -> bool {
        match self {
            Self::On(day) => at.date_naive() == *day,
            Self::From(first) => at >= *first,
            Self::Until(last) => at <= *last,
        }
    }
}

/// `DateSent=`, `DateSent>=` and `DateSent<=`, with a day or a time.
fn dates(query: &Form) -> Result<Vec<Limit>, ApiError> {
    let mut limits = Vec::new();
    for (name, value) in &query.0 {
        let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
        let time = DateTime::parse_from_rfc3339(value).ok().map(|time| time.to_utc());
        let limit = match (name.as_str(), day, time) {
            ("DateSent", Some(day), _) => Limit::On(day),
            ("DateSent", None, Some(time)) => Limit::On(time.date_naive()),
            ("DateSent>", day, time) => Limit::From(time.or_else(|| start(day?)).ok_or_else(wrong_date)?),
            ("DateSent<", day, time) => {
                Limit::Until(time.or_else(|| start(day?.succ_opt()?)).ok_or_else(wrong_date)?)
            }
            ("DateSent", None, None) => return Err(wrong_date()),
            _ => continue,
        };
        limits.push(limit);
    }
    Ok(limits)
}

fn start(day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}

fn wrong_date() -> ApiError {
    ApiError::new(400, 20_001, "Invalid date")
}

fn find(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    account: &str,
    file: &str,
) -> Result<(Arc<super::account::Account>, Arc<Message>), ApiError> {
    let found = caller::account(sandbox, headers, account)?;
    let sid = file.strip_suffix(".json").unwrap_or(file);
    let message = found.book.lock().find(sid);
    let path = || format!("/{VERSION}/Accounts/{account}/Messages/{file}");
    Ok((found, message.ok_or_else(|| ApiError::not_found(&path()))?))
}

/// Shows a message.
pub async fn fetch_message(
    State(sandbox): State<Arc<Sandbox>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let (_, message) = find(&sandbox, &headers, &account, &file)?;
    Ok(Json(message.view(&sandbox.clock)))
}

/// Cancels a message that has not left.
pub async fn change_message(
    State(sandbox): State<Arc<Sandbox>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let (_, message) = find(&sandbox, &headers, &account, &file)?;
    let form = read(&headers, &bytes);
    if form.get("Status") != Some("canceled") {
        return Err(ApiError::new(400, 20_001, "Only Status=canceled is played here"));
    }
    {
        let mut state = message.state.lock();
        if state.status != "queued" {
            return Err(ApiError::new(400, 30_409, "The message cannot be canceled any more"));
        }
        state.status = "canceled";
        state.updated = sandbox.clock.now();
    }
    Ok(Json(message.view(&sandbox.clock)))
}

/// Forgets a message.
pub async fn delete_message(
    State(sandbox): State<Arc<Sandbox>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (account, message) = find(&sandbox, &headers, &account, &file)?;
    account.book.lock().forget(&message.sid);
    Ok(StatusCode::NO_CONTENT.into_response())
}
