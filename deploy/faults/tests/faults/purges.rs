//! Pointers may be lost: every work queue is emptied, again and again, with work in it.

use std::time::{Duration, Instant};

use common::testing::eventually;
use faults::{Load, Options, SOON, System, assert_once_and_in_order};

use crate::kills::{quick, until_accepted};

/// Empties all work queues as soon as there is something in them.
async fn purge(system: &System) {
    eventually("pointers wait in the queues", SOON, async || match system.broker.purge().await {
        0 => Err("none"),
        purged => Ok(purged),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_all_work_queues_with_five_hundred_replies_pending_loses_none() {
    let options =
        Options { environment: quick(), without: vec!["inbound", "outbound"], ..Options::default() };
    let system = System::start(options).await.unwrap();
    system.set_pace(200).await.unwrap();
    let load = Load::new("purge", system.conversations("1555400", 50).await, 10);
    let sent = load.send(system.client.clone()).await;
    // Pointers to lanes, and those that replaced them.
    purge(&system).await;
    purge(&system).await;
    let outbound = system.start_worker("outbound").unwrap();
    // Whatever is there at any moment of the rest, pointers to channel events among it.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        system.broker.purge().await;
    }
    until_accepted(&system, 500).await;
    eventually("the provider has told everything", SOON, async || {
        let stats = system.client.sandbox_get("/control/stats").await.map_err(|error| error.to_string())?;
        if stats["webhooks"]["queued"] == 0 { Ok(()) } else { Err(stats.to_string()) }
    })
    .await;
    drop(outbound);
    purge(&system).await;
    let _inbound = system.start_worker("inbound").unwrap();
    system.at_rest("delivered", 2 * SOON).await;
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
}
