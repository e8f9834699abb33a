//! A message's history for programs.

use common::domain::content::Content;
use common::domain::view::SenderType;
use common::problem::Timestamp;
use common::trace::TraceId;
use serde_json::{Value, json};

use super::history::History;
use super::story;
use crate::parse::shown;

/// The whole history; text, names and addresses only with `content`.
pub fn tell(history: &History, content: bool) -> Value {
    json!({
        "summary": story::sentences(history).join(" "),
        "message": message(history, content),
        "organization": { "id": history.organization, "name": history.standing.organization_name },
        "conversation": conversation(history, content),
        "lane": lane(history),
        "timeline": timeline(history),
        "attempts": attempts(history),
        "channelEvents": channel_events(history, content),
        "events": events(history, content),
    })
}

fn message(history: &History, content: bool) -> Value {
    let (message, standing) = (&history.message, &history.standing);
    let mut sender = json!({ "type": message.sender.r#type, "id": message.sender.id });
    if content || message.sender.r#type != SenderType::Contact {
        sender["name"] = json!(message.sender.name);
    }
    if let Some(viewer) = &message.sender.viewer_id {
        sender["viewerId"] = json!(viewer);
    }
    let mut told = json!({
        "id": message.id, "direction": message.direction, "status": message.status, "timestamp": message.timestamp,
        "contentType": message.content.kind(), "sender": sender, "replyTo": message.reply_to, "failure": message.failure,
        "providerMessageId": message.provider_message_id, "clientReference": message.client_reference,
        "traceId": TraceId(standing.trace), "generation": standing.generation, "expiresAt": standing.expires_at.map(Timestamp),
    });
    match &message.content {
        Content::Reaction(it) => told["reactsTo"] = json!(it.message_id),
        Content::Template(it) => told["template"] = json!({ "name": it.name, "language": it.language }),
        _ => (),
    }
    if content {
        told["content"] = json!(message.content);
    }
    told
}

fn conversation(history: &History, content: bool) -> Value {
    let standing = &history.standing;
    let mut told = json!({
        "id": history.message.conversation_id, "state": standing.conversation_state, "channel": standing.channel,
        "windowExpiresAt": standing.window_expires_at.map(Timestamp),
        "inbox": {
            "id": standing.inbox, "name": standing.inbox_name, "gate": standing.gate, "reasons": standing.reasons,
            "gateProbeAt": standing.gate_probe_at.map(Timestamp), "deleted": standing.inbox_deleted,
        },
    });
    if content {
        told["address"] = json!(standing.address);
    }
    told
}

fn lane(history: &History) -> Value {
    let standing = &history.standing;
    json!({
        "state": standing.lane.as_str(), "queued": standing.queued, "inLine": standing.in_line,
        "ahead": standing.in_line.then_some(standing.ahead), "failuresInARow": standing.failures,
        "postponed": standing.postponed, "lookAt": standing.look_at.map(Timestamp),
        "dueAt": standing.due_at.map(Timestamp), "readyAt": standing.ready_at.map(Timestamp),
    })
}

fn timeline(history: &History) -> Vec<Value> {
    let entries = history.timeline().iter().map(|entry| {
        json!({
            "at": entry.at, "offsetMs": history.offset(entry.at.0).num_milliseconds(), "event": entry.event,
            "attempt": entry.attempt, "detail": entry.detail, "text": entry.text,
        })
    });
    entries.collect()
}

fn attempts(history: &History) -> Vec<Value> {
    let attempts = history.attempts.iter().map(|attempt| {
        json!({
            "id": attempt.id, "generation": attempt.generation, "number": attempt.number, "state": attempt.state,
            "worker": attempt.worker, "startedAt": shown(attempt.started_at), "endedAt": attempt.ended_at.map(shown),
            "providerMessageId": attempt.provider_message_id, "providerCode": attempt.provider_code,
            "detail": attempt.detail,
        })
    });
    attempts.collect()
}

fn channel_events(history: &History, content: bool) -> Vec<Value> {
    let events = history.channel_events.iter().map(|event| {
        let mut told = json!({
            "id": event.id, "kind": event.kind, "receivedAt": shown(event.received_at),
            "processedAt": event.processed_at.map(shown), "failures": event.failures, "effect": event.effect,
        });
        if content {
            told["payload"] = event.payload.clone();
        }
        told
    });
    events.collect()
}

fn events(history: &History, content: bool) -> Vec<Value> {
    let events = history.events.iter().map(|event| {
        let mut told = json!({ "id": event.id, "seq": event.seq, "type": event.kind, "at": shown(event.at) });
        if content {
            told["payload"] = event.payload.clone();
        }
        told
    });
    events.collect()
}
