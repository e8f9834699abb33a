//! `POST /{version}/{page}/messages`: send a message, react, or show that somebody saw or types.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use serde_json::{Map, Value, json};

use super::error::PageError;
use super::message::{Message, mint};
use super::page::{Chat, Page, Platform};
use super::tell::tell;
use super::validate::{self, Request, Window};
use crate::clock::{MILLISECOND, Micros};
use crate::faults::{Drop, Fault, Refuse, StatusFault, StatusName};
use crate::media::Medium;
use crate::message::{Progress, Step};
use crate::recipient_faults;
use crate::sandbox::Sandbox;
use crate::server::Cut;
use crate::text::media::fetch;

const SECOND: Micros = 1_000 * MILLISECOND;
/// How much longer than anybody a person may answer.
const HUMAN_AGENT: u64 = 7;
/// What the provider calls the app that sends.
pub(super) const APP_ID: u64 = 300_000_000_000_001;

/// Answers a request about a page.
pub(crate) async fn send(
    sandbox: &Arc<Sandbox>,
    (token, id): (&str, &str),
    body: &Map<String, Value>,
    raw: &[u8],
) -> Response {
    let page = match sandbox.pages.of_token(token, id, "post") {
        Ok(page) => page,
        Err(error) => return error.into_response(),
    };
    let platform = page.config().platform;
    let answered = match validate::request(platform, body) {
        Err(error) => Err(error),
        Ok(Request::Action { contact, seen }) => act(sandbox, &page, (&contact, seen)),
        Ok(request) => take_in(sandbox, &page, &request, raw).await,
    };
    answered.unwrap_or_else(IntoResponse::into_response)
}

fn act(sandbox: &Sandbox, page: &Page, (contact, seen): (&str, bool)) -> Result<Response, PageError> {
    let platform = page.config().platform;
    let chats = page.chats.lock();
    let chat = chats.get(contact).ok_or_else(|| unknown_contact(platform))?;
    if seen {
        let theirs = chat.messages.iter().filter(|message| message.inbound);
        theirs.for_each(|message| {
            message.progress.reach(Step::Read);
        });
        sandbox.changes.tell();
    }
    Ok(axum::Json(json!({"recipient_id": contact})).into_response())
}

fn unknown_contact(platform: Platform) -> PageError {
    let subcode = if platform == Platform::Messenger { 2_018_001 } else { 2_534_014 };
    PageError::parameter_because(subcode, "No matching user found")
}

