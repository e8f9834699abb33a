//! A message joins its conversation: the contact's, or the business's own from its phone.

use chrono::{DateTime, Utc};
use common::channels::{Author, InboundMessage};
use common::db::Error;
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::contacts::Known;
use common::db::pipeline::load::Message;
use common::db::pipeline::rows::{EventRow, NewMessage};
use common::db::pipeline::touches::{ProfileName, Touch, WindowRow};
use common::delivery::release;
use common::domain::contact::Standing;
use common::domain::content::{Content, Reaction};
use common::domain::ids::{ContactId, MessageId};
use common::domain::message::Status;
use common::domain::postponed::{ClosedWindow, Postponed};
use common::domain::view::{Direction, Sender, SenderType};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::apply::Decider;

impl Decider<'_> {
    pub(super) fn message(
        &mut self,
        waiting: &WaitingEvent,
        inbound: &InboundMessage,
    ) -> Result<&'static str, Error> {
        let key = (waiting.inbox, inbound.provider_id.clone());
        if self.loaded.known.contains_key(&key) {
            return Ok("duplicate");
        }
        if let Some(effect) = self.own_echo(waiting, inbound) {
            return Ok(effect);
        }
        let Some(contact) = self.loaded.contacts.find(waiting.inbox, &inbound.addresses) else {
            return Ok("ignored");
        };
        let message = self.begin(waiting, inbound, contact)?;
        let (id, conversation) = (message.id, message.conversation);
        self.loaded.known.insert(key, (id, conversation));
        self.claims.push((waiting.inbox, inbound.provider_id.clone(), id, conversation));
        self.add(waiting, inbound, &message)?;
        if self.is_quiet(inbound.author, conversation) {
            self.keep_quiet(inbound, &message);
        } else {
            self.tell(waiting, inbound, &message, contact);
            self.touch(inbound, &message, contact);
            if let Some(target) = &inbound.reaction_to {
                self.react(waiting, target, &message);
            }
        }
        if let Some(address) = &inbound.new_address {
            self.move_to(waiting, &message, contact, address);
        }
        // What follows in this group may be about it.
        self.loaded.messages.insert(id, message);
        if inbound.opens_window {
            self.release_held(conversation);
        }
        Ok("stored")
    }

    /// Draws the message's id, and notes that it brings its conversation back.
    fn draw_id(&mut self, inbound: &InboundMessage, conversation: Uuid) -> Result<Uuid, Error> {
        let quiet = self.is_quiet(inbound.author, conversation);
        let Some(loaded) = self.loaded.lanes.get_mut(&conversation) else {
            return Err(Error::Stored("a conversation without a lane".into()));
        };
        if loaded.standing == Standing::Erased {
            // Marked between the look at its address and the lock. By itself, the event finds that nobody has the address.
            return Err(Error::Stored("a contact was erased meanwhile".into()));
        }
        if !quiet {
            self.changes.brings_back(loaded);
        }
        Ok(loaded.lane.draw_message_id())
    }

    /// Whether what this author does there is a blocked contact's doing.
    pub(super) fn is_quiet(&self, author: Author, conversation: Uuid) -> bool {
        let lane = self.loaded.lanes.get(&conversation);
        author == Author::Contact && lane.is_some_and(|lane| lane.standing == Standing::Blocked)
    }

    /// A blocked contact's message is kept in its place, and raises nothing: no event, no unread, no new place in lists.
    fn keep_quiet(&mut self, inbound: &InboundMessage, message: &Message) {
        self.changes.happened(message.id, "contact_blocked", None, None);
        if let Some(window_expires_at) = self.window(inbound, message.conversation) {
            self.changes.windows.push(WindowRow {
                organization_id: message.organization,
                conversation_id: message.conversation,
                window_expires_at,
            });
        }
    }

    /// Until when a message lets free-form replies through, from the provider's time; none on channels without such a window.
    fn window(&self, inbound: &InboundMessage, conversation: Uuid) -> Option<DateTime<Utc>> {
        let channel = self.loaded.lanes.get(&conversation)?.channel;
        let window = channel.reply_window().filter(|_| inbound.opens_window)?;
        Some(inbound.at.min(self.now) + window)
    }

    fn begin(
        &mut self,
        waiting: &WaitingEvent,
        inbound: &InboundMessage,
        contact: Known,
    ) -> Result<Message, Error> {
        let quoted = self.named(waiting.inbox, inbound.reply_to.as_ref(), contact);
        let target = self.named(waiting.inbox, inbound.reaction_to.as_ref(), contact);
        let unknown = inbound.reply_to.as_ref().filter(|_| quoted.is_none());
        let unknown = inbound.reaction_to.as_ref().filter(|_| target.is_none()).or(unknown);
        let mut context = inbound.context.clone();
        if let Some(unknown) = unknown {
            context.get_or_insert_default().quoted_provider_id = Some(unknown.clone());
        }
        let content = match &inbound.content {
            Content::Reaction(reaction) => Content::Reaction(Reaction {
                message_id: target.map(MessageId),
                emoji: reaction.emoji.clone(),
            }),
            content => content.clone(),
        };
        let by = |r#type, id, name| Sender { r#type, id, name, viewer: None };
        let (direction, status, sender) = match inbound.author {
            Author::Contact => {
                let sender = by(SenderType::Contact, contact.contact, inbound.name.clone());
                (Direction::Inbound, Status::Delivered, sender)
            }
            Author::Business => {
                (Direction::Outbound, Status::Sent, by(SenderType::BusinessApp, waiting.inbox, None))
            }
        };
        let id = self.draw_id(inbound, contact.conversation)?;
        Ok(Message {
            id,
            organization: waiting.organization,
            conversation: contact.conversation,
            direction,
            status,
            content,
            sender,
            reply_to: quoted,
            at: inbound.at,
            provider_message_id: Some(inbound.provider_id.clone()),
            client_reference: None,
            failure: None,
            trace: waiting.trace,
            lane_position: None,
            generation: 1,
            attempts: 0,
            failures: 0,
            expires_at: None,
            scheduled_at: None,
            postponed: None,
            closed_window: ClosedWindow::Fail,
            reactions: Vec::new(),
            edited_at: None,
            deleted_at: None,
            context,
            changed: false,
            moved: false,
            content_changed: false,
            reactions_changed: false,
        })
    }

    /// The message of a provider's id; one of another conversation says nothing here.
    fn named(&self, inbox: Uuid, id: Option<&String>, contact: Known) -> Option<Uuid> {
        let (message, conversation) = self.loaded.known.get(&(inbox, id?.clone()))?;
        (*conversation == contact.conversation).then_some(*message)
    }

    fn add(
        &mut self,
        waiting: &WaitingEvent,
        inbound: &InboundMessage,
        message: &Message,
    ) -> Result<(), Error> {
        self.changes.file_of(waiting.inbox, message);
        self.changes.messages.push(NewMessage {
            id: message.id,
            organization_id: message.organization,
            conversation_id: message.conversation,
            direction: message.direction.as_str(),
            status: message.status.as_str(),
            content: stored(&message.content)?,
            sender_type: message.sender.r#type.as_str(),
            sender_id: message.sender.id,
            sender_name: message.sender.name.clone(),
            reply_to: message.reply_to,
            at: message.at,
            provider_message_id: message.provider_message_id.clone(),
            client_reference: None,
            trace_id: message.trace,
            lane_position: None,
            expires_at: None,
            context: message.context.as_ref().map(stored).transpose()?,
            sender_viewer_id: None,
        });
        let event = match inbound.author {
            Author::Contact => "received",
            Author::Business => "echoed",
        };
        let told = json!({ "channelEvent": waiting.id, "receivedAt": waiting.received_at });
        self.changes.happened(message.id, event, None, Some(told));
        Ok(())
    }

    /// Tells clients: of the contact's message that it came, of the business's own what they would have heard of a reply.
    fn tell(&mut self, waiting: &WaitingEvent, inbound: &InboundMessage, message: &Message, contact: Known) {
        if inbound.author == Author::Business {
            self.changes.message_event("message.created", waiting.inbox, message);
            self.changes.message_event("message.sent", waiting.inbox, message);
            return;
        }
        let address = inbound.addresses.first();
        let payload = json!({
            "message": message.view(),
            "contact": { "id": ContactId(contact.contact), "name": inbound.name, "address": address },
        });
        self.changes.events.push(EventRow {
            id: Uuid::now_v7(),
            organization_id: message.organization,
            kind: "message.received",
            inbox_id: Some(waiting.inbox),
            conversation_id: Some(message.conversation),
            message_id: Some(message.id),
            payload: payload.to_string(),
        });
    }

    /// The conversation's newest message, one more unread if there is something to read, and the reply window from the
    /// provider's time.
    fn touch(&mut self, inbound: &InboundMessage, message: &Message, contact: Known) {
        let window = self.window(inbound, message.conversation);
        let before = self.touches.remove(&message.conversation);
        let touch = Touch {
            organization_id: message.organization,
            conversation_id: message.conversation,
            last_message_id: message.id,
            direction: message.direction.as_str(),
            preview: message.content.preview(),
            at: inbound.at.min(self.now),
            unread: i32::from(is_unread(message)) + before.as_ref().map_or(0, |touch| touch.unread),
            window_expires_at: before.as_ref().and_then(|touch| touch.window_expires_at).max(window),
        };
        if let Some(name) = inbound.name.clone() {
            self.changes.profile_names.push(ProfileName {
                organization_id: message.organization,
                contact_id: contact.contact,
                name,
            });
        }
        if let Some(loaded) = self.loaded.lanes.get_mut(&message.conversation) {
            loaded.window_expires_at = loaded.window_expires_at.max(window);
        }
        self.touches.insert(message.conversation, touch);
    }

    /// What waited until the contact writes gets in line, unless that was so long ago that the window has closed again.
    fn release_held(&mut self, conversation: Uuid) {
        let Some(loaded) = self.loaded.lanes.get_mut(&conversation) else { return };
        if !loaded.window_open(self.now) || loaded.standing.refusal().is_some() {
            return;
        }
        for id in self.loaded.held.remove(&conversation).unwrap_or_default() {
            let Some(message) = self.loaded.messages.get_mut(&id) else { continue };
            let waits = message.postponed == Some(Postponed::Held);
            // One whose time is over is left to whoever gives up what has expired.
            if !waits || message.expires_at.is_some_and(|end| end <= self.now) {
                continue;
            }
            release(&mut self.changes, loaded, message, self.now);
            let released = Touch::by(message);
            if let Some(touch) = self.touches.get_mut(&conversation) {
                touch.last_message_id = released.last_message_id;
                touch.direction = released.direction;
                touch.preview = released.preview;
                touch.at = released.at;
            }
        }
    }
}

/// Whether it counts until somebody has read it.
fn is_unread(message: &Message) -> bool {
    message.direction == Direction::Inbound && message.content.is_to_be_read()
}

fn stored(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Stored(error.to_string()))
}
