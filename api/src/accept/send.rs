//! A message to be sent: gets its id and its place, or stands outside its lane.

use common::db::pipeline::load::{LoadedLane, Message};
use common::db::pipeline::rows::NewMessage;
use common::db::pipeline::touches::Touch;
use common::delivery::{Leave, put_in_line, replace, set_aside};
use common::domain::contact::Standing;
use common::domain::message::Status;
use common::domain::postponed::{ClosedWindow, Postponed};
use common::domain::principal::Principal;
use common::domain::view::Direction;
use common::problem::Problem;
use http::StatusCode;
use uuid::Uuid;

use super::Draft;
use super::callers::may_send;
use super::decide::{Decider, Outcome, check, check_room, window_closed};
use super::load::Loaded;
use super::referred::check_referred;
use super::round::Item;

impl Decider {
    pub(super) fn send(
        &mut self,
        (item, caller): (&Item<'_>, &Principal),
        draft: &Draft,
        loaded: &mut Loaded,
    ) -> Outcome {
        may_send(caller, &draft.content, &draft.closed_window)?;
        let callers = &loaded.callers;
        let lane = loaded
            .lanes
            .get_mut(&item.conversation)
            .filter(|loaded| callers.sees(caller, loaded))
            .filter(|loaded| loaded.standing != Standing::Erased)
            .ok_or_else(|| Problem::not_found("conversation"))?;
        if draft.inbox.is_some_and(|inbox| inbox.0 != lane.lane.inbox) {
            return Err(Problem::invalid(
                "inboxId",
                "not_its_inbox",
                "is not the inbox of this conversation",
            ));
        }
        check_referred(draft, item.conversation, &loaded.referred)?;
        let fallback = match &draft.closed_window {
            ClosedWindow::Template(template) => Some(&**template),
            ClosedWindow::Fail | ClosedWindow::Hold => None,
        };
        check(&draft.content, fallback, lane)?;
        let leave = match draft.scheduled_at {
            // Its reply window is looked at when its time has come.
            Some(_) => None,
            None => Some(Leave::decide(lane, &draft.content, &draft.closed_window, self.now)),
        };
        if leave == Some(Leave::Refused) {
            return Err(window_closed(lane, self.now));
        }
        check_room(lane, leave.as_ref())?;
        self.begin(item, caller);
        let message = self.place((item, caller), draft, lane, leave);
        if message.lane_position.is_some() {
            self.changes.brings_back(lane);
        }
        self.record((item, caller), lane.lane.inbox, &message)
    }

    /// Lets the conversation begin, if this is the first that is accepted for it.
    fn begin(&mut self, item: &Item<'_>, caller: &Principal) {
        if let Some(begun) = self.may_begin.remove(&item.conversation) {
            self.changes.conversation_begun(&begun);
            self.audit(item, caller, "conversation.create", begun.conversation);
            self.begun.push(begun);
        }
    }

    /// The message, in line or outside of it; without a place to leave for, it is scheduled.
    fn place(
        &mut self,
        (item, caller): (&Item<'_>, &Principal),
        draft: &Draft,
        loaded: &mut LoadedLane,
        leave: Option<Leave>,
    ) -> Message {
        let mut message = self.drawn((item, caller), draft, loaded);
        self.changes.happened(message.id, "accepted", None, None);
        match leave {
            None => set_aside(&mut self.changes, loaded, &mut message, Postponed::Scheduled, self.now),
            Some(Leave::Held) => {
                set_aside(&mut self.changes, loaded, &mut message, Postponed::Held, self.now);
            }
            Some(Leave::Replaced(content)) => {
                replace(&mut self.changes, &mut message, *content);
                put_in_line(loaded, &mut message, self.now);
            }
            Some(Leave::Now | Leave::Refused) => put_in_line(loaded, &mut message, self.now),
        }
        message
    }

    fn drawn(
        &self,
        (item, caller): (&Item<'_>, &Principal),
        draft: &Draft,
        loaded: &mut LoadedLane,
    ) -> Message {
        let lane = &mut loaded.lane;
        Message {
            id: lane.draw_message_id(),
            organization: lane.organization,
            conversation: lane.conversation,
            direction: Direction::Outbound,
            status: Status::Pending,
            content: draft.content.clone(),
            sender: caller.sender(),
            reply_to: draft.reply_to.map(|id| id.0),
            at: self.now,
            provider_message_id: None,
            client_reference: draft.client_reference.clone(),
            failure: None,
            trace: item.asked.trace.0,
            lane_position: None,
            generation: 1,
            attempts: 0,
            failures: 0,
            expires_at: draft.expires_at,
            scheduled_at: draft.scheduled_at,
            postponed: None,
            closed_window: draft.closed_window.clone(),
            reactions: Vec::new(),
            edited_at: None,
            deleted_at: None,
            context: None,
            changed: false,
            moved: draft.closed_window != ClosedWindow::Fail,
            content_changed: false,
            reactions_changed: false,
        }
    }

    fn record(&mut self, (item, caller): (&Item<'_>, &Principal), inbox: Uuid, message: &Message) -> Outcome {
        let content = serde_json::to_string(&message.content).map_err(Problem::internal)?;
        self.changes.messages.push(new_message(message, content));
        self.changes.file_of(inbox, message);
        // Few messages have more to them than what every one has.
        if message.moved {
            self.changes.save_message(message);
        }
        self.changes.message_event("message.created", inbox, message);
        self.audit(item, caller, "message.create", message.id);
        // One outside its lane is shown in the list only once it is released.
        if message.lane_position.is_some() {
            self.touched.insert(message.conversation, Touch::by(message));
        }
        self.answer_with(item, StatusCode::ACCEPTED, message)
    }
}

fn new_message(message: &Message, content: String) -> NewMessage {
    NewMessage {
        id: message.id,
        organization_id: message.organization,
        conversation_id: message.conversation,
        direction: message.direction.as_str(),
        status: message.status.as_str(),
        content,
        sender_type: message.sender.r#type.as_str(),
        sender_id: message.sender.id,
        sender_name: message.sender.name.clone(),
        reply_to: message.reply_to,
        at: message.at,
        provider_message_id: None,
        client_reference: message.client_reference.clone(),
        trace_id: message.trace,
        lane_position: message.lane_position,
        expires_at: message.expires_at,
        context: None,
        sender_viewer_id: message.sender.viewer.clone(),
    }
}
