//! Recording what the provider answered: one transaction for a group; a lost lease moves nothing.

mod fallback;
mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use common::channels::{Action, ChannelError, SendOutcome};
use common::config::Timings;
use common::db::contacts::erasure;
use common::db::pipeline::Changes;
use common::db::pipeline::health::InboxStanding;
use common::db::pipeline::load::{Gate, LoadedLane, Message};
use common::db::pipeline::provider_ids::{self, Claimed};
use common::db::pipeline::rows::AttemptState;
use common::db::{Error, Tx};
use common::delivery::{End, Evidence, apply_status, settle, show_parked, show_sent};
use common::domain::contact::Standing;
use common::domain::ids::InboxId;
use common::domain::lane::LaneState;
use common::metrics;
use deadpool_postgres::Pool;
use serde_json::json;
use uuid::Uuid;

use super::claim::Work;
use super::pace::Pacer;
use crate::process::Context;
use load::{Loaded, holds, load_group};

/// A claimed message and what became of the call.
#[derive(Debug)]
pub(super) struct Record {
    pub work: Work,
    pub outcome: SendOutcome,
}

pub(super) struct Recorder {
    pool: Pool,
    timings: Timings,
    pacer: Arc<Pacer>,
}

impl Recorder {
    pub(super) fn new(context: &Context, pacer: Arc<Pacer>) -> Self {
        Self { pool: context.pool.clone(), timings: context.config.timings, pacer }
    }

    /// Records a group; the answers stand in its order.
    pub(super) async fn record(&self, records: Vec<Arc<Record>>) -> Vec<Result<(), String>> {
        let started = Instant::now();
        metrics::get().group_items.with_label_values(&["record"]).observe(records.len() as f64);
        let recorded = self.transact(&records).await;
        // A fault that lies in one record must not hold back the others.
        if recorded.as_ref().is_err_and(|error| !error.is_unavailable()) && records.len() > 1 {
            tracing::warn!("a group of records failed; trying each by itself");
            let mut answers = Vec::with_capacity(records.len());
            for record in &records {
                answers.push(self.finish(self.transact(std::slice::from_ref(record)).await).await);
            }
            return answers;
        }
        metrics::get().group_seconds.with_label_values(&["record"]).observe(started.elapsed().as_secs_f64());
        let answer = self.finish(recorded).await;
        records.iter().map(|_| answer.clone()).collect()
    }

    async fn finish(&self, recorded: Result<Vec<(Uuid, DateTime<Utc>)>, Error>) -> Result<(), String> {
        for (inbox, until) in recorded.map_err(|error| error.to_string())? {
            self.pacer.throttle(inbox, until).await;
        }
        Ok(())
    }

    async fn transact(&self, records: &[Arc<Record>]) -> Result<Vec<(Uuid, DateTime<Utc>)>, Error> {
        let tx = Tx::open(&self.pool).await?;
        let mut loaded = load_group(&tx, records).await?;
        let mut changes = Changes::default();
        let mut unpark = (Vec::new(), Vec::new());
        let mut throttled = Vec::new();
        let now = Utc::now();
        for record in records {
            let mut step =
                Step { timings: &self.timings, changes: &mut changes, now, throttled: &mut throttled };
            step.record(record, &mut loaded)?;
        }
        forget_erased(&tx, records, &loaded).await?;
        for ((inbox, id), claimed) in &loaded.claimed {
            if claimed.has_parked() {
                unpark.0.push(*inbox);
                unpark.1.push(id.clone());
            }
        }
        if !unpark.0.is_empty() {
            let step = tx.step(provider_ids::UNPARK, vec![&unpark.0, &unpark.1]).await?;
            tx.run(&[step]).await?;
        }
        show_sent(&tx, &mut changes, &mut loaded.messages).await?;
        changes.save_changed(loaded.lanes.values(), loaded.messages.values());
        changes.commit(tx).await?;
        Ok(throttled)
    }
}

