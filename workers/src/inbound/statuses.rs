//! A status moves its message forward, or waits at the provider's id until somebody records it.

use common::channels::StatusUpdate;
use common::db::contacts::erasure;
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::load::Attempt;
use common::db::pipeline::provider_ids;
use common::db::{Error, Tx};
use common::delivery::{Evidence, apply_status};
use common::domain::contact::Standing;
use common::metrics;
use serde_json::json;
use uuid::Uuid;

use super::apply::Decider;

impl Decider<'_> {
    /// Applies a status, or parks it when nobody has recorded its message; then it has no effect yet.
    pub(super) fn status(&mut self, waiting: &WaitingEvent, update: &StatusUpdate) -> Option<&'static str> {
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
        let through = attempt.as_ref().and_then(|attempt| attempt.inbox);
        let ours =
            by_id.is_some() || lane.is_some_and(|lane| through.unwrap_or(lane.lane.inbox) == waiting.inbox);
        let attempt = attempt.filter(|attempt| attempt.message == message);
        if !ours {
            return Some("ignored");
        }
        if by_id.is_none() {
            self.loaded.known.insert((waiting.inbox, update.provider_id.clone()), (message, conversation));
            self.claims.push((waiting.inbox, update.provider_id.clone(), message, conversation));
        }
        Some(self.apply((update, Some(waiting.id)), attempt.as_ref(), message, conversation))
    }

    pub(super) fn apply(
        &mut self,
        (update, channel_event): (&StatusUpdate, Option<i64>),
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
        let evidence = Evidence { update, attempt, is_head, channel_event };
        let effect = apply_status(&mut self.changes, loaded, message, evidence, self.now);
        if let Some(known) = attempt.and_then(|attempt| self.loaded.attempts.get_mut(&attempt.id)) {
            known.state = "accepted".into();
        }
        if erased { "erased" } else { effect }
    }

    /// Parks statuses; the events of those that cannot be parked, because the record came first, are done next.
    pub(super) async fn park(&self, tx: &Tx) -> Result<Vec<(i64, &'static str)>, Error> {
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
}
