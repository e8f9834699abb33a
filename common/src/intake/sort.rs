//! Takes a webhook apart and keeps what is genuine.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{SignedHeaders, Source, Sources};
use crate::channels::{self, Channel, EventKind, RawEvent, ReceivedWebhook};
use crate::db::Error;
use crate::db::pipeline::channel_events::NewChannelEvent;

/// A webhook, sorted.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Genuine events of our inboxes, in the order of the payload.
    pub accepted: Vec<NewChannelEvent>,
    /// Events whose signature does not fit the inbox they name, or whose inbox is not ours.
    pub rejected: usize,
    /// Genuine events that are dropped, because their inbox was deleted.
    pub dropped: usize,
    /// Genuine, but not for any inbox: why the body is to be kept whole.
    pub kept_whole: Option<String>,
}

impl Sorted {
    /// Whether anything of it is genuine.
    pub fn genuine(&self) -> bool {
        !self.accepted.is_empty() || self.kept_whole.is_some() || self.dropped > 0
    }
}

/// Sorts a webhook: each entry is verified with the secret of the connection that owns that entry's resource, over the raw
/// bytes of the whole.
///
/// # Errors
/// When the database is away and a resource is not known from before.
pub async fn sort(
    sources: &Sources,
    channel: Channel,
    (headers, body): (&SignedHeaders, &[u8]),
    (received_at, trace): (DateTime<Utc>, Uuid),
) -> Result<Sorted, Error> {
    let webhook = ReceivedWebhook { base: sources.webhook_base(), headers, body };
    let events = match channels::split(channel, webhook) {
        Ok(events) => events,
        Err(unparsed) => return unparsed_body(sources, channel, webhook, unparsed.to_string()).await,
    };
    if events.is_empty() {
        return unparsed_body(sources, channel, webhook, "holds no event".into()).await;
    }
    let resources: BTreeSet<String> = events.iter().map(|event| event.resource.clone()).collect();
    let found = sources.find(channel, &resources.into_iter().collect::<Vec<_>>()).await?;
    let mut verified: HashMap<Uuid, bool> = HashMap::new();
    let mut sorted = Sorted::default();
    for event in events {
        let source = found.get(&event.resource).filter(|source| {
            let check = || channels::verify(channel, &source.credentials, webhook);
            *verified.entry(source.connection.0).or_insert_with(check)
        });
        match source {
            Some(source) => sorted.keep(channel, source, event, (received_at, trace)),
            None => sorted.rejected += 1,
        }
    }
    Ok(sorted)
}

impl Sorted {
    fn keep(
        &mut self,
        channel: Channel,
        source: &Source,
        event: RawEvent,
        (received_at, trace): (DateTime<Utc>, Uuid),
    ) {
        match source.inbox {
            Some(_) if source.deleted && event.kind != EventKind::Status => self.dropped += 1,
            Some(inbox) => {
                let organization = source.organization;
                self.accepted.push(NewChannelEvent {
                    organization,
                    inbox,
                    channel,
                    event,
                    received_at,
                    trace,
                });
            }
            None => self.kept_whole = Some("about the account, not an inbox".into()),
        }
    }
}

/// A body that tells nothing is genuine if any secret of the channel signs it.
async fn unparsed_body(
    sources: &Sources,
    channel: Channel,
    webhook: ReceivedWebhook<'_>,
    reason: String,
) -> Result<Sorted, Error> {
    let secrets = sources.all(channel).await?;
    let genuine = secrets.iter().any(|credentials| channels::verify(channel, credentials, webhook));
    Ok(Sorted { kept_whole: genuine.then_some(reason), rejected: usize::from(!genuine), ..Sorted::default() })
}
