//! What each event does, in stored order: a message joins its conversation, a status moves a message forward.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use common::channels::{InboundEvent, InboundMessage, StatusUpdate, Wish};
use common::db::contacts::erasure;
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::contacts::Known;
use common::db::pipeline::load::{Attempt, Message};
use common::db::pipeline::rows::{EventRow, NewMessage, ProcessedRow, Touch, WindowRow, WishRow};
use common::db::pipeline::{Changes, provider_ids};
use common::db::{Error, Tx};
use common::delivery::{Evidence, apply_status, release};
use common::domain::contact::Standing;
use common::domain::ids::ContactId;
use common::domain::message::Status;
use common::domain::postponed::{ClosedWindow, Postponed};
use common::domain::view::{Direction, SenderType};
use common::metrics;
use serde_json::json;
use uuid::Uuid;

use super::group::{Loaded, Understood};

/// How long a contact's message lets free-form replies through.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// Decides on a group's events one by one, and writes it all at the end.
pub(super) struct Decider<'a> {
    loaded: &'a mut Loaded,
    changes: Changes,
    touches: HashMap<Uuid, Touch>,
    /// Provider ids of new messages.
    claims: Vec<(Uuid, String, Uuid, Uuid)>,
    /// Statuses of messages nobody has recorded, by inbox and provider id, with their events.
    parks: HashMap<(Uuid, String), Vec<(StatusUpdate, i64)>>,
    processed: Vec<(i64, &'static str)>,
    now: DateTime<Utc>,
}

impl<'a> Decider<'a> {
    pub(super) fn new(loaded: &'a mut Loaded) -> Self {
        let mut decider = Self {
            loaded,
            changes: Changes::default(),
            touches: HashMap::new(),
            claims: Vec::new(),
            parks: HashMap::new(),
            processed: Vec::new(),
            now: Utc::now(),
        };
        decider.conversations_begun();
        decider
    }

    pub(super) fn decide(&mut self, understood: &Understood) -> Result<(), Error> {
        let waiting = &understood.waiting;
        let effect = match &understood.event {
            InboundEvent::Message(message) => self.message(waiting, message)?,
            InboundEvent::Status(update) => match self.status(waiting, update) {
                Some(effect) => effect,
                None => return Ok(()),
            },
            InboundEvent::Wish(wish) => self.wish(waiting, wish),
            InboundEvent::Ignored { .. } => "ignored",
        };
        metrics::get().channel_events_applied.with_label_values(&[waiting.kind.as_str(), effect]).inc();
        self.processed.push((waiting.id, effect));
        Ok(())
    }

    fn conversations_begun(&mut self) {
        for begun in &self.loaded.contacts.begun {
            self.changes.conversation_begun(begun);
        }
    }

