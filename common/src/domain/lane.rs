//! The delivery state of a conversation: at most one message in flight, the rest in line.
//!
//! Pure transitions; each runs under the lane's row lock, and the row is written back in the same transaction.
//! The picture of the states stands beside the table, in `migrations/0003_conversations.sql`.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::postponed::Postponed;

/// What a lane is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaneState {
    /// Nothing is queued.
    Idle,
    /// The head waits for admission to the broker.
    Ready,
    /// A pointer is on its way to a worker.
    Admitted,
    /// A worker is delivering the head.
    Claimed,
    /// The head is to be tried again when due.
    Waiting,
    /// Nobody knows whether the head's last attempt was taken.
    Uncertain,
}

impl LaneState {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ready => "ready",
            Self::Admitted => "admitted",
            Self::Claimed => "claimed",
            Self::Waiting => "waiting",
            Self::Uncertain => "uncertain",
        }
    }
}

impl FromStr for LaneState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Idle, Self::Ready, Self::Admitted, Self::Claimed, Self::Waiting, Self::Uncertain]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("{text} is no lane state"))
    }
}

/// A lane's row, held under its lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// The conversation.
    pub conversation: Uuid,
    /// Its organization.
    pub organization: Uuid,
    /// Its inbox.
    pub inbox: Uuid,
    /// What it is doing.
    pub state: LaneState,
    /// Its newest message in either direction.
    pub last_message: Option<Uuid>,
    /// Place that the next queued message takes.
    pub next_position: i64,
    /// Messages queued, the one in flight included.
    pub queued: i32,
    /// Generation of the claim.
    pub lease: i64,
    /// The attempt in flight or uncertain.
    pub attempt: Option<Uuid>,
    /// When the scheduler must look.
    pub due_at: Option<DateTime<Utc>>,
    /// Since when it waits for admission.
    pub ready_at: Option<DateTime<Utc>>,
    /// Whether its head goes behind replies.
    pub bulk: bool,
    /// Theoretical arrival time of the pair's next message.
    pub pair_tat: DateTime<Utc>,
    /// Messages outside the line that wait for the contact to write.
    pub held: i32,
    /// Messages outside the line whose time has not come.
    pub scheduled: i32,
}

/// How fast one sender may write to one contact: a message each `every`, after a burst of `burst`.
#[derive(Debug, Clone, Copy)]
pub struct PairPace {
    /// Time that each message costs.
    pub every: Duration,
    /// Messages that may go at once.
    pub burst: u32,
}

/// WhatsApp: one message each 6 s to one contact, up to 45 borrowed ahead.
pub const WHATSAPP_PAIR: PairPace = PairPace { every: Duration::from_secs(6), burst: 45 };

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

impl Lane {
    /// The lane of a conversation that begins.
    pub fn new(organization: Uuid, inbox: Uuid, conversation: Uuid) -> Self {
        Self {
            conversation,
            organization,
            inbox,
            state: LaneState::Idle,
            last_message: None,
            next_position: 1,
            queued: 0,
            lease: 0,
            attempt: None,
            due_at: None,
            ready_at: None,
            bulk: false,
            pair_tat: DateTime::UNIX_EPOCH,
            held: 0,
            scheduled: 0,
        }
    }

    /// An id above every id of the conversation, so that ids rise in the order of commits.
    pub fn draw_message_id(&mut self) -> Uuid {
        let fresh = Uuid::now_v7();
        let id = match self.last_message {
            Some(last) if last >= fresh => after(last),
            _ => fresh,
        };
        self.last_message = Some(id);
        id
    }

    /// Puts a message in line and returns its place. An idle lane becomes ready.
    pub fn enqueue(&mut self, now: DateTime<Utc>) -> i64 {
        let position = self.next_position;
        self.next_position += 1;
        self.queued += 1;
        if self.state == LaneState::Idle {
            self.bulk = false;
            self.make_ready(now);
        }
        position
    }

    /// The last message in line is one that no contact waits for. The line goes behind replies as long as it holds no other.
    pub fn rank(&mut self, bulk: bool) {
        self.bulk = bulk && (self.queued <= 1 || self.bulk);
    }

    /// A message stands outside the line.
    pub fn postpone(&mut self, reason: Postponed) {
        *self.postponed(reason) += 1;
    }

    /// A message no longer stands outside the line.
    pub fn resume(&mut self, reason: Postponed) {
        let count = self.postponed(reason);
        *count = (*count - 1).max(0);
    }

    fn postponed(&mut self, reason: Postponed) -> &mut i32 {
        match reason {
            Postponed::Held => &mut self.held,
            Postponed::Scheduled => &mut self.scheduled,
        }
    }

    /// A pointer goes out; it is repeated unless the lane is claimed within `readmit`.
    pub fn admit(&mut self, now: DateTime<Utc>, readmit: Duration) {
        self.rest(LaneState::Admitted);
        self.due_at = Some(now + delta(readmit));
    }

