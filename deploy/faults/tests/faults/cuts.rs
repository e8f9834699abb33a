//! Sessions with PostgreSQL are cut at any moment, commits included: whoever does not know what became of one finds out.

use std::time::{Duration, Instant};

use faults::{EventReader, Load, Options, Proxy, SOON, System, assert_once_and_in_order};

/// Ends all sessions of our processes; how many there were.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'switchboard-%'";

#[tokio::test(flavor = "multi_thread")]
async fn however_often_sessions_are_cut_replies_are_delivered_once_and_in_order() {
    // Lease and wait for evidence are those of production: nothing here may need them.
    let system = System::start(Options::default()).await.unwrap();
    system.set_pace(200).await.unwrap();
    let reader = EventReader::start(&system.database, system.workspace.organization.0);
    let load = Load::new("cut", system.conversations("1555600", 60).await, 10);
    let sending = tokio::spawn(load.send(system.client.clone()));
    let (begun, mut cuts) = (Instant::now(), 0);
    let watcher = system.database.pool().get().await.unwrap();
    // On a busy machine it takes longer until there were as many.
    while begun.elapsed() < Duration::from_secs(5) || (cuts <= 100 && begun.elapsed() < SOON) {
        cuts += watcher.query_one(CUT, &[]).await.unwrap().get::<_, i64>(0);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let sent = sending.await.unwrap();
    system.at_rest("delivered", 2 * SOON).await;
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
    reader.finish().await;
    assert!(cuts > 100, "only {cuts} sessions were cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_neither_repeated_nor_waited_for() {
    let proxy = Proxy::to_postgres().await.unwrap();
    let database_url = Some(proxy.url().to_owned());
    let system = System::start(Options { database_url, ..Options::default() }).await.unwrap();
    system.set_pace(200).await.unwrap();
    let reader = EventReader::start(&system.database, system.workspace.organization.0);
    let load = Load::new("unknown", system.conversations("1555610", 60).await, 10);
    proxy.lose_every(7);
    let sent = load.send(system.client.clone()).await;
    system.at_rest("delivered", 2 * SOON).await;
    proxy.lose_every(0);
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
    // Accepted, sent, delivered: each told once.
    assert_eq!(reader.finish().await, 3 * 600);
    assert!(proxy.lost() > 20, "only {} answers were lost", proxy.lost());
}