    fn message(&mut self, waiting: &WaitingEvent, inbound: &InboundMessage) -> Result<&'static str, Error> {
        let key = (waiting.inbox, inbound.provider_id.clone());
        if self.loaded.known.contains_key(&key) {
            return Ok("duplicate");
        }
        let Some(contact) = self.loaded.contacts.find(waiting.inbox, &inbound.addresses) else {
            return Ok("ignored");
        };
        let Some(loaded) = self.loaded.lanes.get_mut(&contact.conversation) else {
            return Err(Error::Stored("a conversation without a lane".into()));
        };
        if loaded.standing == Standing::Erased {
            // Marked between the look at its address and the lock. By itself, the event finds that nobody has the address.
            return Err(Error::Stored("a contact was erased meanwhile".into()));
        }
        let blocked = loaded.standing == Standing::Blocked;
        let quoted = inbound.reply_to.clone().and_then(|id| self.loaded.known.get(&(waiting.inbox, id)));
        // A quote of another conversation's message says nothing here.
        let quoted = quoted
            .filter(|(_, conversation)| *conversation == contact.conversation)
            .map(|(message, _)| *message);
        let message = Message {
            id: loaded.lane.draw_message_id(),
            organization: waiting.organization,
            conversation: contact.conversation,
            direction: Direction::Inbound,
            status: Status::Delivered,
            content: inbound.content.clone(),
            sender: (SenderType::Contact, contact.contact, inbound.name.clone()),
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
            changed: false,
            moved: false,
        };
        self.changes.brings_back(loaded);
        self.loaded.known.insert(key, (message.id, message.conversation));
        self.claims.push((waiting.inbox, inbound.provider_id.clone(), message.id, message.conversation));
        self.add(waiting, &message)?;
        if blocked {
            self.keep_quiet(inbound, &message);
        } else {
            self.announce(waiting, inbound, &message, contact);
        }
        Ok("stored")
    }

    fn add(&mut self, waiting: &WaitingEvent, message: &Message) -> Result<(), Error> {
        let content =
            serde_json::to_string(&message.content).map_err(|error| Error::Stored(error.to_string()))?;
        self.changes.file_of(waiting.inbox, message);
        self.changes.messages.push(NewMessage {
            id: message.id,
            organization_id: message.organization,
            conversation_id: message.conversation,
            direction: message.direction.as_str(),
            status: message.status.as_str(),
            content,
            sender_type: message.sender.0.as_str(),
            sender_id: message.sender.1,
            sender_name: message.sender.2.clone(),
            reply_to: message.reply_to,
            at: message.at,
            provider_message_id: message.provider_message_id.clone(),
            client_reference: None,
            trace_id: message.trace,
            lane_position: None,
            expires_at: None,
        });
        let told = json!({ "channelEvent": waiting.id, "receivedAt": waiting.received_at });
        self.changes.happened(message.id, "received", None, Some(told));
        Ok(())
    }

    /// A blocked contact's message is kept in its place, and raises nothing: no event, no unread, no new place in lists.
    fn keep_quiet(&mut self, inbound: &InboundMessage, message: &Message) {
        self.changes.happened(message.id, "contact_blocked", None, None);
        self.changes.windows.push(WindowRow {
            organization_id: message.organization,
            conversation_id: message.conversation,
            window_expires_at: (inbound.at + WINDOW).min(self.now + WINDOW),
        });
    }

    fn announce(
        &mut self,
        waiting: &WaitingEvent,
        inbound: &InboundMessage,
        message: &Message,
        contact: Known,
    ) {
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
        self.touch(inbound, message);
        self.release_held(message.conversation);
    }

    /// The conversation's newest message, one more unread, and the reply window from the provider's time.
    fn touch(&mut self, inbound: &InboundMessage, message: &Message) {
        let window = (inbound.at + WINDOW).min(self.now + WINDOW);
        let before = self.touches.remove(&message.conversation);
        let touch = Touch {
            organization_id: message.organization,
            conversation_id: message.conversation,
            last_message_id: message.id,
            direction: message.direction.as_str(),
            preview: message.content.preview(),
            at: inbound.at.min(self.now),
            unread: 1 + before.as_ref().map_or(0, |touch| touch.unread),
            window_expires_at: before.as_ref().and_then(|touch| touch.window_expires_at).max(Some(window)),
            contact_id: Some(message.sender.1),
            contact_name: inbound.name.clone().or(before.and_then(|touch| touch.contact_name)),
        };
        if let Some(loaded) = self.loaded.lanes.get_mut(&message.conversation) {
            loaded.window_expires_at = loaded.window_expires_at.max(Some(window));
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

    /// What a contact wants of marketing; of somebody who never wrote there is nothing to note.
    fn wish(&mut self, waiting: &WaitingEvent, wish: &Wish) -> &'static str {
        let Some(contact) = self.loaded.contacts.find(waiting.inbox, &wish.addresses) else {
            return "ignored";
        };
        self.changes.wishes.push(WishRow {
            organization_id: waiting.organization,
            contact_id: contact.contact,
            opted_out: wish.opted_out,
            at: wish.at,
        });
        "noted"
    }

    /// Applies a status, or parks it when nobody has recorded its message; then it has no effect yet.
    fn status(&mut self, waiting: &WaitingEvent, update: &StatusUpdate) -> Option<&'static str> {
        let attempt = update.correlation.and_then(|id| self.loaded.attempts.get(&id)).cloned();
        let by_id = self.loaded.known.get(&(waiting.inbox, update.provider_id.clone())).copied();
        let by_attempt = attempt.as_ref().map(|attempt| (attempt.message, attempt.conversation));
        let Some((message, conversation)) = by_id.or(by_attempt) else {
            let parked = self.parks.entry((waiting.inbox, update.provider_id.clone())).or_default();
            parked.push((update.clone(), waiting.id));
            return None;
        };
        let lane = self.loaded.lanes.get(&conversation);
        if lane.is_none() {
            return Some("erased");
        }
        // An attempt of another inbox or message proves nothing here: correlations come from outside.
        let ours = lane.is_some_and(|lane| lane.lane.inbox == waiting.inbox);
        let attempt = attempt.filter(|attempt| attempt.message == message);
        if !ours {
            return Some("ignored");
        }
        if by_id.is_none() {
            self.loaded.known.insert((waiting.inbox, update.provider_id.clone()), (message, conversation));
            self.claims.push((waiting.inbox, update.provider_id.clone(), message, conversation));
        }
        Some(self.apply((update, waiting.id), attempt.as_ref(), message, conversation))
    }

    fn apply(
        &mut self,
        (update, channel_event): (&StatusUpdate, i64),
        attempt: Option<&Attempt>,
        message: Uuid,
        conversation: Uuid,
    ) -> &'static str {
        let head = self.loaded.heads.get(&conversation).copied();
        let (Some(loaded), Some(message)) =
            (self.loaded.lanes.get_mut(&conversation), self.loaded.messages.get_mut(&message))
        else {
            return "erased";
        };
        let erased = loaded.standing == Standing::Erased;
        if erased {
            message.content = erasure::nothing();
        }
        let is_head = head == Some(message.id);
        let evidence = Evidence { update, attempt, is_head, channel_event: Some(channel_event) };
        let effect = apply_status(&mut self.changes, loaded, message, evidence, self.now);
        if let Some(known) = attempt.and_then(|attempt| self.loaded.attempts.get_mut(&attempt.id)) {
            known.state = "accepted".into();
        }
        if erased { "erased" } else { effect }
    }

    /// Writes everything; says whether events were left because their message was recorded meanwhile.
    pub(super) async fn write(self, tx: Tx) -> Result<bool, Error> {
        let parked = self.park(&tx).await?;
        self.claim(&tx).await?;
        let mut changes = self.changes;
        let left = self.parks.values().flatten().count() > parked.len();
        for (id, effect) in self.processed.into_iter().chain(parked) {
            changes.processed.push(ProcessedRow { id, effect: effect.into() });
        }
        self.touches.into_values().for_each(|touch| changes.touches.push(touch));
        changes.save_changed(self.loaded.lanes.values(), self.loaded.messages.values());
        changes.commit(tx).await?;
        Ok(left)
    }

    /// Parks statuses; the events of those that cannot be parked, because the record came first, are done next.
    async fn park(&self, tx: &Tx) -> Result<Vec<(i64, &'static str)>, Error> {
        if self.parks.is_empty() {
            return Ok(Vec::new());
        }
        let (mut inboxes, mut ids, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
        for ((inbox, id), parked) in &self.parks {
            inboxes.push(*inbox);
            ids.push(id.clone());
            let updates: Vec<&StatusUpdate> = parked.iter().map(|(update, _)| update).collect();
            statuses.push(json!(updates).to_string());
        }
        let step = tx.step(provider_ids::PARK, vec![&inboxes, &ids, &statuses]).await?;
        let recorded: Vec<(Uuid, String)> =
            tx.run(&[step]).await?.iter().flatten().map(|row| (row.get(0), row.get(1))).collect();
        let parked = self.parks.iter().filter(|(key, _)| !recorded.contains(key));
        metrics::get().channel_events_applied.with_label_values(&["status", "parked"]).inc();
        Ok(parked.flat_map(|(_, events)| events).map(|(_, event)| (*event, "parked")).collect())
    }

    async fn claim(&self, tx: &Tx) -> Result<(), Error> {
        if self.claims.is_empty() {
            return Ok(());
        }
        let (mut inboxes, mut ids, mut messages, mut conversations) = (vec![], vec![], vec![], vec![]);
        for (inbox, id, message, conversation) in &self.claims {
            inboxes.push(*inbox);
            ids.push(id.clone());
            messages.push(*message);
            conversations.push(*conversation);
        }
        let step = tx.step(provider_ids::CLAIM, vec![&inboxes, &ids, &messages, &conversations]).await?;
        let named = tx.run(&[step]).await?;
        for row in named.iter().flatten() {
            let (id, message): (String, Uuid) = (row.try_get(1)?, row.try_get(2)?);
            if !self.claims.iter().any(|claim| claim.1 == id && claim.2 == message) {
                return Err(Error::Stored("a provider id was given to another message meanwhile".into()));
            }
        }
        Ok(())
    }
}
