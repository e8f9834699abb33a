//! `POST /2010-04-01/Accounts/{sid}/Messages.json`: send a text.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use parking_lot::Mutex;
use reqwest::Url;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::account::Account;
use super::callback::{self, Told};
use super::error::ApiError;
use super::message::{Message, State as Progress, mint};
use super::validate::{self, Draft, Form};
use super::{caller, media, segments};
use crate::clock::{MILLISECOND, Micros};
use crate::faults::{Drop, Fault, Refuse, StatusFault};
use crate::recipient_faults;
use crate::sandbox::Sandbox;
use crate::server::Cut;

const SECOND: Micros = 1_000 * MILLISECOND;
/// How much a sender may have waiting at the provider.
const QUEUE: Micros = 10 * 3_600 * SECOND;
/// The code of a file that could not be had.
const NOT_FETCHED: u32 = 11_200;

/// Sends a text.
pub async fn create_message(
    State(sandbox): State<Arc<Sandbox>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let account = caller::account(&sandbox, &headers, &sid)?;
    let form = read(&headers, &bytes);
    let config = account.config();
    let draft = validate::draft(&config, &form)?;
    let contact = draft.to.trim_start_matches('+').to_owned();
    let fault = fault(&sandbox, &draft.from, &contact).unwrap_or_default();
    pause(fault.delay_ms).await;
    if fault.drop == Some(Drop::BeforeAccept) {
        return Ok(cut());
    }
    if let Some(refuse) = &fault.refuse {
        return Err(refuse.into());
    }
    let (message, due) = accept(&sandbox, &account, &draft, &form)?;
    follow(&sandbox, &account, &message, draft.files, (due, fault.status.clone().unwrap_or_default()));
    if let Some(milliseconds) = fault.hold_ms {
        sandbox.held.begin(&message.clone().into(), sandbox.clock.now()).wait(milliseconds).await;
    }
    if fault.drop == Some(Drop::AfterAccept) {
        return Ok(cut());
    }
    pause(Some(sandbox.behaviour.get().answer_ms)).await;
    let mut view = message.view(&sandbox.clock);
    // However quick its statuses were: the answer tells the first one.
    view["status"] = json!(if message.service.is_some() { "accepted" } else { "queued" });
    Ok((StatusCode::CREATED, axum::Json(view)).into_response())
}

async fn pause(milliseconds: Option<u64>) {
    if let Some(milliseconds) = milliseconds.filter(|milliseconds| *milliseconds > 0) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

fn cut() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Cut);
    response
}

