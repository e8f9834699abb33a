//! Which way a message goes: through its conversation's inbox, or by text through the one that is named for whom RCS does not reach.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use common::channels::rcs::errors::NOT_REACHED_WORD;
use common::db::pipeline::load::LoadedLane;
use common::db::{Error, Tx};
use tokio_postgres::Row;
use uuid::Uuid;

use super::claim::Head;

/// How long a lane waits before it looks again whether it may go around.
const AGAIN: TimeDelta = TimeDelta::seconds(5);

/// Of messages: their inbox's fallback and whether its gate is open, the first attempt of their generation through the inbox itself, and
/// whether one was refused because the channel does not reach the contact.
const WAYS: &str =
    "SELECT m.id, f.id, a.first, coalesce(a.not_reached, false), coalesce(f.gate = 'open', false)
    FROM messages m JOIN conversations c ON c.id = m.conversation_id JOIN inboxes i ON i.id = c.inbox_id
    LEFT JOIN inboxes f ON f.id = i.fallback_inbox_id AND f.deleted_at IS NULL
    LEFT JOIN LATERAL (
        SELECT (array_agg(t.id ORDER BY t.number) FILTER (WHERE t.inbox_id IS NULL))[1] AS first,
            bool_or(t.state = 'refused' AND t.provider_code = $2 AND t.inbox_id IS NULL) AS not_reached
        FROM attempts t WHERE t.message_id = m.id AND t.generation = m.generation) a ON true
    WHERE m.id = ANY($1)";

/// Which way a head goes, where its provider takes ids of ours and its inbox may have a fallback.
#[derive(Default)]
pub(super) struct Way {
    /// The first attempt: a repetition is to be known as one.
    pub first: Option<Uuid>,
    /// The inbox for texts that is there for those whom the channel does not reach.
    pub fallback: Option<Uuid>,
    /// Whether the contact is one of them.
    pub not_reached: bool,
    /// Whether the fallback's gate is open.
    open: bool,
}

/// What is known of the pace of an inbox that a lane goes through in place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Which inbox.
    pub inbox: Uuid,
    /// Whether it is the lane's turn there, or not soon.
    pub come: bool,
}

/// Whether a lane may go the way that its head goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Now.
    Free,
    /// Once it has its turn at this inbox.
    Paced(Uuid),
    /// It is to look again then.
    Blocked(DateTime<Utc>),
}

impl Way {
    /// The inbox that it goes through in place of its own.
    pub(super) fn around(&self) -> Option<Uuid> {
        self.fallback.filter(|_| self.not_reached)
    }

    /// Whoever goes around keeps to the pace and the gate of the inbox that it goes through.
    pub(super) fn passage(&self, turn: Option<Turn>, now: DateTime<Utc>) -> Passage {
        let Some(inbox) = self.around() else { return Passage::Free };
        match turn.filter(|turn| turn.inbox == inbox) {
            _ if !self.open => Passage::Blocked(now + AGAIN),
            Some(Turn { come: true, .. }) => Passage::Free,
            Some(Turn { come: false, .. }) => Passage::Blocked(now + AGAIN),
            None => Passage::Paced(inbox),
        }
    }
}

/// Finds which way each goes on channels whose providers take ids of ours.
pub(super) async fn find_ways(
    tx: &Tx,
    lanes: &HashMap<Uuid, LoadedLane>,
    heads: &mut HashMap<Uuid, Head>,
) -> Result<(), Error> {
    let chosen =
        |lane: &Uuid| lanes.get(lane).is_some_and(|loaded: &LoadedLane| loaded.channel.takes_our_ids());
    let chosen = heads.iter().filter(|(lane, _)| chosen(lane));
    let messages: Vec<Uuid> = chosen.map(|(_, head)| head.message.id).collect();
    if messages.is_empty() {
        return Ok(());
    }
    let rows = tx.run(&[tx.step(WAYS, vec![&messages, &NOT_REACHED_WORD]).await?]).await?;
    let read = |row: &Row| {
        let (fallback, first, not_reached) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok((row.try_get(0)?, Way { first, fallback, not_reached, open: row.try_get(4)? }))
    };
    let mut ways = rows.iter().flatten().map(read).collect::<Result<HashMap<Uuid, Way>, Error>>()?;
    for head in heads.values_mut() {
        head.way = ways.remove(&head.message.id).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_goes_around_needs_an_open_gate_and_its_turn_there() {
        let (now, fallback) = (Utc::now(), Uuid::now_v7());
        let way = |not_reached, open| Way { fallback: Some(fallback), not_reached, open, ..Way::default() };
        let turn = |come| Some(Turn { inbox: fallback, come });
        let later = Passage::Blocked(now + AGAIN);
        assert_eq!(way(false, false).passage(None, now), Passage::Free);
        assert_eq!(way(true, true).passage(None, now), Passage::Paced(fallback));
        assert_eq!(way(true, true).passage(turn(true), now), Passage::Free);
        assert_eq!(way(true, true).passage(turn(false), now), later);
        assert_eq!(way(true, false).passage(turn(true), now), later);
        // Another inbox was named meanwhile.
        let other = Some(Turn { inbox: Uuid::now_v7(), come: true });
        assert_eq!(way(true, true).passage(other, now), Passage::Paced(fallback));
    }
}
