//! One lane's turn: wait for the sender's pace, claim, call the provider, record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use common::batch::{Batcher, Execute, Limits};
use common::channels::usage::{self, Usage};
use common::channels::{self, Action, ChannelError, Outgoing, SendOutcome};
use common::db::pipeline::work;
use common::media::Links;
use common::queue::LanePointer;
use common::trace::TraceId;
use common::{http_client, metrics};
use deadpool_postgres::Pool;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::claim::{Claim, Claimer, Wanted, Work};
use super::pace::Pacer;
use super::record::{Record, Recorder};
use super::room::{Place, Room};
use super::ways::Turn;
use crate::process::Context;
use crate::senders::Senders;

/// Claims and records share transactions as accepts do.
const LIMITS: Limits = Limits { writers: 2, group: 64, waiting: 8_192 };

/// How long a sender waits that has no room left: longer than is waited for in this process.
const FULL: TimeDelta = TimeDelta::seconds(4);

/// Delivers lanes; shared by all deliveries of the process.
pub(super) struct Deliverer {
    pub(super) senders: Senders,
    pub(super) http: reqwest::Client,
    links: Links,
    pacer: Arc<Pacer>,
    pool: Pool,
    room: Room,
    claims: Batcher<Wanted, Result<Claim, String>>,
    records: Batcher<Arc<Record>, Result<(), String>>,
    lease: Duration,
    provider_timeout: Duration,
    stop: CancellationToken,
}

impl Deliverer {
    pub(super) fn start(context: &Context, concurrency: usize, deliveries: usize) -> anyhow::Result<Self> {
        let timings = context.config.timings;
        let claimer = Arc::new(Claimer::new(context));
        let pacer = Arc::new(Pacer::new(&context.pool));
        let recorder = Arc::new(Recorder::new(context, pacer.clone()));
        let claim: Execute<_, _> = Arc::new(move |lanes| {
            let claimer = claimer.clone();
            Box::pin(async move { claimer.claim(lanes).await })
        });
        let record: Execute<_, _> = Arc::new(move |records| {
            let recorder = recorder.clone();
            Box::pin(async move { recorder.record(records).await })
        });
        Ok(Self {
            senders: Senders::new(context),
            http: http_client::build(timings.provider_timeout)?,
            links: Links::new(&context.config.master_key, &context.config.http),
            pacer,
            pool: context.pool.clone(),
            room: Room::new(concurrency, deliveries),
            claims: Batcher::start(LIMITS, &context.shutdown, &claim),
            records: Batcher::start(LIMITS, &context.shutdown, &record),
            lease: timings.lease,
            provider_timeout: timings.provider_timeout,
            stop: context.shutdown.token.clone(),
        })
    }

    /// Takes a lane's turn; false if the process stops before it was taken.
    pub(super) async fn deliver(&self, lane: LanePointer) -> bool {
        match self.paced(lane).await {
            Some(true) => (),
            Some(false) => return self.back_in_line(lane).await,
            None => return false,
        }
        let mut turn = None;
        let (work, place, claimed_at) = loop {
            let place = match (self.enter(lane, turn).await, &mut turn) {
                (Some(place), _) => place,
                // It is the other inbox that has no room.
                (None, Some(turn)) if turn.come => {
                    turn.come = false;
                    continue;
                }
                (None, _) => return self.back_in_line(lane).await,
            };
            let claimed_at = Instant::now();
            match self.claim(Wanted { lane, turn }).await {
                Some(Claim::Work(work)) => break (work, place, claimed_at),
                Some(Claim::Nothing) => return true,
                Some(Claim::Turn(inbox)) => {
                    drop(place);
                    let Some(come) = self.soon(inbox).await else { return false };
                    turn = Some(Turn { inbox, come });
                }
                None => return false,
            }
        };
        let span = tracing::info_span!("job.outbound.deliver", trace_id = %TraceId(work.trace), attempt = %work.attempt);
        let inbox = work.inbox;
        let (outcome, usage) = self.call(&work, claimed_at).instrument(span).await;
        place.answered(!matches!(outcome, SendOutcome::Uncertain { .. }));
        let record = Arc::new(Record { work: *work, outcome });
        // What the provider answered is worth every effort: tried until it is written, or the process must end.
        let recorded = self
            .insistent(|| async {
                self.records.submit(record.clone()).await.map_err(|error| error.to_string())?
            })
            .await;
        if let Some(usage) = usage {
            self.pacer.heed(inbox, usage).await;
        }
        recorded.is_some()
    }