/// A lease that was lost may outlast its conversation: then nothing is left for the provider's id to lead to.
async fn forget_erased(tx: &Tx, records: &[Arc<Record>], loaded: &Loaded) -> Result<(), Error> {
    let (mut inboxes, mut ids) = (Vec::new(), Vec::new());
    for record in records.iter().filter(|record| !loaded.messages.contains_key(&record.work.message)) {
        if let SendOutcome::Accepted { provider_id } = &record.outcome {
            inboxes.push(record.work.inbox);
            ids.push(provider_id.clone());
        }
    }
    if !ids.is_empty() {
        tx.run(&[tx.step(provider_ids::FORGET, vec![&inboxes, &ids]).await?]).await?;
    }
    Ok(())
}

struct Step<'a> {
    timings: &'a Timings,
    changes: &'a mut Changes,
    now: DateTime<Utc>,
    throttled: &'a mut Vec<(Uuid, DateTime<Utc>)>,
}

impl Step<'_> {
    fn record(&mut self, record: &Record, loaded: &mut Loaded) -> Result<(), Error> {
        let work = &record.work;
        let (Some(lane), Some(message)) =
            (loaded.lanes.get_mut(&work.lane), loaded.messages.get_mut(&work.message))
        else {
            return Ok(()); // Erased meanwhile.
        };
        if lane.standing == Standing::Erased {
            message.content = erasure::nothing();
        }
        let outcome = match &record.outcome {
            SendOutcome::Accepted { .. } => "accepted",
            SendOutcome::Refused(error) => error.action.as_str(),
            SendOutcome::Uncertain { .. } => "uncertain",
        };
        metrics::get().attempts.with_label_values(&[work.channel.as_str(), outcome]).inc();
        if holds(work, lane) {
            message.attempts = message.attempts.max(work.number);
        }
        let is_head = holds(work, lane) || loaded.heads.get(&work.lane) == Some(&message.id);
        match &record.outcome {
            _ if !holds(work, lane) => self.keep_as_evidence(record, lane, message, is_head),
            // Late, and as much in doubt as before: the wait for evidence goes on, and is not begun anew.
            SendOutcome::Uncertain { .. } if lane.lane.state == LaneState::Uncertain => {
                self.keep_as_evidence(record, lane, message, is_head);
            }
            SendOutcome::Accepted { provider_id } => self.accepted(work, provider_id, lane, message),
            SendOutcome::Refused(error) => self.refused(work, error, lane, message),
            SendOutcome::Uncertain { detail } => self.uncertain(work, detail, lane, message),
        }
        if let SendOutcome::Accepted { provider_id } = &record.outcome
            && let Some(claimed) = loaded.claimed.get(&(work.inbox, provider_id.clone()))
        {
            self.unparked(claimed, lane, message, is_head);
        }
        Ok(())
    }

    /// Statuses and reactions that came before the record count like any other.
    fn unparked(&mut self, claimed: &Claimed, lane: &mut LoadedLane, message: &mut Message, was_head: bool) {
        for update in &claimed.parked {
            // Queued still, though recorded: a repetition is on its way, or waits for its turn.
            let is_head = was_head && message.lane_position.is_some();
            let evidence = Evidence { update, attempt: None, is_head, channel_event: None };
            apply_status(self.changes, lane, message, evidence, self.now);
        }
        show_parked(self.changes, claimed, message);
    }

    /// The lease was lost: another may be acting on the lane. The answer is kept with its own attempt; that it was taken
    /// withdraws a repetition which has not left, and moves nothing else.
    fn keep_as_evidence(
        &mut self,
        record: &Record,
        lane: &mut LoadedLane,
        message: &mut Message,
        is_head: bool,
    ) {
        let work = &record.work;
        let (state, provider_id, detail) = match &record.outcome {
            SendOutcome::Accepted { provider_id } => {
                ("accepted", Some(provider_id.clone()), "taken".to_owned())
            }
            SendOutcome::Refused(error) => ("refused", None, error.title.clone()),
            SendOutcome::Uncertain { detail } => ("uncertain", None, detail.clone()),
        };
        // A status was quicker than the record and has settled the message: nothing was lost.
        if provider_id.is_some() && message.provider_message_id == provider_id {
            return;
        }
        metrics::get().stale_records.with_label_values(&[work.channel.as_str()]).inc();
        let told = json!({ "outcome": state, "providerMessageId": provider_id });
        self.changes.happened(message.id, "late_answer", Some(work.number), Some(told));
        self.changes.attempt_states.push(AttemptState {
            id: work.attempt,
            state,
            provider_message_id: provider_id.clone(),
            provider_code: None,
            detail: Some(detail),
        });
        let Some(provider_id) = provider_id.filter(|_| message.waits()) else { return };
        message.changed = true;
        if is_head && lane.lane.attempt.is_some() {
            // The repetition is in flight: its own record ends the message, as sent in any case.
            message.provider_message_id.get_or_insert(provider_id);
            if !work.channel.takes_our_ids() {
                self.changes.happened(message.id, "possible_duplicate", None, None);
            }
            return;
        }
        self.changes.happened(message.id, "retry_withdrawn", None, None);
        let end = End::Sent { provider_id, attempt: Some(work.number) };
        settle(self.changes, lane, message, end, (is_head, self.now));
    }

    fn accepted(&mut self, work: &Work, provider_id: &str, lane: &mut LoadedLane, message: &mut Message) {
        self.changes.attempt_states.push(AttemptState {
            id: work.attempt,
            state: "accepted",
            provider_message_id: Some(provider_id.to_owned()),
            provider_code: None,
            detail: None,
        });
        if lane.gate == Gate::HalfOpen && work.inbox == lane.lane.inbox {
            self.changes.standings.push(InboxStanding::open(work.inbox));
        }
        self.done(work, provider_id.to_owned(), lane, message);
    }

    /// The message is done; so is the lane's turn.
    fn done(&mut self, work: &Work, provider_id: String, lane: &mut LoadedLane, message: &mut Message) {
        if message.lane_position.is_some() {
            let end = End::Sent { provider_id, attempt: Some(work.number) };
            settle(self.changes, lane, message, end, (true, self.now));
        } else {
            if message.provider_message_id.as_ref().is_some_and(|known| *known != provider_id) {
                let told = json!({ "providerMessageId": provider_id });
                self.changes.happened(message.id, "duplicate", Some(work.number), Some(told));
            }
            lane.lane.settle(true, self.now);
        }
    }

    fn uncertain(&mut self, work: &Work, detail: &str, lane: &mut LoadedLane, message: &mut Message) {
        self.ended(work, "uncertain", (None, detail));
        if self.already_taken(work, lane, message) {
            return;
        }
        if work.channel.takes_our_ids() {
            // The provider knows a repetition as one: there is nothing to wait for.
            let told = json!({ "detail": detail });
            self.changes.happened(message.id, "uncertain", Some(work.number), Some(told));
            message.failures += 1;
            message.changed = true;
            let title = "The provider's answer was lost";
            return self.retry(
                work,
                &ChannelError::new(Action::Transient, "no_answer", title),
                lane,
                message,
            );
        }
        let due = self.now + delta(self.timings.evidence_wait);
        self.changes.happened(
            message.id,
            "uncertain",
            Some(work.number),
            Some(json!({ "detail": detail, "until": due })),
        );
        lane.lane.doubt(work.attempt, due);
    }

    fn refused(&mut self, work: &Work, error: &ChannelError, lane: &mut LoadedLane, message: &mut Message) {
        let labels = [work.channel.as_str(), error.action.as_str()];
        metrics::get().provider_errors.with_label_values(&labels).inc();
        let state = if error.action.keeps_message() { "transient" } else { "refused" };
        self.ended(work, state, (error.provider_code.clone(), &error.title));
        if self.already_taken(work, lane, message) {
            return;
        }
        if self.fell_back(work, error, lane, message) {
            return;
        }
        match error.action {
            action if action.closes_gate() => self.close_gate(work, error, lane, message),
            Action::ThrottleSender => self.retry(work, error, lane, message),
            action if action.keeps_message() && !self.exhausted(error, message) => {
                message.failures += 1;
                message.changed = true;
                self.retry(work, error, lane, message);
            }
            _ => {
                let end = End::Failed { failure: error.failure(), attempt: Some(work.number) };
                settle(self.changes, lane, message, end, (true, self.now));
            }
        }
    }

    /// Some refusals that may pass are final after a few tries.
    fn exhausted(&self, error: &ChannelError, message: &Message) -> bool {
        let tries = u32::try_from(message.failures + 1).unwrap_or(u32::MAX);
        error.most_tries.is_some_and(|most| tries >= most)
    }

    /// An earlier try was taken after all, as evidence has shown meanwhile.
    fn already_taken(&mut self, work: &Work, lane: &mut LoadedLane, message: &mut Message) -> bool {
        if message.lane_position.is_none() {
            lane.lane.settle(true, self.now);
            return true;
        }
        let Some(provider_id) = message.provider_message_id.clone() else { return false };
        self.done(work, provider_id, lane, message);
        true
    }

    fn ended(&mut self, work: &Work, state: &'static str, (provider_code, detail): (Option<String>, &str)) {
        let detail = Some(detail.to_owned());
        let row = AttemptState { id: work.attempt, state, provider_message_id: None, provider_code, detail };
        self.changes.attempt_states.push(row);
    }

    /// The same message again, after a while, until it expires.
    fn retry(&mut self, work: &Work, error: &ChannelError, lane: &mut LoadedLane, message: &Message) {
        let backoff = match error.action {
            Action::ThrottleRecipient => {
                Duration::from_secs(4_u64.saturating_pow(message.failures.clamp(1, 6) as u32 - 1))
            }
            _ => self.backoff(message.failures),
        };
        let wait = error.retry_after.map_or(backoff, |asked| asked.max(backoff.min(asked * 2)));
        let due = self.now + delta(wait);
        // At its end the message is looked at once more, and expires.
        let due = message.expires_at.map_or(due, |end| due.min(end));
        if error.action == Action::ThrottleSender {
            self.throttled.push((work.inbox, due));
        }
        let told = json!({
            "action": error.action.as_str(), "providerCode": error.provider_code, "title": error.title, "until": due,
        });
        self.changes.happened(message.id, "retry_due", Some(work.number), Some(told));
        lane.lane.wait(due);
    }

    fn backoff(&self, failures: i32) -> Duration {
        let exponential = ExponentialBuilder::default()
            .with_min_delay(self.timings.retry_first)
            .with_max_delay(self.timings.retry_most)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times();
        let turn = usize::try_from(failures.clamp(1, 32) - 1).unwrap_or(0);
        exponential.build().nth(turn).unwrap_or(self.timings.retry_most)
    }

    /// The provider refuses credentials or account: the whole inbox that it went through waits, this message at its head.
    fn close_gate(&mut self, work: &Work, error: &ChannelError, lane: &mut LoadedLane, message: &Message) {
        let reason = error.inbox_reason();
        self.changes.standings.push(InboxStanding::closed(work.inbox, error));
        let mut told = json!({ "providerCode": error.provider_code, "title": error.title, "reason": reason });
        if work.inbox != lane.lane.inbox {
            told["inboxId"] = json!(InboxId(work.inbox).to_string());
        }
        self.changes.happened(message.id, "gate_closed", Some(work.number), Some(told));
        lane.lane.make_ready(self.now);
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