    /// A worker begins `attempt`; returns the lease that its record must carry.
    pub fn claim(&mut self, now: DateTime<Utc>, lease: Duration, attempt: Uuid) -> i64 {
        self.rest(LaneState::Claimed);
        self.lease += 1;
        self.attempt = Some(attempt);
        self.due_at = Some(now + delta(lease));
        self.lease
    }

    /// The head is tried again at `due`.
    pub fn wait(&mut self, due: DateTime<Utc>) {
        self.rest(LaneState::Waiting);
        self.due_at = Some(due);
    }

    /// Nobody knows whether the attempt was taken; look again at `due`.
    pub fn doubt(&mut self, attempt: Uuid, due: DateTime<Utc>) {
        self.rest(LaneState::Uncertain);
        self.attempt = Some(attempt);
        self.due_at = Some(due);
    }

    /// The head waits for admission.
    pub fn make_ready(&mut self, now: DateTime<Utc>) {
        self.rest(LaneState::Ready);
        self.ready_at = Some(now);
    }

    /// One queued message has ended. If it was the head, the next one's turn comes.
    pub fn settle(&mut self, was_head: bool, now: DateTime<Utc>) {
        self.queued = (self.queued - 1).max(0);
        if self.queued == 0 {
            self.rest(LaneState::Idle);
        } else if was_head {
            self.make_ready(now);
        }
    }

    /// Takes the pair's budget for one message, or says when it will be there.
    ///
    /// The generic cell rate algorithm (ITU-T I.371), in its virtual-scheduling form.
    ///
    /// # Errors
    /// The time from which the message may go.
    pub fn take_pair_budget(&mut self, now: DateTime<Utc>, pace: PairPace) -> Result<(), DateTime<Utc>> {
        let tolerance = delta(pace.every * pace.burst.saturating_sub(1));
        let due = self.pair_tat - tolerance;
        if due > now {
            return Err(due);
        }
        self.pair_tat = self.pair_tat.max(now) + delta(pace.every);
        Ok(())
    }

    fn rest(&mut self, state: LaneState) {
        self.state = state;
        self.attempt = None;
        self.due_at = None;
        self.ready_at = None;
    }
}

/// The least version-7 id of a later millisecond than `last`.
fn after(last: Uuid) -> Uuid {
    let millis = (last.as_u128() >> 80) as u64 + 1;
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::new(Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7())
    }

    #[test]
    fn ids_rise_even_when_another_machine_s_clock_runs_ahead() {
        let mut lane = lane();
        let ahead = Utc::now() + TimeDelta::hours(1);
        let millis = u64::try_from(ahead.timestamp_millis()).unwrap();
        let mut last = uuid::Builder::from_unix_timestamp_millis(millis, &[255; 10]).into_uuid();
        lane.last_message = Some(last);
        for _ in 0..1000 {
            let id = lane.draw_message_id();
            assert!(id > last && id.get_version_num() == 7);
            last = id;
        }
    }

    #[test]
    fn the_next_message_s_turn_comes_only_when_the_head_ends() {
        let (mut lane, now) = (lane(), Utc::now());
        assert_eq!((lane.enqueue(now), lane.enqueue(now), lane.enqueue(now)), (1, 2, 3));
        lane.admit(now, Duration::from_secs(30));
        let attempt = Uuid::now_v7();
        assert_eq!(lane.claim(now, Duration::from_secs(60), attempt), 1);
        lane.settle(false, now);
        assert_eq!((lane.state, lane.attempt), (LaneState::Claimed, Some(attempt)));
        lane.settle(true, now);
        assert_eq!((lane.state, lane.attempt, lane.due_at), (LaneState::Ready, None, None));
        lane.settle(true, now);
        assert_eq!((lane.state, lane.queued, lane.ready_at), (LaneState::Idle, 0, None));
    }

    #[test]
    fn a_line_goes_behind_replies_while_it_holds_none() {
        let (mut lane, now) = (lane(), Utc::now());
        let put = |lane: &mut Lane, bulk| {
            lane.enqueue(now);
            lane.rank(bulk);
            lane.bulk
        };
        assert_eq!([true, true, false, true].map(|bulk| put(&mut lane, bulk)), [true, true, false, false]);
        for _ in 0..4 {
            lane.settle(true, now);
        }
        assert!(put(&mut lane, true));
        lane.settle(true, now);
        lane.enqueue(now);
        assert!(!lane.bulk, "what is not ranked is a reply");
    }

    #[test]
    fn a_pair_may_burst_and_then_pays_back() {
        let (mut lane, now) = (lane(), Utc::now());
        for _ in 0..WHATSAPP_PAIR.burst {
            assert_eq!(lane.take_pair_budget(now, WHATSAPP_PAIR), Ok(()));
        }
        let due = lane.take_pair_budget(now, WHATSAPP_PAIR).unwrap_err();
        assert_eq!(due, now + TimeDelta::seconds(6));
        assert_eq!(lane.take_pair_budget(due, WHATSAPP_PAIR), Ok(()));
        assert!(lane.take_pair_budget(due, WHATSAPP_PAIR).is_err());
    }
}
