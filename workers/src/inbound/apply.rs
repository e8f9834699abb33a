//! Decides on a group's events one by one, in stored order, and writes it all at the end. What each does has its own file.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use common::channels::{InboundEvent, StatusUpdate};
use common::db::pipeline::Changes;
use common::db::pipeline::provider_ids::ParkedReaction;
use common::db::pipeline::rows::ProcessedRow;
use common::db::pipeline::touches::Touch;
use common::db::{Error, Tx, message_search};
use common::delivery::show_sent;
use common::metrics;
use uuid::Uuid;

use super::addresses::Moved;
use super::group::{Loaded, Understood};

/// Decides on a group's events one by one, and writes it all at the end.
pub(super) struct Decider<'a> {
    pub(super) loaded: &'a mut Loaded,
    pub(super) changes: Changes,
    pub(super) touches: HashMap<Uuid, Touch>,
    /// Provider ids of new messages.
    pub(super) claims: Vec<(Uuid, String, Uuid, Uuid)>,
    /// Statuses of messages nobody has recorded, by inbox and provider id, with their events.
    pub(super) parks: HashMap<(Uuid, String), Vec<(StatusUpdate, i64)>>,
    /// Reactions to messages nobody has recorded, by inbox and provider id.
    pub(super) parked_reactions: HashMap<(Uuid, String), Vec<ParkedReaction>>,
    /// Conversations whose contact has another address now, each time that it changed.
    pub(super) moved: Vec<Moved>,
    /// Messages of blocked contacts whose words have changed, by conversation.
    pub(super) unsearchable: Vec<(Uuid, Uuid)>,
    /// Messages that echoes of this group have shown to be taken, with their conversations, and when that was.
    pub(super) proved: Vec<(Uuid, Uuid, DateTime<Utc>)>,
    processed: Vec<(i64, &'static str)>,
    pub(super) now: DateTime<Utc>,
}

impl<'a> Decider<'a> {
    pub(super) fn new(loaded: &'a mut Loaded) -> Self {
        let mut decider = Self {
            loaded,
            changes: Changes::default(),
            touches: HashMap::new(),
            claims: Vec::new(),
            parks: HashMap::new(),
            parked_reactions: HashMap::new(),
            moved: Vec::new(),
            unsearchable: Vec::new(),
            proved: Vec::new(),
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
            InboundEvent::Edited(edit) => self.edited(waiting, edit),
            InboundEvent::Deleted(deletion) => self.deleted(waiting, deletion),
            InboundEvent::Status(update) => match self.status(waiting, update) {
                Some(effect) => effect,
                None => return Ok(()),
            },
            InboundEvent::Watermark(mark) => self.watermark(waiting, mark),
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
        self.changes.conversations_picked(&self.loaded.contacts.begun, &self.loaded.contacts.picked);
    }

    /// Writes everything; says whether events are left: because their message was recorded meanwhile, or because they came
    /// from another lane.
    pub(super) async fn write(mut self, tx: Tx) -> Result<bool, Error> {
        message_search::remove(&tx, &self.unsearchable).await?;
        let parked = self.park(&tx).await?;
        self.park_reactions(&tx).await?;
        self.claim(&tx).await?;
        let relaned = self.relane(&tx).await?;
        show_sent(&tx, &mut self.changes, &mut self.loaded.messages).await?;
        let mut changes = self.changes;
        let left = self.parks.values().flatten().count() > parked.len();
        for (id, effect) in self.processed.into_iter().chain(parked) {
            changes.processed.push(ProcessedRow { id, effect: effect.into() });
        }
        self.touches.into_values().for_each(|touch| changes.touches.push(touch));
        changes.save_changed(self.loaded.lanes.values(), self.loaded.messages.values());
        changes.commit(tx).await?;
        Ok(left || relaned)
    }
}