    /// A claim that is under way is waited for even when the process stops: once it stands, the message must go, or its lane
    /// would wait for the lease to lapse.
    async fn claim(&self, wanted: Wanted) -> Option<Claim> {
        while !self.stop.is_cancelled() {
            match self.claims.submit(wanted).await {
                Ok(Ok(claim)) => return Some(claim),
                Ok(Err(error)) => tracing::warn!(error, "a lane could not be claimed; trying again"),
                Err(rejected) => tracing::warn!(%rejected, "a lane could not be claimed; trying again"),
            }
            tokio::select! { () = tokio::time::sleep(Duration::from_millis(200)) => (), () = self.stop.cancelled() => () }
        }
        None
    }

    /// A throttled sender's lane waits in PostgreSQL, and takes no room here from other senders' lanes.
    async fn back_in_line(&self, lane: LanePointer) -> bool {
        let back = || async { work::back_in_line(&self.pool, lane.lane).await.map_err(|e| e.to_string()) };
        self.until_stop(back).await.is_some()
    }

    /// Waits for the sender's pace; false if the sender is throttled.
    async fn paced(&self, lane: LanePointer) -> Option<bool> {
        let pace = self
            .until_stop(|| async { self.senders.pace(lane.inbox).await.map_err(|e| e.to_string()) })
            .await?;
        tokio::select! {
            paced = self.pacer.acquire(lane.inbox, pace) => Some(paced),
            () = self.stop.cancelled() => None,
        }
    }

    /// Waits for the pace of an inbox that a lane goes through in place of its own; false if that takes too long to wait for here.
    async fn soon(&self, inbox: Uuid) -> Option<bool> {
        let pace =
            self.until_stop(|| async { self.senders.pace(inbox).await.map_err(|e| e.to_string()) }).await?;
        tokio::select! {
            paced = self.pacer.acquire_soon(inbox, pace) => Some(paced),
            () = self.stop.cancelled() => None,
        }
    }

    /// A place for a call through the lane's inbox, or the one that it has its turn at. None if that has no room left: its provider
    /// hangs, and it is left alone for a while.
    async fn enter(&self, lane: LanePointer, turn: Option<Turn>) -> Option<Place> {
        let inbox = turn.filter(|turn| turn.come).map_or(lane.inbox, |turn| turn.inbox);
        let place = self.room.enter(inbox).await;
        if place.is_none() {
            tracing::debug!(%inbox, "a provider answers so slowly that its sender waits");
            self.pacer.throttle(inbox, Utc::now() + FULL).await;
        }
        place
    }

    /// Calls the provider, unless so much time has passed since the claim that another worker may act on the lane before
    /// an answer is in. What became of it, and how near to its limits the provider says that the account is.
    async fn call(&self, work: &Work, claimed_at: Instant) -> (SendOutcome, Option<Usage>) {
        let sender = match self.senders.sender(work.inbox).await {
            Ok(sender) => sender,
            Err(error) => return (not_sent("sender_unavailable", &error.to_string()), None),
        };
        if claimed_at.elapsed() + self.provider_timeout >= self.lease {
            return (not_sent("claim_outdated", "too much time passed between claim and call"), None);
        }
        let started = Instant::now();
        // A file of ours goes as a link, made now: it must open for as long as the provider may come for it.
        let content = self.links.linked(work.organization, &work.content, Links::SENT);
        let outgoing = Outgoing {
            to: &work.to,
            content: &content,
            reply_to: work.reply_to.as_deref(),
            correlation: work.correlation,
            as_human_agent: work.human_agent_from.is_some_and(|from| from <= Utc::now()),
        };
        let sent = channels::send(work.channel, &self.http, &sender, &outgoing);
        let (outcome, usage) = usage::listen(sent).await;
        let took = started.elapsed().as_secs_f64();
        metrics::get().provider_seconds.with_label_values(&[work.channel.as_str()]).observe(took);
        match &outcome {
            SendOutcome::Accepted { .. } => tracing::debug!(took, "the provider took the message"),
            SendOutcome::Refused(error) => {
                tracing::info!(took, code = error.code, "the provider refused the message")
            }
            SendOutcome::Uncertain { .. } => {
                tracing::warn!(took, "nobody knows whether the provider took the message")
            }
        }
        (outcome, usage)
    }

    /// Repeats with backoff until it works, or the process is asked to stop.
    async fn until_stop<T, F>(&self, attempt: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, String>>,
    {
        tokio::select! { value = self.insistent(attempt) => value, () = self.stop.cancelled() => None }
    }

    /// Repeats with backoff until it works; gives up only some time after the process was asked to stop.
    async fn insistent<T, F>(&self, attempt: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, String>>,
    {
        let mut pause = Duration::from_millis(50);
        loop {
            match attempt().await {
                Ok(value) => return Some(value),
                Err(error) => tracing::warn!(error, "a delivery step failed; trying again"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

/// The request certainly never left.
fn not_sent(code: &'static str, detail: &str) -> SendOutcome {
    let title = "The message could not be handed to the channel";
    SendOutcome::Refused(ChannelError::new(Action::Transient, code, title).detail(detail))
}
