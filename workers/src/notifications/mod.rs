//! Tells assignees by email what concerns them: that a conversation is theirs, and that its contact wrote; and owners that an
//! endpoint was disabled by itself, which whoever disables it has noted as such a row.
//!
//! The event log says what happened (`follow`), a row collects what becomes one email, and whoever takes the row decides by what
//! is true then whether there is still something to tell, and to whom (`tell`). Any number of processes may run.

mod disabled;
mod follow;
mod letter;
mod tell;
#[cfg(test)]
mod tests;

use std::time::Duration;

use common::db::{Error, notifications};
use common::mailer::Mailer;
use common::metrics;
use deadpool_postgres::Pool;

use crate::process::Context;
use tell::Teller;

/// Emails of one process on their way at once.
const SENDERS: u32 = 4;
/// Between looks that found nothing, and after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// Between looks at how far behind all this is.
const WATCH: Duration = Duration::from_secs(5);

/// Starts reading the event log and sending what is due.
///
/// # Errors
/// When the mail server's address cannot be used.
pub fn start(context: &Context) -> anyhow::Result<()> {
    let (config, timeout) = (&context.config.notifications, context.config.timings.provider_timeout);
    let mailer = config.mail.as_ref().map(|mail| Mailer::new(mail, timeout)).transpose()?;
    let told = match &mailer {
        Some(_) => "no email has been sent yet",
        None => {
            tracing::info!("SWITCHBOARD_SMTP_URL is not set: nobody is told by email");
            "SWITCHBOARD_SMTP_URL is not set: nobody is told by email"
        }
    };
    context.readiness.set("smtp", false, mailer.is_some(), told);
    for _ in 0..SENDERS {
        let teller = Teller::new(context, mailer.clone());
        context.shutdown.spawn(teller.run(context.shutdown.token.clone()));
    }
    let stop = context.shutdown.token.clone();
    context.shutdown.spawn(follow::run(context.pool.clone(), config.delay, stop.clone()));
    let pool = context.pool.clone();
    context.shutdown.spawn(async move {
        let mut tick = tokio::time::interval(WATCH);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            if let Err(error) = watch(&pool).await {
                tracing::debug!(%error, "how far behind the notifications are cannot be told");
            }
        }
    });
    Ok(())
}

/// Says in metrics how far behind all this is.
async fn watch(pool: &Pool) -> Result<(), Error> {
    let lag = notifications::lag(&pool.get().await?).await?;
    let metrics = metrics::get();
    for (table, rows, age) in
        [("notifications", lag.due, lag.due_seconds), ("notification_events", lag.events, lag.events_seconds)]
    {
        metrics.backlog.with_label_values(&[table]).set(rows);
        metrics.backlog_age.with_label_values(&[table]).set(age);
    }
    Ok(())
}
