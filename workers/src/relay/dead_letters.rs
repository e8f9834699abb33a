//! Takes dead letters off the broker and keeps them where the operator can look at, replay or discard them.

use common::queue::{Consumer, Outcome, Topology};
use uuid::Uuid;

use crate::process::Context;

const INSERT: &str = "INSERT INTO dead_letters (id, source, route, body, reason) VALUES ($1, 'queue', 'dead', $2, 'delivery failed too often')";

/// Starts draining the dead letter queue.
pub(super) fn start(context: &Context) {
    let consumer = Consumer {
        broker: context.config.broker.clone(),
        queue: Topology::new(&context.config.broker.prefix).dead(),
        label: "dead".into(),
        prefetch: 20,
        readiness: context.readiness.clone(),
        part: "dead letters",
    };
    let (pool, stop) = (context.pool.clone(), context.shutdown.token.clone());
    context.shutdown.spawn(consumer.run(stop.clone(), move |body| {
        let (pool, stop) = (pool.clone(), stop.clone());
        async move {
            loop {
                let inserted = async {
                    pool.get().await?.execute(INSERT, &[&Uuid::now_v7(), &body]).await?;
                    Ok::<_, common::db::Error>(())
                };
                match inserted.await {
                    Ok(()) => return Outcome::Done,
                    Err(error) => tracing::warn!(%error, "a dead letter waits for the database"),
                }
                tokio::select! {
                    () = tokio::time::sleep(std::time::Duration::from_secs(1)) => (),
                    () = stop.cancelled() => return Outcome::Unfinished,
                }
            }
        }
    }));
}
