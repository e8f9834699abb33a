//! One reader of the stream: what it missed from the log, then what the hub tells, each event once and in order.
//!
//! A reader that takes nothing for a while is let go: it comes back with the number of the last event it has. Nothing is kept for it
//! but a few events.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::response::sse::Event;
use common::db::Error;
use common::db::event_log::{self, Extent, Followed};
use common::metrics;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::filter::{Filter, is_visible};
use super::hub::{Hub, News, Told};
use crate::auth::{Lasting, rights::EventRead};
use crate::state::AppState;

/// Events that wait for a reader to take them.
const WAITING: usize = 16;
/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between signs of life, each with the number reached.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Between looks at the credential.
const CHECK: Duration = Duration::from_secs(5);
/// Events read at once.
const PAGE: i64 = 100;
/// Before the database is asked again.
const AWAY: Duration = Duration::from_secs(1);

/// One reader of the stream.
pub struct Reader {
    /// Everything else.
    pub state: AppState,
    /// Who reads.
    pub caller: Lasting<EventRead>,
    /// What is wanted.
    pub filter: Filter,
    /// The number of the last event that the reader has.
    pub after: i64,
}

/// Why a reader was let go.
enum End {
    /// It went away.
    Gone,
    /// It took nothing for too long.
    Slow,
    /// Its credential has ended.
    Credential,
    /// What it was to be told next is no longer kept.
    Purged,
    /// The process stops.
    Stopping,
}

impl End {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Slow => "slow",
            Self::Credential => "credential",
            Self::Purged => "purged",
            Self::Stopping => "stopping",
        }
    }
}

/// Begins a stream; none if there are too many readers.
pub fn follow(hub: &Hub, reader: Reader) -> Option<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let permit = hub.room()?;
    let (events, taken) = mpsc::channel(WAITING);
    let (hub, shutdown) = (hub.clone(), reader.state.shutdown.clone());
    shutdown.spawn(reader.run(hub, events, permit));
    Some(unfold(taken, async |mut taken| taken.recv().await.map(|event| (Ok(event), taken))))
}

impl Reader {
    async fn run(mut self, hub: Hub, events: mpsc::Sender<Event>, _room: OwnedSemaphorePermit) {
        let readers = metrics::get().webhooks.readers.with_label_values(&["events"]);
        readers.inc();
        // Before the log is read: what happens meanwhile is told.
        let news = hub.listen(self.caller.organization);
        let end = tokio::select! {
            end = self.tell(news, &events) => end,
            () = hub.stop().cancelled() => End::Stopping,
            () = events.closed() => End::Gone,
        };
        readers.dec();
        metrics::get().webhooks.ended.with_label_values(&[end.as_str()]).inc();
    }

    async fn tell(&mut self, mut news: Receiver<News>, events: &mpsc::Sender<Event>) -> End {
        let mut check = tokio::time::interval(CHECK);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut told = Instant::now();
        // At first, and whenever something was missed, the log itself is read.
        let mut missed = true;
        loop {
            if missed {
                match self.catch_up(events, &mut check).await {
                    Ok(()) => (told, missed) = (Instant::now(), false),
                    Err(end) => return end,
                }
            }
            let alive = HEARTBEAT.saturating_sub(told.elapsed());
            let sent = tokio::select! {
                heard = news.recv() => match heard {
                    Ok(News::Reached(last)) => {
                        missed = last > self.after;
                        continue;
                    }
                    Ok(News::Event(event)) if event.head.seq <= self.after => continue,
                    Ok(News::Event(event)) if event.head.seq == self.after + 1 => self.hand(&event, events).await,
                    Ok(News::Event(_)) | Err(RecvError::Lagged(_)) => {
                        missed = true;
                        continue;
                    }
                    Err(RecvError::Closed) => return End::Stopping,
                },
                _ = check.tick() => {
                    if !self.caller.holds(&self.state).await {
                        return End::Credential;
                    }
                    continue;
                }
                () = tokio::time::sleep(alive) => self.heartbeat(events).await.map(|()| true),
            };
            match sent {
                Ok(true) => told = Instant::now(),
                Ok(false) => (),
                Err(end) => return end,
            }
        }
    }

    /// Reads on in the log until its end; meanwhile the credential is looked at too.
    async fn catch_up(
        &mut self,
        events: &mpsc::Sender<Event>,
        check: &mut tokio::time::Interval,
    ) -> Result<(), End> {
        loop {
            let entries = match self.read().await {
                Ok(Ok(entries)) => entries,
                Ok(Err(extent)) => return Err(reset(extent, events).await),
                Err(error) => {
                    tracing::debug!(%error, "the event log cannot be read; a stream waits");
                    tokio::time::sleep(AWAY).await;
                    continue;
                }
            };
            let more = entries.len() as i64 == PAGE;
            for event in &entries {
                self.hand(event, events).await?;
                // A slow reader may take long over a page.
                let due = futures_util::FutureExt::now_or_never(check.tick()).is_some();
                if due && !self.caller.holds(&self.state).await {
                    return Err(End::Credential);
                }
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// The next events, or what the log holds if those are not among it.
    async fn read(&self) -> Result<Result<Vec<Told>, Extent>, Error> {
        let client = self.state.pool.get().await?;
        match event_log::follow(&client, self.caller.organization, self.after, PAGE).await? {
            Followed::Events(entries) => entries.into_iter().map(Told::new).collect::<Result<_, _>>().map(Ok),
            Followed::Purged(extent) => Ok(Err(extent)),
        }
    }

    /// Hands an event over, if it is wanted; says whether it was.
    async fn hand(&mut self, event: &Told, events: &mpsc::Sender<Event>) -> Result<bool, End> {
        let wanted = self.filter.wants(&event.head) && self.may_see(event).await;
        if wanted {
            let shown =
                Event::default().id(event.head.seq.to_string()).event(&event.head.kind).data(&event.json);
            send(shown, events).await?;
        }
        self.after = event.head.seq;
        Ok(wanted)
    }

    /// Whether the reader may see an event, asked until there is an answer.
    async fn may_see(&self, event: &Told) -> bool {
        loop {
            match is_visible(&self.state.pool, &self.caller, &event.head, &event.json).await {
                Ok(visible) => return visible,
                Err(error) => {
                    tracing::debug!(%error, "nobody knows whose a conversation is; a stream waits");
                    tokio::time::sleep(AWAY).await;
                }
            }
        }
    }

    /// A sign of life, which moves the place from which the reader comes back.
    async fn heartbeat(&self, events: &mpsc::Sender<Event>) -> Result<(), End> {
        send(Event::default().id(self.after.to_string()).comment("heartbeat"), events).await
    }
}

/// Tells a reader that what follows is no longer kept. It carries no id: whoever comes back with the old one is told again.
async fn reset(extent: Extent, events: &mpsc::Sender<Event>) -> End {
    let Extent { first, last } = extent;
    let told = json!({ "type": "reset", "data": { "firstSequence": first, "lastSequence": last } });
    match send(Event::default().event("reset").data(told.to_string()), events).await {
        Ok(()) => End::Purged,
        Err(end) => end,
    }
}

async fn send(event: Event, events: &mpsc::Sender<Event>) -> Result<(), End> {
    match events.send_timeout(event, PATIENCE).await {
        Ok(()) => Ok(()),
        Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(End::Slow),
        Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(End::Gone),
    }
}
