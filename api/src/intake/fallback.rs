//! Whether webhooks go through the fallback queue, and how they stop doing so.
//!
//! What comes in after something in the queue must not be stored before it. So intake goes back to PostgreSQL only once a
//! marker, put into the queue while nothing else comes in, has been stored. A process that has just started does the same:
//! others may have put something there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use common::channels::Channel;
use common::db;
use common::intake::Envelope;
use common::internal::Readiness;
use common::metrics;
use common::queue::{Publisher, Route};
use deadpool_postgres::Pool;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, RwLockReadGuard};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest time that webhooks wait while intake goes back to PostgreSQL, and while a process that starts looks around.
const HAND_OVER: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(3);
/// Between attempts to go back; and after it, when what others still have in the queue is on its way out.
const AGAIN: Duration = Duration::from_secs(2);
const REST: Duration = Duration::from_secs(5);
/// So little waits in the queue that it will be stored in a moment.
const LITTLE: u32 = 100;

/// The mode of this process's intake.
pub(super) struct Fallback {
    /// This process, in envelopes and in `intake_progress`.
    pub process: Uuid,
    active: AtomicBool,
    /// The number of the last envelope.
    number: AtomicI64,
    /// Shared by webhooks while they are being kept; held alone to go back to PostgreSQL.
    turn: Arc<RwLock<()>>,
}

/// Holds everything back that comes in.
pub(super) type Alone = OwnedRwLockWriteGuard<()>;

/// The servers, as intake sees them.
#[derive(Clone)]
pub(super) struct Servers {
    pub pool: Pool,
    pub publisher: Publisher,
    pub readiness: Readiness,
}

impl Fallback {
    /// The mode of a process that starts; webhooks wait until `watch` has looked around.
    pub(super) fn start() -> (Arc<Self>, Option<Alone>) {
        let turn = Arc::new(RwLock::new(()));
        let alone = turn.clone().try_write_owned().ok();
        let (active, number) = (AtomicBool::new(false), AtomicI64::new(0));
        (Arc::new(Self { process: Uuid::now_v7(), active, number, turn }), alone)
    }

    /// To be held while a webhook is being kept, wherever that turns out to be.
    pub(super) async fn turn(&self) -> RwLockReadGuard<'_, ()> {
        self.turn.read().await
    }

    /// Whether all webhooks go through the queue.
    pub(super) fn active(&self) -> bool {
        self.active.load(Ordering::SeqCst)
    }

    fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::SeqCst);
    }

    /// Draws the number of an envelope; from now on everything follows it.
    pub(super) fn enter(&self) -> i64 {
        self.set_active(true);
        self.draw()
    }

    fn draw(&self) -> i64 {
        self.number.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Whether everything in the queue gets stored within `patience`, from now on.
    async fn runs_dry(&self, servers: &Servers, patience: Duration) -> bool {
        let number = self.draw();
        let Ok(marker) = Envelope::marker(self.process, number, Channel::Whatsapp).encode() else {
            return false;
        };
        let dry = async {
            servers.publisher.publish(Route::IntakeFallback, &marker).await.ok()?;
            loop {
                let stored = db::pipeline::channel_events::progress(&servers.pool, self.process).await;
                if stored.ok()? >= number {
                    return Some(());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        matches!(tokio::time::timeout(patience, dry).await, Ok(Some(())))
    }

    /// The mode to start in: the queue, if something is in it. Without a broker there is no telling, and no waiting.
    async fn look_around(&self, servers: &Servers) {
        let looked = async {
            servers.publisher.wait_connected().await;
            let queue = servers.publisher.queue(Route::IntakeFallback).await.ok()?;
            // Somebody who takes from an empty queue may have taken what is not stored yet.
            let in_doubt = queue.messages == 0 && queue.consumers > 0;
            Some(queue.messages > 0 || (in_doubt && !self.runs_dry(servers, HAND_OVER).await))
        };
        if let Ok(Some(active)) = tokio::time::timeout(START, looked).await {
            self.set_active(active);
        }
    }

    /// Goes back to PostgreSQL, if all that was taken in is stored in a moment; says whether it did.
    async fn leave(&self, servers: &Servers) -> bool {
        let Ok(_alone) = tokio::time::timeout(HAND_OVER, self.turn.write()).await else { return false };
        let left = self.runs_dry(servers, HAND_OVER).await;
        self.set_active(!left);
        left
    }
}

/// Watches both servers: reports readiness, follows other processes into the fallback, and leads the way out of it.
pub(super) async fn watch(
    (fallback, alone): (Arc<Fallback>, Option<Alone>),
    servers: Servers,
    stop: CancellationToken,
) {
    if stop.run_until_cancelled(fallback.look_around(&servers)).await.is_none() {
        return;
    }
    drop(alone);
    let mut resting = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! { _ = tick.tick() => (), () = stop.cancelled() => return }
        let database = report(&fallback, &servers).await;
        let Ok(queue) = servers.publisher.queue(Route::IntakeFallback).await else { continue };
        if resting > Instant::now() {
            continue;
        }
        match (fallback.active(), queue.messages) {
            // Another process put something there that must not be overtaken.
            (false, 1..) => fallback.set_active(true),
            (true, 0..LITTLE) if database => {
                let left = fallback.leave(&servers).await;
                resting = Instant::now() + if left { REST } else { AGAIN };
                if left {
                    tracing::info!(
                        "everything in the fallback queue is stored; intake goes to PostgreSQL again"
                    );
                }
            }
            _ => (),
        }
    }
}

/// Tells how the servers stand; whether the database is there.
async fn report(fallback: &Fallback, Servers { pool, publisher, readiness }: &Servers) -> bool {
    let beat = db::duties::beat(pool, fallback.process, "api").await;
    // Intake works with either server, so neither is required by itself.
    let (database, broker) = (beat.is_ok(), publisher.connected());
    metrics::get().connected.with_label_values(&["postgresql", "api"]).set(i64::from(database));
    let said = |ok: bool| if ok { "connected" } else { "away" };
    readiness.set("postgresql", false, database, said(database));
    readiness.set("rabbitmq", false, broker, said(broker));
    readiness.set("servers", true, database || broker, "PostgreSQL or RabbitMQ");
    let mode = if fallback.active() { "through the fallback queue" } else { "into PostgreSQL" };
    readiness.set("intake", false, !fallback.active(), mode);
    database
}
