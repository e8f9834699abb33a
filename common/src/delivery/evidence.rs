//! What a provider's report on a message proves: a status moves forward, and an attempt whose answer was lost is settled.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::settle::{End, end_message, failure, note_opt_out, settle};
use crate::channels::StatusUpdate;
use crate::db::pipeline::Changes;
use crate::db::pipeline::load::{Attempt, LoadedLane, Message};
use crate::db::pipeline::rows::AttemptState;
use crate::domain::lane::LaneState;
use crate::domain::message::Status;
use crate::domain::view::SenderType;

/// A report with the attempt that it is about, where the provider echoes it or the id leads to it.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The report.
    pub update: &'a StatusUpdate,
    /// The attempt it proves to have been taken.
    pub attempt: Option<&'a Attempt>,
    /// Whether the message is the head of its lane.
    pub is_head: bool,
    /// The channel event that brought it; none for a report that had been parked.
    pub channel_event: Option<i64>,
}

/// Applies a report to its message and, where it settles an attempt, to its lane. Returns what it changed, in one word.
pub fn apply_status(
    changes: &mut Changes,
    loaded: &mut LoadedLane,
    message: &mut Message,
    evidence: Evidence<'_>,
    now: DateTime<Utc>,
) -> &'static str {
    let unproved = evidence.attempt.filter(|attempt| attempt.state != "accepted");
    if let Some(attempt) = unproved {
        prove(changes, message, attempt, evidence.update);
    }
    // Taken, or even delivered, whatever its newest try may be doing. That an older try was taken and then failed says
    // nothing of a message that is queued again, or was sent again.
    let delivered = matches!(evidence.update.status, Some(Status::Delivered | Status::Read));
    let outdated = evidence.update.status == Some(Status::Failed) && is_outdated(message, evidence);
    if message.waits() && (unproved.is_some() && !outdated || delivered) {
        taken(changes, loaded, message, evidence, now);
    }
    let update = evidence.update;
    let detail = json!({ "channelEvent": evidence.channel_event, "providerStatus": update.word, "providerTime": update.at, "failure": update.failure });
    changes.happened(message.id, "status", evidence.attempt.map(|a| a.number), Some(detail));
    let Some(next) = update.status.filter(|next| *next != Status::Sent) else { return "noted" };
    // A message that is queued again is pending by its own generation's account.
    if outdated || message.waits() || !message.status.moves_to(next) {
        return "noted";
    }
    message.status = next;
    message.changed = true;
    message.failure = match next {
        Status::Failed => {
            let unnamed = || failure("rejected_by_channel", "The channel reported a failure", true);
            let mut failure = update.failure.clone().unwrap_or_else(unnamed);
            // What went out past us we cannot send again.
            failure.retryable &= message.sender.r#type != SenderType::BusinessApp;
            note_opt_out(changes, loaded, &failure, update.at);
            Some(failure)
        }
        _ => None,
    };
    changes.message_event(event_of(next), loaded.lane.inbox, message);
    "moved"
}

/// Whether a report is about a try that a newer generation, or another acceptance, has taken the place of.
fn is_outdated(message: &Message, evidence: Evidence<'_>) -> bool {
    let known = message.provider_message_id.as_ref();
    evidence.attempt.is_some_and(|attempt| attempt.generation < message.generation)
        || known.is_some_and(|id| *id != evidence.update.provider_id)
}

fn event_of(status: Status) -> &'static str {
    match status {
        Status::Read => "message.read",
        Status::Failed => "message.failed",
        Status::Pending | Status::Sent | Status::Delivered => "message.delivered",
    }
}

/// The provider knows the attempt, so it took it.
fn prove(changes: &mut Changes, message: &mut Message, attempt: &Attempt, update: &StatusUpdate) {
    changes.attempt_states.push(AttemptState {
        id: attempt.id,
        state: "accepted",
        provider_message_id: Some(update.provider_id.clone()),
        provider_code: None,
        detail: Some("proved by the provider's report".into()),
    });
    changes.happened(message.id, "proved", Some(attempt.number), None);
    if message.provider_message_id.is_none() {
        message.provider_message_id = Some(update.provider_id.clone());
        message.changed = true;
    }
}

/// Ends a message that still waits although the provider has it: whoever waited for the answer need not, a repetition
/// that has not left is withdrawn, and one that has left cannot be called back.
fn taken(
    changes: &mut Changes,
    loaded: &mut LoadedLane,
    message: &mut Message,
    evidence: Evidence<'_>,
    now: DateTime<Utc>,
) {
    let awaited = evidence.attempt.is_some_and(|attempt| loaded.lane.attempt == Some(attempt.id));
    let repeated = evidence.is_head && loaded.lane.attempt.is_some() && !awaited;
    if repeated {
        // Where the provider takes ids of ours, it takes each once.
        let own = evidence.attempt.is_some_and(|attempt| attempt.inbox.is_none());
        if !(own && loaded.channel.takes_our_ids()) {
            changes.happened(message.id, "possible_duplicate", None, None);
        }
    } else if !awaited {
        changes.happened(message.id, "retry_withdrawn", None, None);
    }
    let provider_id = evidence.update.provider_id.clone();
    let end = End::Sent { provider_id, attempt: evidence.attempt.map(|attempt| attempt.number) };
    if repeated && loaded.lane.state == LaneState::Claimed {
        // The lane's turn ends with the record of the repetition, so that never two are in flight.
        return end_message(changes, loaded, message, end);
    }
    settle(changes, loaded, message, end, (evidence.is_head, now));
}