/// The form's parameters; a body of another type has none.
pub(super) fn read(headers: &HeaderMap, bytes: &[u8]) -> Form {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Form(Vec::new());
    }
    Form(form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

/// The fault for a message: ordered by a rule, or else by the recipient's digits, with this provider's codes.
fn fault(sandbox: &Sandbox, sender: &str, contact: &str) -> Option<Fault> {
    sandbox.faults.pick(sender, contact).or_else(|| {
        let asked = recipient_faults::ask(contact).filter(|_| sandbox.behaviour.get().recipient_faults)?;
        let refuse = asked.refuse.map(|refuse| {
            let (http_status, code) = match refuse.code {
                190 => (401, 20_003),
                131_056 => (429, 21_611),
                130_429 => (429, 20_429),
                131_000 => (500, 20_500),
                2 => (503, 20_503),
                _ => (400, 21_610),
            };
            Refuse { http_status, code, is_transient: None, ..refuse }
        });
        let status = asked.status.map(|status| {
            let fail_code = status.fail_code.map(|code| if code == 131_053 { 30_007 } else { 30_005 });
            StatusFault { fail_code, ..status }
        });
        Some(Fault { refuse, status, ..asked })
    })
}

/// Takes a message in, or says which rule forbids it now; with the time when its turn in the sender's queue comes.
fn accept(
    sandbox: &Sandbox,
    account: &Account,
    draft: &Draft,
    form: &Form,
) -> Result<(Arc<Message>, Micros), ApiError> {
    let behaviour = sandbox.behaviour.get();
    let config = account.config();
    let segments = segments::number(&draft.body);
    let mut book = account.book.lock();
    let now = sandbox.clock.now();
    if book.is_stopped(&draft.from, &draft.to) {
        return Err(ApiError::of(21_610));
    }
    let mut due = now;
    if behaviour.pacing {
        let own = config.number(&draft.from).and_then(|number| number.throughput);
        let rate = own.unwrap_or(behaviour.text_throughput).max(1);
        let free = book.queues.get(&draft.from).copied().unwrap_or_default().max(now);
        if free - now > QUEUE {
            return Err(ApiError::new(429, 21_611, super::error::words(21_611)));
        }
        due = free;
        book.queues.insert(draft.from.clone(), free + segments as u64 * SECOND / rate);
    }
    let sid = mint(if draft.files.is_empty() { "SM" } else { "MM" });
    let message = sandbox.ledger.append(|n| {
        Arc::new(Message {
            n,
            sequence: sandbox.next_sequence(),
            sid: sid.into(),
            account: config.account_sid.as_str().into(),
            inbound: false,
            from: draft.from.as_str().into(),
            to: draft.to.as_str().into(),
            service: draft.service.as_deref().map(Into::into),
            body: draft.body.as_str().into(),
            segments,
            files_asked: draft.files.len(),
            callback: draft.callback.as_ref().map(|url| url.as_str().into()),
            correlation: draft.callback.as_ref().and_then(correlation).map(Into::into),
            form: as_json(form).to_string().into_bytes().into(),
            at: now,
            state: Mutex::new(Progress { status: "queued", error: None, updated: now, files: Vec::new() }),
        })
    });
    book.add(message.clone());
    Ok((message, due))
}

/// What the business calls a message by: the first value in the query of its callback.
fn correlation(callback: &Url) -> Option<String> {
    callback.query_pairs().next().map(|(_, value)| value.into_owned())
}

fn as_json(form: &Form) -> Value {
    let mut object = Map::new();
    for (name, value) in &form.0 {
        match object.get_mut(name) {
            None => drop(object.insert(name.clone(), json!(value))),
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    Value::Object(object)
}

/// Fetches its files, then tells how it fares.
fn follow(
    sandbox: &Arc<Sandbox>,
    account: &Arc<Account>,
    message: &Arc<Message>,
    files: Vec<Url>,
    (due, fault): (Micros, StatusFault),
) {
    let (sandbox, account, message) = (sandbox.clone(), account.clone(), message.clone());
    sandbox.webhooks.clone().spawn(async move {
        let mut fault = fault;
        for url in files {
            match media::fetch(&sandbox, &message.account, &url).await {
                Ok(Some(medium)) => message.state.lock().files.push(medium),
                // Not of this machine: it is taken on trust.
                Ok(None) => (),
                Err(reason) => {
                    tracing::info!(reason, "a linked file could not be had");
                    fault = StatusFault { fail_code: Some(NOT_FETCHED), ..StatusFault::default() };
                }
            }
        }
        for step in plan(&sandbox, &fault, due) {
            tokio::time::sleep_until(sandbox.clock.instant(step.due)).await;
            callback::status(&sandbox, &account, &message, &step).await;
        }
    });
}

/// What is told of a message, and when.
fn plan(sandbox: &Sandbox, fault: &StatusFault, due: Micros) -> Vec<Told> {
    use crate::faults::StatusName;
    let behaviour = sandbox.behaviour.get();
    let mut at = due + fault.delay_ms.unwrap_or(0) * MILLISECOND;
    let steps: Vec<(&'static str, StatusName)> = match fault.fail_code {
        // What never left is failed; what a carrier did not deliver is undelivered.
        Some(30_000..=30_999) => vec![("sent", StatusName::Sent), ("undelivered", StatusName::Failed)],
        Some(_) => vec![("failed", StatusName::Failed)],
        None => vec![("sent", StatusName::Sent), ("delivered", StatusName::Delivered)],
    };
    let mut told: Vec<Told> = Vec::new();
    for (status, name) in steps {
        at += behaviour.status_ms * MILLISECOND;
        let code = fault.fail_code.filter(|_| name == StatusName::Failed);
        let bare = fault.drop_correlation;
        if !fault.suppress.contains(&name) {
            told.push(Told { due: at, status, code, bare });
        }
    }
    if fault.reorder {
        let dues: Vec<Micros> = told.iter().map(|step| step.due).collect();
        told.reverse();
        told.iter_mut().zip(dues).for_each(|(step, due)| step.due = due);
    }
    told.into_iter().flat_map(|step| std::iter::repeat_n(step, 1 + fault.duplicate)).collect()
}
