//! Takes emails that are due, one after the other, and decides by what is true now: sent, dropped, tried again, or given up.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{TimeDelta, Utc};
use common::config::{Mail, Timings};
use common::db::notifications::{self, Claim, End, Notification};
use common::db::owner_notices::{self, Disabled};
use common::db::{Error, within};
use common::internal::Readiness;
use common::mailer::{Failure, Mailer};
use common::metrics;
use deadpool_postgres::Pool;
use lettre::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{PAUSE, disabled, letter};
use crate::process::Context;

/// Tries end so long after the first event: whoever has not been told by then has seen it or never will.
const GIVE_UP: TimeDelta = TimeDelta::hours(24);

/// What there is to tell.
enum Letter {
    Conversation(Notification),
    Disabled(Disabled),
}

impl Letter {
    /// The email; none if the user's address is none that email can be sent to.
    fn write(&self, id: Uuid, mail: &Mail) -> Option<Message> {
        match self {
            Self::Conversation(notification) => letter::write(id, notification, mail),
            Self::Disabled(disabled) => disabled::write(id, disabled, mail),
        }
    }
}

/// Sends emails, one at a time.
pub(super) struct Teller {
    pool: Pool,
    timings: Timings,
    readiness: Readiness,
    mail: Option<(Mail, Mailer)>,
}

impl Teller {
    pub(super) fn new(context: &Context, mailer: Option<Mailer>) -> Self {
        Self {
            pool: context.pool.clone(),
            timings: context.config.timings,
            readiness: context.readiness.clone(),
            mail: context.config.notifications.mail.clone().zip(mailer),
        }
    }

    /// Sends what is due until stopped: at once while there is more, else after a pause.
    pub(super) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let more = self.step().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "notifications wait for the database");
                false
            });
            if !more {
                stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
        }
    }

    /// Works off the email that has been due for longest; says whether there was one.
    async fn step(&self) -> Result<bool, Error> {
        // A server that stands still must not let the lease lapse between this and the sending.
        let patience = self.timings.lease.saturating_sub(self.timings.provider_timeout) / 2;
        let claimed = within(patience, async {
            let client = self.pool.get().await?;
            let Some(claim) = notifications::claim(&client, self.timings.lease).await? else {
                return Ok(None);
            };
            let decided = if claim.of_webhook {
                disabled::decide(owner_notices::find_disabled(&client, claim.id).await?).map(Letter::Disabled)
            } else {
                decide(notifications::find(&client, claim.id).await?).map(Letter::Conversation)
            };
            Ok(Some((claim, decided)))
        });
        let Some((claim, decided)) = claimed.await? else { return Ok(false) };
        match decided {
            Err(reason) => self.record(claim, End::Dropped(reason)).await?,
            Ok(letter) => match &self.mail {
                None => self.record(claim, End::Dropped("no_mail_server")).await?,
                Some((mail, mailer)) => self.send(claim, letter.write(claim.id, mail), mailer).await?,
            },
        }
        Ok(true)
    }

    async fn send(&self, claim: Claim, email: Option<Message>, mailer: &Mailer) -> Result<(), Error> {
        let Some(email) = email else {
            tracing::info!(notification = %claim.id, "the user's address is none that email can be sent to");
            return self.record(claim, End::Failed("invalid_address", "not an email address")).await;
        };
        let Err(failure) = mailer.send(email).await else {
            self.readiness.set("smtp", false, true, "the last email was taken");
            return self.record(claim, End::Sent).await;
        };
        // A refusal of one email says nothing against the server.
        self.readiness.set("smtp", false, failure.permanent, failure.to_string());
        self.failed(claim, &failure).await
    }

    async fn failed(&self, claim: Claim, failure: &Failure) -> Result<(), Error> {
        let code = failure.code;
        if failure.permanent {
            tracing::info!(notification = %claim.id, code, "the mail server refused an email for good");
            return self.record(claim, End::Failed("refused", &failure.detail)).await;
        }
        if Utc::now() - claim.created_at > GIVE_UP {
            tracing::warn!(notification = %claim.id, code, "an email was given up: the mail server did not take it in a day");
            return self.record(claim, End::Failed("gave_up", &failure.detail)).await;
        }
        tracing::warn!(notification = %claim.id, code, error = %failure, "an email was not taken; it is tried again");
        let wait = self.backoff(claim.attempt);
        self.record(claim, End::Again(wait, "not_taken", &failure.detail)).await
    }

    /// Without a record the email is due again when its lease lapses, and is then sent once more under the same Message-ID.
    async fn record(&self, claim: Claim, end: End<'_>) -> Result<(), Error> {
        let outcome = match end {
            End::Sent => "sent",
            End::Dropped(_) => "dropped",
            End::Failed(..) => "failed",
            End::Again(..) => "retried",
        };
        metrics::get().notifications.with_label_values(&[outcome]).inc();
        let recording = async { notifications::record(&self.pool.get().await?, claim, end).await };
        let recorded = within(self.timings.lease, recording).await?;
        if !recorded {
            tracing::warn!(notification = %claim.id, "the lease of an email had lapsed before its outcome was recorded; it may be sent twice");
        }
        Ok(())
    }

    fn backoff(&self, attempt: i32) -> Duration {
        let exponential = ExponentialBuilder::default()
            .with_min_delay(self.timings.retry_first)
            .with_max_delay(self.timings.retry_most)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times();
        let turn = usize::try_from(attempt.clamp(1, 32) - 1).unwrap_or(0);
        exponential.build().nth(turn).unwrap_or(self.timings.retry_most)
    }
}

/// The email with what there is still to tell, or why there is nothing.
fn decide(found: Option<Notification>) -> Result<Notification, &'static str> {
    let mut notification = found.ok_or("gone")?;
    if notification.user_disabled {
        return Err("user_disabled");
    }
    if !notification.is_assignee {
        return Err("reassigned");
    }
    let preferences = notification.preferences;
    notification.assigned &= preferences.assignments;
    let wanted = notification.messages && preferences.messages;
    notification.messages = wanted && notification.unread > 0;
    if !preferences.email || !(notification.assigned || wanted) {
        return Err("not_wanted");
    }
    if !(notification.assigned || notification.messages) {
        return Err("read");
    }
    Ok(notification)
}
