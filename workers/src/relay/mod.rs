//! The duties that look into PostgreSQL for what is due: each is held by one process at a time, by a lease.
//!
//! | duty | does |
//! | --- | --- |
//! | `scheduler` | lanes that are due: retries, lost claims, unknown outcomes, pointers nobody took |
//! | `admission` | ready lanes, as their senders' budgets allow, fair over organizations |
//! | `sequencer` | numbers committed events |
//! | `expiry` | messages that expired while they waited |
//! | `release` | messages outside their lane whose time has come |
//! | `erasure` | contacts that are to be forgotten |
//! | `draining` | what waits in inboxes that were deleted |
//! | `rescue` | outbox partitions without a holder; channel events and files without a pointer |
//! | `health` | since when intake may be trusted to bring evidence; gauges |
//! | `pruning` | logs, keys, traces and files past their age |
//! | `windows` | reply windows that close soon |
//! | `search` | the words of new messages, by which they are found |

mod admission;
mod dead_letters;
mod draining;
mod duty;
mod erasure;
mod expiry;
mod health;
mod pruning;
mod release;
mod rescue;
mod scheduler;
mod search;
mod sequencer;
mod windows;

use std::time::Duration;

use common::media::Store;
use common::outbox::Outbox;
use common::queue::Publisher;

use crate::process::Context;
use duty::Duty;

/// What the duties share.
#[derive(Clone)]
struct Shared {
    context: Context,
    publisher: Publisher,
    outbox: Outbox,
    store: Store,
}

/// Starts every duty, with the store of files that are to be pruned; each waits until it is free.
pub fn start(context: &Context, store: Store) {
    let publisher = context.publisher("switchboard-relay");
    let outbox = Outbox::start(&context.pool, &publisher, context.holder, &context.shutdown);
    let shared = Shared { context: context.clone(), publisher, outbox, store };
    let millis = Duration::from_millis;
    macro_rules! duties {
        ($($name:literal $module:ident every $idle:expr;)+) => {$(
            Duty { name: $name, idle: $idle }.start(shared.clone(), $module::State::default());
        )+};
    }
    duties! {
        "scheduler" scheduler every millis(50);
        "admission" admission every millis(15);
        "sequencer" sequencer every millis(15);
        "expiry" expiry every millis(5_000);
        "release" release every millis(50);
        "erasure" erasure every millis(500);
        "draining" draining every millis(100);
        "rescue" rescue every millis(1_000);
        "health" health every millis(1_000);
        "pruning" pruning every millis(5_000);
        "windows" windows every millis(1_000);
        "search" search every millis(200);
    }
    dead_letters::start(context);
}
