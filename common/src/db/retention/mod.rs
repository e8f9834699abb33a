//! How long logs are kept, and the removal of what is past its age.
//!
//! A pass goes through the logs, and in each through its owners, a lot at a time. A lot is a transaction of its own: whoever dies leaves
//! whole lots behind, and two that purge at once do no harm.

mod audit_log;
mod channel_events;
mod deliveries;
mod events;
mod policies;

use deadpool_postgres::{Object, Pool};
use uuid::Uuid;

use super::Error;
use crate::config::Retention;

pub use events::{Kept, hold, overdue};
pub use policies::{Policy, find, list, set};

/// Rows looked at in a lot.
pub const LOT: i64 = 500;

/// Statements that go through what may be large, by name: they must do so by an index.
pub const STATEMENTS: [(&str, &str); 8] = [
    ("events due", events::DUE),
    ("events overdue", events::OVERDUE),
    ("events", events::PURGE),
    ("deliveries due", deliveries::DUE),
    ("deliveries", deliveries::PURGE),
    ("entries due", audit_log::DUE),
    ("entries", audit_log::PURGE),
    ("channel events", channel_events::PURGE),
];

/// What is purged, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    Events,
    Deliveries,
    Audit,
    ChannelEvents,
    UnparsedWebhooks,
    DeadLetters,
}

impl Log {
    const ALL: [Self; 6] = [
        Self::Events,
        Self::Deliveries,
        Self::Audit,
        Self::ChannelEvents,
        Self::UnparsedWebhooks,
        Self::DeadLetters,
    ];

    fn table(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "webhook_deliveries",
            Self::Audit => "audit_log",
            Self::ChannelEvents => "channel_events",
            Self::UnparsedWebhooks => "unparsed_webhooks",
            Self::DeadLetters => "dead_letters",
        }
    }
}

/// What is purged next of somebody's log, and the days for which they keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    id: Uuid,
    days: i32,
}

/// What a lot came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lot {
    /// Rows removed.
    rows: u64,
    /// Whether the same owner may have more of them.
    more: bool,
}

/// What a step removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// From which table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
}

/// Where a pass through the logs is. It begins again once it is through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    log: usize,
    owner: Option<Owner>,
    after: Uuid,
    reached: i64,
}

impl Pass {
    /// Takes the pass a lot further; nothing once it is through.
    ///
    /// # Errors
    /// When the database fails; then the lot was not removed, and the same step may be tried again.
    pub async fn step(&mut self, pool: &Pool, retention: &Retention) -> Result<Option<Purged>, Error> {
        let mut client = pool.get().await?;
        while let Some(log) = Log::ALL.get(self.log).copied() {
            if let Some(lot) = self.lot(&mut client, log, retention).await? {
                return Ok(Some(Purged { table: log.table(), rows: lot.rows }));
            }
            *self = Self { log: self.log + 1, ..Self::default() };
        }
        *self = Self::default();
        Ok(None)
    }

    /// The next lot of a log; nothing if there is none.
    async fn lot(
        &mut self,
        client: &mut Object,
        log: Log,
        retention: &Retention,
    ) -> Result<Option<Lot>, Error> {
        let days = retention.channel_events;
        match log {
            Log::ChannelEvents => {
                let lot = channel_events::purge(client, &mut self.reached, days).await?;
                return Ok(lot.more.then_some(lot));
            }
            Log::UnparsedWebhooks => return some(channel_events::purge_unparsed(client, days).await?),
            Log::DeadLetters => return some(channel_events::purge_dead_letters(client, days).await?),
            Log::Events | Log::Deliveries | Log::Audit => (),
        }
        let Some(owner) = self.owner(client, log, retention).await? else { return Ok(None) };
        let lot = match log {
            Log::Events => events::purge(client, owner).await?,
            Log::Deliveries => deliveries::purge(client, owner).await?,
            _ => audit_log::purge(client, owner).await?,
        };
        if !lot.more {
            (self.owner, self.after) = (None, owner.id);
        }
        Ok(Some(lot))
    }

    async fn owner(
        &mut self,
        client: &Object,
        log: Log,
        retention: &Retention,
    ) -> Result<Option<Owner>, Error> {
        if self.owner.is_none() {
            let (sql, days) = match log {
                Log::Events => (events::DUE, retention.events),
                Log::Deliveries => (deliveries::DUE, retention.deliveries),
                _ => (audit_log::DUE, retention.audit),
            };
            let row = client.query_opt(&client.prepare_cached(sql).await?, &[&self.after, &days]).await?;
            let read = |row: tokio_postgres::Row| {
                Ok::<_, Error>(Owner { id: row.try_get(0)?, days: row.try_get(1)? })
            };
            self.owner = row.map(read).transpose()?;
        }
        Ok(self.owner)
    }
}

/// A lot, as long as there was anything to remove.
fn some(rows: u64) -> Result<Option<Lot>, Error> {
    Ok((rows > 0).then_some(Lot { rows, more: true }))
}

/// How many of a statement's rows there were.
fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}