async fn take_in(
    sandbox: &Arc<Sandbox>,
    page: &Arc<Page>,
    request: &Request,
    raw: &[u8],
) -> Result<Response, PageError> {
    let (contact, link) = match request {
        Request::Message { contact, link, .. } => (contact.clone(), link.clone()),
        Request::React { contact, .. } | Request::Action { contact, .. } => (contact.clone(), None),
    };
    let id = page.config().id.clone();
    let fault = fault(sandbox, &id, &contact).unwrap_or_default();
    pause(fault.delay_ms).await;
    if fault.drop == Some(Drop::BeforeAccept) {
        return Ok(cut());
    }
    if let Some(refuse) = &fault.refuse {
        return Err(refuse.into());
    }
    let file = linked(sandbox, &id, link).await?;
    let message = accept(sandbox, page, (request, &contact), (raw, file))?;
    if let Request::Message { .. } = request {
        follow(sandbox, page, &message, &fault.status.clone().unwrap_or_default());
    }
    if let Some(milliseconds) = fault.hold_ms {
        sandbox.held.begin(&message.clone().into(), sandbox.clock.now()).wait(milliseconds).await;
    }
    if fault.drop == Some(Drop::AfterAccept) {
        return Ok(cut());
    }
    pause(Some(sandbox.behaviour.get().answer_ms)).await;
    Ok(axum::Json(match request {
        Request::Message { .. } => json!({"recipient_id": contact, "message_id": message.mid}),
        _ => json!({"recipient_id": contact}),
    })
    .into_response())
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

/// The fault for a message: ordered by a rule, or else by the recipient's digits, with this provider's codes.
fn fault(sandbox: &Sandbox, sender: &str, contact: &str) -> Option<Fault> {
    sandbox.faults.pick(sender, contact).or_else(|| {
        let asked = recipient_faults::ask(contact).filter(|_| sandbox.behaviour.get().recipient_faults)?;
        let refuse = asked.refuse.map(|refuse| {
            let (code, subcode) = match refuse.code {
                131_047 => (10, Some(2_018_278)),
                131_056 | 130_429 => (613, None),
                131_000 => (1_200, None),
                code => (code, None),
            };
            Refuse { code, subcode, ..refuse }
        });
        Some(Fault { refuse, ..asked })
    })
}

/// Fetches the linked file before the message is taken, as the provider does; only from this machine.
async fn linked(
    sandbox: &Sandbox,
    page: &str,
    link: Option<(String, String)>,
) -> Result<Option<Arc<Medium>>, PageError> {
    let Some((_, url)) = link else { return Ok(None) };
    let url = Url::parse(&url)
        .map_err(|_| PageError::parameter_because(2_018_008, "Failed to fetch the file from the url"))?;
    fetch(sandbox, page, &url).await.map_err(|reason| {
        tracing::info!(reason, "a linked file could not be had");
        PageError::parameter_because(2_018_008, "Failed to fetch the file from the url")
    })
}

/// Takes a message in, or says which rule forbids it now.
fn accept(
    sandbox: &Sandbox,
    page: &Page,
    (request, contact): (&Request, &str),
    (raw, file): (&[u8], Option<Arc<Medium>>),
) -> Result<Arc<Message>, PageError> {
    let platform = page.config().platform;
    // Held to the end: ledger and conversation must tell the same order.
    let mut chats = page.chats.lock();
    let now = sandbox.clock.now();
    permit(sandbox, chats.get(contact), platform, (request, now))?;
    let correlation = match request {
        Request::Message { metadata, .. } => metadata.as_deref(),
        _ => None,
    };
    let fetched = OnceLock::new();
    if let Some(file) = file {
        let _first = fetched.set(file);
    }
    let message = sandbox.ledger.append(|n| {
        Arc::new(Message {
            n,
            sequence: sandbox.next_sequence(),
            page: page.config().id.as_str().into(),
            platform,
            contact: contact.into(),
            inbound: false,
            mid: mint(platform).into(),
            correlation: correlation.map(Into::into),
            body: serde_json::from_slice(raw).unwrap_or_default(),
            raw: raw.into(),
            at: now,
            progress: Progress::at(Step::Accepted),
            fetched,
        })
    });
    chats.entry(contact.to_owned()).or_default().add(message.clone());
    Ok(message)
}

/// Checks whom it is for, what it refers to, and the window.
fn permit(
    sandbox: &Sandbox,
    chat: Option<&Chat>,
    platform: Platform,
    (request, now): (&Request, Micros),
) -> Result<(), PageError> {
    let behaviour = sandbox.behaviour.get();
    let refers_to = match request {
        Request::Message { reply_to, .. } => reply_to.as_ref(),
        Request::React { mid, .. } => Some(mid),
        Request::Action { .. } => None,
    };
    if refers_to.is_some_and(|mid| chat.is_none_or(|chat| chat.find(mid).is_none())) {
        return Err(PageError::new(StatusCode::BAD_REQUEST, 100, Some(9_000_001), "Message not found"));
    }
    if !behaviour.window {
        return Ok(());
    }
    let chat = chat.ok_or_else(|| unknown_contact(platform))?;
    let longest = match request {
        Request::Message { window: Window::Any, .. } => return Ok(()),
        Request::Message { window: Window::HumanAgent, .. } => behaviour.window_seconds * HUMAN_AGENT,
        _ => behaviour.window_seconds,
    };
    if chat.wrote_at.is_some_and(|wrote| now.saturating_sub(wrote) <= longest * SECOND) {
        return Ok(());
    }
    let subcode = if platform == Platform::Messenger { 2_018_278 } else { 2_534_022 };
    let message = "This message is sent outside of allowed window.";
    Err(PageError::new(StatusCode::FORBIDDEN, 10, Some(subcode), message))
}

/// Tells how a message fares: its echo, that it arrived (on Messenger), and that it was read, if contacts read.
fn follow(sandbox: &Arc<Sandbox>, page: &Arc<Page>, message: &Arc<Message>, fault: &StatusFault) {
    let behaviour = sandbox.behaviour.get();
    let config = page.config();
    let mut due = sandbox.clock.now() + fault.delay_ms.unwrap_or(0) * MILLISECOND;
    let told = |name: StatusName| !fault.suppress.contains(&name);
    let mut plan = Vec::new();
    // Through a page they are among the messages.
    let through_page = config.platform == Platform::Instagram && !config.has_own_login();
    let echoes = config.tells("message_echoes") || through_page && config.tells("messages");
    if echoes && told(StatusName::Sent) {
        plan.push((due, echo(sandbox, page, message, fault.drop_correlation)));
    }
    due += behaviour.status_ms * MILLISECOND;
    message.progress.reach(Step::Sent);
    if told(StatusName::Delivered) {
        // It arrives where nobody is told of that, too.
        message.progress.reach(Step::Delivered);
        if config.platform == Platform::Messenger && config.tells("message_deliveries") {
            plan.push((due, arrived(sandbox, message)));
            due += behaviour.status_ms * MILLISECOND;
        }
    }
    sandbox.changes.tell();
    if behaviour.read && told(StatusName::Read) {
        plan.extend(read_by(sandbox, page, message).map(|element| (due, element)));
    }
    if fault.reorder {
        let dues: Vec<Micros> = plan.iter().map(|(due, _)| *due).collect();
        plan.reverse();
        plan.iter_mut().zip(dues).for_each(|(told, due)| told.0 = due);
    }
    for (due, element) in plan {
        for _ in 0..=fault.duplicate {
            tell(sandbox, page, &message.contact, (due, element.clone()));
        }
    }
}

fn milliseconds(sandbox: &Sandbox, at: Micros) -> i64 {
    sandbox.clock.utc(at).timestamp_millis()
}

fn echo(sandbox: &Sandbox, page: &Page, sent: &Message, bare: bool) -> Value {
    let said = &sent.body["message"];
    let mut message = json!({"mid": sent.mid, "is_echo": true, "app_id": APP_ID});
    if !said["text"].is_null() {
        message["text"] = said["text"].clone();
    }
    if !said["attachment"].is_null() {
        message["attachments"] = json!([said["attachment"]]);
    }
    if let Some(correlation) = sent.correlation.as_deref().filter(|_| !bare) {
        message["metadata"] = json!(correlation);
    }
    json!({
        "sender": {"id": page.config().id}, "recipient": {"id": sent.contact},
        "timestamp": milliseconds(sandbox, sent.at), "message": message,
    })
}

fn arrived(sandbox: &Sandbox, message: &Message) -> Value {
    let at = milliseconds(sandbox, message.at);
    json!({
        "sender": {"id": message.contact}, "recipient": {"id": message.page}, "timestamp": at,
        "delivery": {"mids": [message.mid], "watermark": at},
    })
}

/// That the contact has read everything up to a message; nothing if the app is not told of it.
pub(super) fn read_by(sandbox: &Sandbox, page: &Page, message: &Message) -> Option<Value> {
    let config = page.config();
    let read = match config.platform {
        Platform::Messenger => json!({"watermark": milliseconds(sandbox, sandbox.clock.now())}),
        Platform::Instagram => json!({"mid": message.mid}),
    };
    let field = if config.platform == Platform::Messenger { "message_reads" } else { "messaging_seen" };
    message.progress.reach(Step::Read);
    sandbox.changes.tell();
    config.tells(field).then(|| {
        json!({
            "sender": {"id": message.contact}, "recipient": {"id": message.page},
            "timestamp": milliseconds(sandbox, sandbox.clock.now()), "read": read,
        })
    })
}
