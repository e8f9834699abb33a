//! Sends requests over many connections, as fast as they are answered or at a steady rate.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use hdrhistogram::Histogram;
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::time::{Instant, sleep_until};

use crate::client::Connection;
use crate::report;

/// How requests follow each other.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each connection sends as soon as its last request was answered.
    Closed,
    /// So many a second, whatever the answers do; latency counts from when a request was due.
    Open(f64),
}

/// How a phase is driven.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Where to.
    pub address: SocketAddr,
    /// Connections, each with one request under way.
    pub connections: usize,
    /// How requests follow each other.
    pub pace: Pace,
    /// How long.
    pub duration: Duration,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Driven {
    /// 202s.
    pub accepted: u64,
    /// How long it took.
    pub seconds: f64,
    /// Latency of the 202s.
    pub latency: Histogram<u64>,
    /// Everything else: other answers by status and code, and failures.
    pub others: BTreeMap<String, u64>,
}

/// What is asked, and who hears of it.
pub trait Load {
    /// Takes the number of the request and makes it.
    fn request(&self, number: u64) -> anyhow::Result<Request<Full<Bytes>>>;
    /// Hears each 202.
    fn accepted(&self, number: u64, body: &Bytes);
    /// Whether to wait with new requests for a moment.
    fn paused(&self) -> bool {
        false
    }
}

struct State<'a, L> {
    plan: Plan,
    load: &'a L,
    started: Instant,
    /// The number of the next request; goes on from phase to phase.
    next: &'a Cell<u64>,
    first: u64,
    accepted: Cell<u64>,
    latency: RefCell<Histogram<u64>>,
    others: RefCell<BTreeMap<String, u64>>,
}

/// Runs one phase. `next` is the number of the next request.
pub async fn drive<L: Load>(plan: Plan, load: &L, next: &Cell<u64>) -> anyhow::Result<Driven> {
    let mut connections = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        connections.push(Connection::open(plan.address).await?);
    }
    let state = State {
        plan,
        load,
        started: Instant::now(),
        next,
        first: next.get(),
        accepted: Cell::new(0),
        latency: RefCell::new(report::histogram()),
        others: RefCell::default(),
    };
    join_all(connections.into_iter().map(|connection| state.run(connection))).await;
    Ok(Driven {
        accepted: state.accepted.get(),
        seconds: plan.duration.as_secs_f64(),
        latency: state.latency.into_inner(),
        others: state.others.into_inner(),
    })
}

impl<L: Load> State<'_, L> {
    async fn run(&self, mut connection: Connection) {
        let ends = self.started + self.plan.duration;
        while let Some((number, due)) = self.turn(ends).await {
            let request = match self.load.request(number) {
                Ok(request) => request,
                Err(error) => return self.other(format!("{error:#}")),
            };
            match connection.send_again(request).await {
                Ok((StatusCode::ACCEPTED, body)) => {
                    self.load.accepted(number, &body);
                    self.count(due, ends);
                }
                Ok((status, body)) => {
                    let body = String::from_utf8_lossy(&body);
                    let code = body.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next());
                    self.other(format!("{} {}", status.as_u16(), code.unwrap_or_default()));
                }
                Err(error) => self.other(format!("{error:#}")),
            }
        }
    }

    /// The next request's number and the time from which its latency counts; none when the phase is over.
    async fn turn(&self, ends: Instant) -> Option<(u64, Instant)> {
        while self.load.paused() && Instant::now() < ends {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let due = match self.plan.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => {
                self.started + Duration::from_secs_f64((self.next.get() - self.first) as f64 / rate)
            }
        };
        if due >= ends {
            return None;
        }
        let number = self.next.replace(self.next.get() + 1);
        sleep_until(due).await;
        Some((number, due))
    }

    fn count(&self, due: Instant, ends: Instant) {
        let now = Instant::now();
        // A closed pace counts what was answered within the time, an open one what was due in it.
        if matches!(self.plan.pace, Pace::Open(_)) || now < ends {
            self.accepted.set(self.accepted.get() + 1);
            report::record(&mut self.latency.borrow_mut(), now.duration_since(due));
        }
    }

    fn other(&self, what: String) {
        *self.others.borrow_mut().entry(what).or_default() += 1;
    }
}

impl Driven {
    /// 202s a second.
    pub fn rate(&self) -> f64 {
        self.accepted as f64 / self.seconds
    }

    /// What was not 202, in words, if anything.
    pub fn complaints(&self) -> Option<String> {
        let each: Vec<String> = self.others.iter().map(|(what, times)| format!("{times} × {what}")).collect();
        (!each.is_empty()).then(|| format!("not accepted: {}", each.join(", ")))
    }
}
