//! All that is known about a message, read in one snapshot.

use chrono::{DateTime, TimeDelta, Utc};
use common::db::message_history::{self, ChannelEvent, LogEvent, Standing, Trail};
use common::db::messages::{self, Attempt};
use common::db::{Error, installation};
use common::domain::ids::{MessageId, OrganizationId};
use common::domain::principal::Reach;
use common::domain::view::{MessageView, TimelineEntry};
use deadpool_postgres::{GenericClient, Object};
use tokio_postgres::IsolationLevel;

/// A message with all that happened to it and around it.
#[derive(Debug)]
pub struct History {
    /// Whose it is.
    pub organization: OrganizationId,
    /// The message as clients see it, with its timeline.
    pub message: MessageView,
    /// Where it stands.
    pub standing: Standing,
    /// Tries at delivering it.
    pub attempts: Vec<Attempt>,
    /// What the channel told about it.
    pub channel_events: Vec<ChannelEvent>,
    /// What was told to clients.
    pub events: Vec<LogEvent>,
    /// When it was looked at, by the server's clock.
    pub now: DateTime<Utc>,
}

impl History {
    /// Reads it all, if there is such a message.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(session: &mut Object, id: MessageId) -> Result<Option<Self>, Error> {
        let snapshot =
            session.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let tx = snapshot.start().await?;
        // A part of two large tables may have to be searched.
        tx.batch_execute("SET LOCAL statement_timeout = '2min'").await?;
        let history = Self::read(&tx, id).await;
        tx.rollback().await?;
        history
    }

    async fn read(client: &impl GenericClient, id: MessageId) -> Result<Option<Self>, Error> {
        let Some(organization) = messages::find_organization(client, id).await? else { return Ok(None) };
        let found = messages::find(client, organization, &Reach::EVERYTHING, id).await?;
        let standing = message_history::find_standing(client, organization, id).await?;
        let (Some(message), Some(standing)) = (found, standing) else { return Ok(None) };
        let now = installation::server(client).await?.now;
        let attempts = messages::attempts(client, organization, id).await?;
        let trail = trail(organization, &message, &standing, &attempts);
        let channel_events = message_history::list_channel_events(client, &trail).await?;
        let events = message_history::list_events(client, &trail).await?;
        Ok(Some(Self { organization, message, standing, attempts, channel_events, events, now }))
    }

    /// Each thing that happened, in the order it was written.
    pub fn timeline(&self) -> &[TimelineEntry] {
        self.message.timeline.as_deref().unwrap_or_default()
    }

    /// When it began: its acceptance, or its arrival.
    pub fn began(&self) -> DateTime<Utc> {
        began(&self.message)
    }

    /// How long after the beginning something was.
    pub fn offset(&self, at: DateTime<Utc>) -> TimeDelta {
        at - self.began()
    }
}

fn began(message: &MessageView) -> DateTime<Utc> {
    let times = message.timeline.iter().flatten().map(|entry| entry.at.0);
    times.min().unwrap_or(message.timestamp.0)
}

fn trail(
    organization: OrganizationId,
    message: &MessageView,
    standing: &Standing,
    attempts: &[Attempt],
) -> Trail {
    let timeline = message.timeline.as_deref().unwrap_or_default();
    let from = began(message);
    let told = |entry: &TimelineEntry| entry.detail.as_ref()?.get("channelEvent")?.as_i64();
    let mut names: Vec<String> =
        attempts.iter().filter_map(|attempt| attempt.provider_message_id.clone()).collect();
    names.extend(message.provider_message_id.clone());
    names.extend(attempts.iter().map(|attempt| attempt.id.0.to_string()));
    names.sort_unstable();
    names.dedup();
    Trail {
        organization,
        inbox: standing.inbox,
        message: message.id,
        names,
        channel_events: timeline.iter().filter_map(told).collect(),
        from,
        to: timeline.iter().map(|entry| entry.at.0).max().unwrap_or(from),
    }
}
