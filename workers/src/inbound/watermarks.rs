//! A report on all messages of ours up to one moves each of them that is not so far yet.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use common::channels::{InboundEvent, StatusUpdate, UpTo, Watermark};
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::load::{self, Message};
use common::db::pipeline::watermarks::{LOOKED_AT, UP_TO};
use common::db::{Error, Tx};
use common::domain::view::Direction;
use uuid::Uuid;

use super::apply::Decider;
use super::group::{Loaded, Understood};

/// Reports with a place among messages, column by column.
#[derive(Default)]
struct Marks {
    events: Vec<i64>,
    conversations: Vec<Uuid>,
    read: Vec<bool>,
    until: Vec<Option<DateTime<Utc>>>,
    last: Vec<Option<Uuid>>,
}

impl Marks {
    fn of(events: &[Understood], loaded: &Loaded) -> Self {
        let mut marks = Self::default();
        for Understood { waiting, event } in events {
            let InboundEvent::Watermark(mark) = event else { continue };
            let Some(contact) = loaded.contacts.find(waiting.inbox, &mark.addresses) else { continue };
            let (until, last) = match &mark.up_to {
                UpTo::Time(time) => (Some(*time), None),
                UpTo::Message(id) => match loaded.known.get(&(waiting.inbox, id.clone())) {
                    Some((message, conversation)) if *conversation == contact.conversation => {
                        (None, Some(*message))
                    }
                    // Its own status waits for whoever records it; what came before it is told of again, with the next report.
                    _ => continue,
                },
            };
            marks.events.push(waiting.id);
            marks.conversations.push(contact.conversation);
            marks.read.push(mark.status == common::domain::message::Status::Read);
            marks.until.push(until);
            marks.last.push(last);
        }
        marks
    }
}

/// Finds the messages that reports are about, and loads those that are not loaded yet. The lanes are locked: whatever is recorded
/// already is found.
pub(super) async fn find(tx: &Tx, events: &[Understood], loaded: &mut Loaded) -> Result<(), Error> {
    let marks = Marks::of(events, loaded);
    if marks.events.is_empty() {
        return Ok(());
    }
    let step = tx
        .step(UP_TO, vec![&marks.conversations, &marks.read, &marks.until, &marks.last, &LOOKED_AT])
        .await?;
    let mut missing: HashSet<Uuid> = HashSet::new();
    for row in tx.run(&[step]).await?.iter().flatten() {
        let (place, message): (i64, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        let event = usize::try_from(place - 1).ok().and_then(|place| marks.events.get(place));
        loaded.marked.entry(event.copied().unwrap_or_default()).or_default().push(message);
        if !loaded.messages.contains_key(&message) {
            missing.insert(message);
        }
    }
    load_messages(tx, missing, loaded).await
}

/// Loads messages of locked lanes.
pub(super) async fn load_messages(
    tx: &Tx,
    missing: impl IntoIterator<Item = Uuid>,
    loaded: &mut Loaded,
) -> Result<(), Error> {
    let missing: Vec<Uuid> = missing.into_iter().collect();
    let sql = load::messages();
    for row in tx.run(&[tx.step(&sql, vec![&missing]).await?]).await?.iter().flatten() {
        let message = Message::read(row)?;
        loaded.messages.entry(message.id).or_insert(message);
    }
    Ok(())
}

impl Decider<'_> {
    /// Moves every message of ours that the report is about.
    pub(super) fn watermark(&mut self, waiting: &WaitingEvent, mark: &Watermark) -> &'static str {
        let Some(contact) = self.loaded.contacts.find(waiting.inbox, &mark.addresses) else {
            return "ignored";
        };
        let mut messages = self.loaded.marked.remove(&waiting.id).unwrap_or_default();
        messages.extend(self.proved_before(mark, contact.conversation));
        let mut effect = "noted";
        for id in messages {
            let Some(message) = self.loaded.messages.get(&id) else { continue };
            let moves = message.direction == Direction::Outbound && message.status.moves_to(mark.status);
            let Some(provider_id) = message.provider_message_id.clone().filter(|_| moves && !message.waits())
            else {
                continue;
            };
            let update = StatusUpdate {
                provider_id,
                correlation: None,
                status: Some(mark.status),
                word: mark.word.clone(),
                at: mark.at,
                failure: None,
            };
            effect = self.apply((&update, Some(waiting.id)), None, id, contact.conversation);
        }
        effect
    }

    /// Messages that an echo of this very group has shown to be taken: the database does not know of it yet.
    fn proved_before(&self, mark: &Watermark, conversation: Uuid) -> Vec<Uuid> {
        let UpTo::Time(until) = &mark.up_to else { return Vec::new() };
        let before = self.proved.iter().filter(|(_, _, at)| at <= until);
        before.filter(|(_, of, _)| *of == conversation).map(|(message, _, _)| *message).collect()
    }
}
