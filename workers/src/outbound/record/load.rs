//! What a group of records is decided upon.

use std::collections::HashMap;
use std::sync::Arc;

use common::channels::SendOutcome;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::pipeline::provider_ids::{self, Claimed};
use common::db::{Error, Tx};
use uuid::Uuid;

use super::Record;
use crate::outbound::claim::Work;

/// Rows of a group, by id.
pub(super) struct Loaded {
    pub lanes: HashMap<Uuid, LoadedLane>,
    pub messages: HashMap<Uuid, Message>,
    pub claimed: HashMap<(Uuid, String), Claimed>,
    /// Heads of the lanes whose lease was lost; of the others the record's message is the head.
    pub heads: HashMap<Uuid, Uuid>,
}

/// Provider ids of a group's accepted messages.
#[derive(Default)]
struct ProviderIds {
    inboxes: Vec<Uuid>,
    ids: Vec<String>,
    messages: Vec<Uuid>,
    conversations: Vec<Uuid>,
}

pub(super) async fn load_group(tx: &Tx, records: &[Arc<Record>]) -> Result<Loaded, Error> {
    let lanes: Vec<Uuid> = records.iter().map(|record| record.work.lane).collect();
    let messages: Vec<Uuid> = records.iter().map(|record| record.work.message).collect();
    let mut ids = ProviderIds::default();
    for record in records {
        if let SendOutcome::Accepted { provider_id } = &record.outcome {
            ids.inboxes.push(record.work.inbox);
            ids.ids.push(provider_id.clone());
            ids.messages.push(record.work.message);
            ids.conversations.push(record.work.lane);
        }
    }
    let load_messages = load::messages();
    let steps = [
        tx.step(load::LOCK, vec![&lanes]).await?,
        tx.step(load::LANES, vec![&lanes]).await?,
        tx.step(&load_messages, vec![&messages]).await?,
        tx.step(provider_ids::CLAIM, vec![&ids.inboxes, &ids.ids, &ids.messages, &ids.conversations]).await?,
    ];
    let answers = tx.begin(&steps).await?;
    let keyed = |message: Message| (message.id, message);
    let mut loaded = Loaded {
        lanes: LoadedLane::read_all(&answers[1])?,
        messages: answers[2].iter().map(|row| Message::read(row).map(keyed)).collect::<Result<_, _>>()?,
        claimed: answers[3]
            .iter()
            .map(|row| {
                Claimed::read(row).map(|claimed| ((claimed.inbox, claimed.provider_id.clone()), claimed))
            })
            .collect::<Result<_, _>>()?,
        heads: HashMap::new(),
    };
    let late: Vec<Uuid> = records
        .iter()
        .filter(|record| !loaded.lanes.get(&record.work.lane).is_some_and(|lane| holds(&record.work, lane)))
        .map(|record| record.work.lane)
        .collect();
    if !late.is_empty() {
        let heads = load::heads();
        let rows = tx.run(&[tx.step(&heads, vec![&late]).await?]).await?;
        loaded.heads.extend(rows.iter().flatten().map(|row| (row.get::<_, Uuid>(2), row.get::<_, Uuid>(0))));
    }
    Ok(loaded)
}

/// Whether a record carries the lane's lease.
pub(super) fn holds(work: &Work, lane: &LoadedLane) -> bool {
    lane.lane.attempt == Some(work.attempt) && lane.lane.lease == work.lease
}
