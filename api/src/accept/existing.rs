//! What may be done about a message that is there: cancel one that has not left, try a failed one again.

use common::db::pipeline::load::{LoadedLane, Message};
use common::delivery::{End, Leave, failure, put_in_line, replace, set_aside, settle};
use common::domain::contact::Standing;
use common::domain::ids::MessageId;
use common::domain::message::Status;
use common::domain::postponed::{ClosedWindow, Postponed};
use common::domain::principal::Principal;
use common::domain::view::{Direction, SenderType};
use common::problem::Problem;
use http::StatusCode;
use serde_json::json;

use super::callers::may_touch;
use super::decide::{Decider, Outcome, check, check_room, window_closed};
use super::load::Loaded;
use super::round::Item;

/// `failure.code` of a message that was canceled.
const CANCELED: &str = "canceled";

impl Decider {
    /// Ends a message that has not left; one that was canceled before is answered the same.
    pub(super) fn cancel(
        &mut self,
        (item, caller): (&Item<'_>, &Principal),
        id: MessageId,
        loaded: &mut Loaded,
    ) -> Outcome {
        let is_head = loaded.heads.get(&item.conversation) == Some(&id.0);
        let in_flight = loaded.in_flight.get(&item.conversation) == Some(&id.0);
        let (lane, message) = found((item, caller), id, loaded)?;
        may_touch(caller, message)?;
        if message.failure.as_ref().is_some_and(|failure| failure.code == CANCELED) {
            return self.answer_with(item, StatusCode::OK, message);
        }
        if let Some(why) = not_cancelable(message, in_flight) {
            return Err(Problem::new(StatusCode::CONFLICT, "not_cancelable", why));
        }
        let attempt = (message.attempts > 0).then_some(message.attempts);
        let failure = failure(CANCELED, "The message was canceled before it was sent", true);
        settle(&mut self.changes, lane, message, End::Failed { failure, attempt }, (is_head, self.now));
        self.audit(item, caller, "message.cancel", id.0);
        self.answer_with(item, StatusCode::OK, message)
    }

    /// Begins a new generation of a failed message, at the end of its conversation's line.
    pub(super) fn retry(
        &mut self,
        (item, caller): (&Item<'_>, &Principal),
        id: MessageId,
        loaded: &mut Loaded,
    ) -> Outcome {
        let in_flight = loaded.in_flight.get(&item.conversation) == Some(&id.0);
        let (lane, message) = found((item, caller), id, loaded)?;
        may_touch(caller, message)?;
        if let Some(why) = not_retryable(message, in_flight) {
            return Err(Problem::new(StatusCode::CONFLICT, "not_retryable", why));
        }
        let fallback = match &message.closed_window {
            ClosedWindow::Template(template) => Some(&**template),
            ClosedWindow::Fail | ClosedWindow::Hold => None,
        };
        check(&message.content, fallback, lane)?;
        let leave = Leave::decide(lane, &message.content, &message.closed_window, self.now);
        if leave == Leave::Refused {
            return Err(window_closed(lane, self.now));
        }
        check_room(lane, Some(&leave))?;
        message.generation += 1;
        (message.attempts, message.failures) = (0, 0);
        (message.status, message.failure, message.expires_at) = (Status::Pending, None, None);
        // What proves an earlier generation proves nothing of this one.
        message.provider_message_id = None;
        (message.changed, message.moved) = (true, true);
        self.changes.happened(id.0, "retried", None, Some(json!({ "generation": message.generation })));
        match leave {
            Leave::Held => set_aside(&mut self.changes, lane, message, Postponed::Held, self.now),
            Leave::Replaced(content) => {
                replace(&mut self.changes, message, *content);
                put_in_line(lane, message, self.now);
            }
            Leave::Now | Leave::Refused => put_in_line(lane, message, self.now),
        }
        self.changes.message_event("message.retried", lane.lane.inbox, message);
        self.audit(item, caller, "message.retry", id.0);
        self.answer_with(item, StatusCode::ACCEPTED, message)
    }
}

/// The organization's message with its lane.
fn found<'a>(
    (item, caller): (&Item<'_>, &Principal),
    id: MessageId,
    loaded: &'a mut Loaded,
) -> Result<(&'a mut LoadedLane, &'a mut Message), Problem> {
    let callers = &loaded.callers;
    let lane = loaded.lanes.get_mut(&item.conversation).filter(|lane| callers.sees(caller, lane));
    let lane = lane.filter(|lane| lane.standing != Standing::Erased);
    let message = loaded.messages.get_mut(&id.0).filter(|message| message.conversation == item.conversation);
    lane.zip(message).ok_or_else(|| Problem::not_found("message"))
}

fn not_cancelable(message: &Message, in_flight: bool) -> Option<String> {
    if message.direction == Direction::Inbound {
        return Some("The contact sent this message".into());
    }
    if in_flight {
        return Some("The message is on its way to the channel, or may have reached it".into());
    }
    match &message.failure {
        Some(failure) => Some(format!("The message has failed already: {}", failure.code)),
        None if !message.waits() => Some("The channel has taken the message already".into()),
        None => None,
    }
}

fn not_retryable(message: &Message, in_flight: bool) -> Option<String> {
    if message.direction == Direction::Inbound {
        return Some("The contact sent this message".into());
    }
    if message.sender.r#type == SenderType::BusinessApp {
        return Some(
            "The business sent this message from its own app, and can send it again only there".into(),
        );
    }
    if in_flight {
        return Some("A try at delivering the message is still under way".into());
    }
    let status = message.status;
    (status != Status::Failed).then(|| format!("The message has not failed: it is {}", status.as_str()))
}
