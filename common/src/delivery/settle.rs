//! `settle`: the one way in which a message ends and its lane moves on, in the same transaction.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::channels::{MARKETING_OPT_OUT, OPT_OUT};
use crate::db::contacts::erasure;
use crate::db::pipeline::Changes;
use crate::db::pipeline::load::{LoadedLane, Message};
use crate::db::pipeline::wishes::{OptOutRow, WishRow};
use crate::domain::contact::Standing;
use crate::domain::message::{Failure, Status};
use crate::metrics;

/// How a message ends.
#[derive(Debug, Clone)]
pub enum End {
    /// The provider took it.
    Sent {
        /// The provider's id of it.
        provider_id: String,
        /// The number of the try, where it is known.
        attempt: Option<i32>,
    },
    /// It is given up: refused, expired, canceled, or its outcome is unknown.
    Failed {
        /// Why.
        failure: Failure,
        /// The number of the last try, if there was one.
        attempt: Option<i32>,
    },
}

/// A failure of ours, without a provider's code.
pub fn failure(code: &str, title: &str, retryable: bool) -> Failure {
    Failure { code: code.into(), provider_code: None, title: title.into(), detail: None, retryable }
}

/// The failure of a message that met a closed reply window.
pub fn window_closed() -> Failure {
    failure("window_closed", "The reply window closed before the message was sent", false)
}

/// Ends a message that waits and advances its lane: sent, failed, canceled, expired or of unknown outcome.
///
/// `holds_lane` says whether the lane's turn was this message's, so that the next one's turn comes. A message outside its
/// lane ends without touching the line.
pub fn settle(
    changes: &mut Changes,
    loaded: &mut LoadedLane,
    message: &mut Message,
    end: End,
    (holds_lane, now): (bool, DateTime<Utc>),
) {
    let postponed = message.postponed;
    end_message(changes, loaded, message, end);
    match postponed {
        Some(reason) => loaded.lane.resume(reason),
        None => loaded.lane.settle(holds_lane, now),
    }
}

/// Ends a queued message whose contact is being forgotten: what tells of its end does not repeat what it said.
pub fn settle_erased(
    changes: &mut Changes,
    loaded: &mut LoadedLane,
    message: &mut Message,
    turn: (bool, DateTime<Utc>),
) {
    message.content = erasure::nothing();
    message.client_reference = None;
    let (code, title) = Standing::Erased.refusal().unwrap_or_default();
    let attempt = (message.attempts > 0).then_some(message.attempts);
    let end = End::Failed { failure: failure(code, title, false), attempt };
    settle(changes, loaded, message, end, turn);
}

/// Keeps a contact's word against marketing, or against all messages, where that is why a message failed.
pub(super) fn note_opt_out(changes: &mut Changes, loaded: &LoadedLane, failure: &Failure, at: DateTime<Utc>) {
    let (organization_id, contact_id, opted_out) = (loaded.lane.organization, loaded.contact, true);
    match failure.code.as_str() {
        MARKETING_OPT_OUT => changes.wishes.push(WishRow { organization_id, contact_id, opted_out, at }),
        OPT_OUT => changes.opt_outs.push(OptOutRow { organization_id, contact_id, opted_out, at }),
        _ => (),
    }
}

/// Ends a queued message and leaves the lane's turn to a try that is in flight: its record ends that.
pub(super) fn end_message(changes: &mut Changes, loaded: &LoadedLane, message: &mut Message, end: End) {
    message.lane_position = None;
    message.changed = true;
    if message.postponed.take().is_some() {
        message.moved = true;
        changes.resume(message);
    }
    let (event, outcome) = match end {
        End::Sent { provider_id, attempt } => {
            changes.happened(message.id, "sent", attempt, Some(json!({ "providerMessageId": provider_id })));
            message.provider_message_id = Some(provider_id);
            message.status = Status::Sent;
            super::reactions::taken(changes, loaded.lane.inbox, message);
            ("message.sent", "sent".to_owned())
        }
        End::Failed { failure, attempt } => {
            note_opt_out(changes, loaded, &failure, Utc::now());
            changes.happened(message.id, "failed", attempt, Some(json!(failure)));
            message.status = Status::Failed;
            let outcome = failure.code.clone();
            message.failure = Some(failure);
            ("message.failed", outcome)
        }
    };
    metrics::get().messages_settled.with_label_values(&[loaded.channel.as_str(), outcome.as_str()]).inc();
    changes.message_event(event, loaded.lane.inbox, message);
}
