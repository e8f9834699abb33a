//! `switchboard migrate`.

use std::time::{Duration, Instant};

use common::db::migrate::MIGRATIONS;
use common::testing::TestDatabase;

use crate::support::Cli;

async fn empty_database() -> TestDatabase {
    let database = TestDatabase::create().await;
    let session = database.pool().get().await.unwrap();
    session.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
    database
}

#[tokio::test]
async fn migrating_tells_what_was_applied_and_then_that_nothing_was() {
    let database = empty_database().await;
    let cli = Cli::on(&database);
    cli.run(&["org", "list"]).fails_with(1, "run `switchboard migrate`");
    let applied = cli.json(&["migrate"]);
    let names: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.name).collect();
    assert_eq!(applied["applied"], serde_json::json!(names));
    let again = cli.run(&["migrate", "--wait", "5"]);
    assert!(again.code == 0 && again.out.contains("nothing was applied"), "{again:?}");
    assert_eq!(cli.json(&["org", "list"])["organizations"], serde_json::json!([]));
}

#[tokio::test]
async fn a_newer_or_edited_schema_is_left_alone() {
    let database = TestDatabase::create().await;
    let session = database.pool().get().await.unwrap();
    session.execute("UPDATE schema_migrations SET checksum = 'x' WHERE version = 2", &[]).await.unwrap();
    Cli::on(&database).run(&["migrate"]).fails_with(1, "migration 2 was changed after it was applied");
    session.execute("UPDATE schema_migrations SET version = 9999 WHERE version = 2", &[]).await.unwrap();
    Cli::on(&database).run(&["migrate"]).fails_with(1, "use the newer program");
}

#[test]
fn a_database_that_stays_away_is_waited_for_only_so_long() {
    let started = Instant::now();
    let cli = Cli::default().with("DATABASE_URL", "postgres://127.0.0.1:1/none");
    cli.run(&["migrate", "--wait", "1"]).fails_with(1, "PostgreSQL cannot be reached");
    assert!((Duration::from_secs(1)..Duration::from_secs(8)).contains(&started.elapsed()));
}
