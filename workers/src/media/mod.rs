//! Fetches contacts' files from their providers. The message shows at once; its file follows, in its own time.
//!
//! A pointer names files. Whoever receives it claims them; a lost, repeated or late pointer costs a look. Downloads have a
//! queue and a bound of their own, so that they never slow channel events.

mod fetch;
mod record;

use std::sync::Arc;

use common::media::Store;
use common::queue::{Consumer, Outcome, Route, Task, Topology};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::process::Context;
use fetch::Fetcher;

/// Tasks taken at once, each with a few files.
const PREFETCH: u16 = 8;

/// Starts fetching files into `store`.
///
/// # Errors
/// When the HTTP client cannot be built.
pub fn start(context: &Context, store: Store) -> anyhow::Result<()> {
    let fetcher = Arc::new(Fetcher::new(context, store)?);
    let consumer = Consumer {
        broker: context.config.broker.clone(),
        queue: Topology::new(&context.config.broker.prefix).queue(Route::Media),
        label: Route::Media.key(),
        prefetch: PREFETCH,
        readiness: context.readiness.clone(),
        part: "files",
    };
    let stop = context.shutdown.token.clone();
    context.shutdown.spawn(consumer.run(stop, move |body| {
        let fetcher = fetcher.clone();
        async move {
            match files(&body) {
                Some(files) => fetch(&fetcher, files).await,
                None => Outcome::Dead,
            }
        }
    }));
    Ok(())
}

fn files(body: &[u8]) -> Option<Vec<Uuid>> {
    match Task::decode(body) {
        Ok(Task::FetchMediaV1 { media }) => Some(media),
        Ok(Task::DeliverLanesV1 { .. } | Task::ApplyChannelEventsV1 { .. } | Task::PostWebhooksV1 { .. }) => {
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a task of files cannot be read");
            None
        }
    }
}

/// What could not be done now, for whatever reason, is found again by the sweep.
async fn fetch(fetcher: &Fetcher, files: Vec<Uuid>) -> Outcome {
    join_all(files.into_iter().map(|id| fetcher.fetch(id))).await;
    Outcome::Done
}
