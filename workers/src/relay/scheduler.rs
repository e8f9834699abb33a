//! Lanes that are due: retries, pointers that nobody took, claims whose worker was lost, outcomes that stayed unknown.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use common::config::Timings;
use common::db::pipeline::load::{self, Attempt, LoadedLane, Message};
use common::db::pipeline::{Changes, work};
use common::db::{Error, Tx};
use common::delivery::{End, failure, settle};
use common::domain::lane::LaneState;
use common::metrics;
use serde_json::json;
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

const GROUP: i64 = 300;

/// Since when intake as a whole may be trusted, and which of these inboxes have events that nobody worked off.
const HEALTH: &str =
    "SELECT CASE WHEN checked_at < now() - interval '15 seconds' THEN now() ELSE behind_at END
    FROM intake_health";
const BEHIND: &str =
    "SELECT DISTINCT inbox_id FROM channel_events WHERE processed_at IS NULL AND inbox_id = ANY($1)";

/// Without a look for so long, something was away; then evidence has so long to get from the fallback queue into the tables.
const GAP: Duration = Duration::from_secs(2);
const CATCH_UP: Duration = Duration::from_secs(5);

/// When this scheduler last looked, and since when without a gap.
#[derive(Default)]
pub(super) struct State {
    looked: Option<Instant>,
    since: Option<Instant>,
}

/// What a group of due lanes is decided upon.
struct Due<'a> {
    timings: &'a Timings,
    heads: HashMap<Uuid, Message>,
    attempts: HashMap<Uuid, Attempt>,
    /// Since when evidence may be expected to come in.
    healthy_since: DateTime<Utc>,
    behind: Vec<Uuid>,
    /// Whether what was taken in lately may not be stored yet.
    catching_up: bool,
    changes: Changes,
    now: DateTime<Utc>,
}

impl Step for State {
    /// Works off one group; says whether more may be due.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let tx = Tx::open(&shared.context.pool).await?;
        let due = tx.step(work::DUE, vec![&GROUP]).await?;
        let rows = tx.begin(&[due]).await?;
        let catching_up = self.look();
        let ids: Vec<Uuid> = rows[0].iter().map(|row| row.get(0)).collect();
        if ids.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        let heads_sql = load::heads();
        let steps = [
            tx.step(load::LANES, vec![&ids]).await?,
            tx.step(&heads_sql, vec![&ids]).await?,
            tx.step(HEALTH, vec![]).await?,
        ];
        let answers = tx.run(&steps).await?;
        let mut lanes: Vec<LoadedLane> = answers[0].iter().map(LoadedLane::read).collect::<Result<_, _>>()?;
        let in_doubt: Vec<Uuid> = lanes.iter().filter_map(|loaded| loaded.lane.attempt).collect();
        let inboxes: Vec<Uuid> = lanes.iter().map(|loaded| loaded.lane.inbox).collect();
        let steps = [tx.step(load::ATTEMPTS, vec![&in_doubt]).await?, tx.step(BEHIND, vec![&inboxes]).await?];
        let doubts = if in_doubt.is_empty() { vec![Vec::new(), Vec::new()] } else { tx.run(&steps).await? };
        let mut heads = HashMap::new();
        for row in &answers[1] {
            let message = Message::read(row)?;
            heads.insert(message.conversation, message);
        }
        let mut decided = Due {
            timings: &shared.context.config.timings,
            heads,
            attempts: doubts[0]
                .iter()
                .map(|row| Attempt::read(row).map(|a| (a.id, a)))
                .collect::<Result<_, _>>()?,
            healthy_since: answers[2].first().map(|row| row.get(0)).unwrap_or_default(),
            behind: doubts[1].iter().map(|row| row.get(0)).collect(),
            catching_up,
            changes: Changes::default(),
            now: Utc::now(),
        };
        for loaded in &mut lanes {
            decided.decide(loaded);
            decided.changes.save_lane(&loaded.lane);
        }
        decided.changes.commit(tx).await?;
        Ok(ids.len() == GROUP as usize)
    }
}

impl State {
    /// Notes a look; whether there was a gap shortly before.
    fn look(&mut self) -> bool {
        let now = Instant::now();
        if self.looked.is_none_or(|looked| now - looked > GAP) {
            self.since = Some(now);
        }
        self.looked = Some(now);
        self.since.is_none_or(|since| now - since < CATCH_UP)
    }
}

fn count(reason: &str) {
    metrics::get().swept.with_label_values(&[reason]).inc();
}

impl Due<'_> {
    fn decide(&mut self, loaded: &mut LoadedLane) {
        match loaded.lane.state {
            LaneState::Waiting => {
                count("retry");
                loaded.lane.make_ready(self.now);
            }
            LaneState::Admitted => {
                count("unclaimed");
                loaded.lane.make_ready(self.now);
            }
            LaneState::Claimed => {
                count("lost_claim");
                self.lost_claim(loaded);
            }
            LaneState::Uncertain => self.still_uncertain(loaded),
            LaneState::Idle | LaneState::Ready => (),
        }
    }

    /// The lane's attempt, with its message if that is still queued.
    fn in_doubt(&mut self, loaded: &LoadedLane) -> Option<(Attempt, Option<Message>)> {
        let attempt = self.attempts.get(&loaded.lane.attempt?)?.clone();
        let message =
            self.heads.get(&loaded.lane.conversation).filter(|head| head.id == attempt.message).cloned();
        Some((attempt, message))
    }

    /// A worker died or froze between claim and record: the provider may have taken the message.
    fn lost_claim(&mut self, loaded: &mut LoadedLane) {
        let Some((attempt, message)) = self.in_doubt(loaded) else { return loaded.lane.make_ready(self.now) };
        self.changes.attempt_ended(attempt.id, "uncertain");
        if self.ended_otherwise(loaded, &attempt, message.as_ref()) {
            return;
        }
        let detail = "the worker was lost before it recorded an answer";
        if loaded.channel.takes_our_ids() {
            // The provider knows a repetition as one: there is nothing to wait for.
            let told = json!({ "detail": detail });
            self.changes.happened(attempt.message, "uncertain", Some(attempt.number), Some(told));
            return loaded.lane.make_ready(self.now);
        }
        let due = self.now + delta(self.timings.evidence_wait);
        let told = json!({ "detail": detail, "until": due });
        self.changes.happened(attempt.message, "uncertain", Some(attempt.number), Some(told));
        loaded.lane.doubt(attempt.id, due);
    }

    /// The wait is over: look once more whether evidence could have come in, then do what the inbox says.
    fn still_uncertain(&mut self, loaded: &mut LoadedLane) {
        let Some((attempt, message)) = self.in_doubt(loaded) else { return loaded.lane.make_ready(self.now) };
        if self.ended_otherwise(loaded, &attempt, message.as_ref()) {
            return;
        }
        let trusted = self.healthy_since + delta(self.timings.evidence_wait);
        if trusted > self.now {
            return loaded.lane.doubt(attempt.id, trusted);
        }
        if self.catching_up || self.behind.contains(&loaded.lane.inbox) {
            return loaded.lane.doubt(attempt.id, self.now + TimeDelta::seconds(1));
        }
        let Some(mut message) = message else { return loaded.lane.settle(true, self.now) };
        count("unknown_outcome");
        if loaded.resend_unknown {
            self.changes.happened(message.id, "resending", Some(attempt.number), None);
            loaded.lane.make_ready(self.now);
            return;
        }
        let title = "Nobody knows whether the channel took the message";
        let end =
            End::Failed { failure: failure("outcome_unknown", title, true), attempt: Some(attempt.number) };
        settle(&mut self.changes, loaded, &mut message, end, (true, self.now));
        self.changes.save_message(&message);
    }

    /// Whether the message has ended meanwhile, or evidence has shown that the provider took it.
    fn ended_otherwise(
        &mut self,
        loaded: &mut LoadedLane,
        attempt: &Attempt,
        message: Option<&Message>,
    ) -> bool {
        let Some(message) = message else {
            loaded.lane.settle(true, self.now);
            return true;
        };
        let Some(provider_id) = message.provider_message_id.clone() else { return false };
        let mut message = message.clone();
        let end = End::Sent { provider_id, attempt: Some(attempt.number) };
        settle(&mut self.changes, loaded, &mut message, end, (true, self.now));
        self.changes.save_message(&message);
        true
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
