//! The sequencer against many writers at once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use common::testing::{TestDatabase, eventually};
use deadpool_postgres::Pool;
use futures_util::future::join_all;
use uuid::Uuid;

use super::{LONGEST_TRANSACTION, State};

const ORGANIZATION: Uuid = Uuid::from_u128(1);

/// A sequencer whose first minute has passed: it looks behind itself only where it remembers a gap.
fn settled() -> State {
    State { watched: LONGEST_TRANSACTION, highest_before: Some(0), ..State::default() }
}

#[test]
fn positions_passed_over_are_looked_at_again_until_they_come() {
    let mut state = State::default();
    state.pass(&[8, 11, 12], 9);
    assert_eq!((state.reached, state.skipped.keys().copied().collect::<Vec<_>>()), (12, vec![10]));
    state.pass(&[10, 15], 9);
    assert_eq!((state.reached, state.skipped.keys().copied().collect::<Vec<_>>()), (15, vec![13, 14]));
}

#[test]
fn a_position_is_given_up_only_after_the_server_has_worked_long_enough() {
    let mut state = State::default();
    let begun = Instant::now();
    state.watch(begun);
    state.pass(&[2], 0);
    // The server stood still for an hour, and the transaction with it.
    state.watch(begun + Duration::from_secs(3_600));
    state.pass(&[], 0);
    assert!(state.skipped.contains_key(&1));
    for second in 1..=60 {
        state.watch(begun + Duration::from_secs(3_600 + second));
    }
    state.pass(&[], 0);
    assert!(state.skipped.is_empty());
}

/// Inserts events of one conversation in one transaction, under the conversation's lock, and stays in it for a while.
async fn write(pool: &Pool, conversation: u32, events: usize, stay: Duration, commit: bool) {
    let mut client = pool.get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&i64::from(conversation)]).await.unwrap();
    let conversation = Uuid::from_u128(conversation.into());
    let sql = "INSERT INTO events (id, organization_id, type, conversation_id, payload)
        VALUES (gen_random_uuid(), $1, 'message.sent', $2, '{}')";
    for _ in 0..events {
        tx.execute(sql, &[&ORGANIZATION, &conversation]).await.unwrap();
    }
    tokio::time::sleep(stay).await;
    if commit { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
}

/// Reads on from the last number, and checks that no number is skipped and each conversation stands in order.
async fn read_until(pool: &Pool, last: i64) {
    let (mut seen, mut positions) = (0_i64, HashMap::<Uuid, i64>::new());
    let sql = "SELECT seq, position, conversation_id FROM events WHERE seq > $1 ORDER BY seq";
    eventually("every committed event has its number", Duration::from_secs(30), async || {
        for row in pool.get().await.unwrap().query(sql, &[&seen]).await.unwrap() {
            assert_eq!(row.get::<_, i64>(0), seen + 1, "a number became visible after a higher one");
            seen += 1;
            let (position, conversation) = (row.get(1), row.get(2));
            let before = positions.insert(conversation, position);
            assert!(before.is_none_or(|before| before < position), "out of order: {before:?}, {position}");
        }
        if seen == last { Ok(()) } else { Err(format!("{seen} of {last}")) }
    })
    .await;
}

/// What a writer does in its turn: conversation, events, how long it stays in the transaction, whether it commits.
fn turn(writer: u32, turn: u32) -> (u32, usize, Duration, bool) {
    let stay = Duration::from_millis(u64::from((writer * 7 + turn * 3) % 12));
    ((writer + turn) % 5, 1 + turn as usize % 3, stay, turn % 9 != 4)
}

#[tokio::test(flavor = "multi_thread")]
async fn late_commits_are_numbered_and_every_conversation_keeps_its_order() {
    const WRITERS: u32 = 8;
    const TURNS: u32 = 30;
    let database = TestDatabase::create().await;
    let own = common::db::pool(&database.config(), "writers").unwrap();
    let writers = join_all((0..WRITERS).map(|writer| {
        let pool = own.clone();
        async move {
            for number in 0..TURNS {
                let (conversation, events, stay, commit) = turn(writer, number);
                write(&pool, conversation, events, stay, commit).await;
            }
        }
    }));
    let all = (0..WRITERS).flat_map(|writer| (0..TURNS).map(move |number| turn(writer, number)));
    let committed: usize = all.filter(|(.., commit)| *commit).map(|(_, events, ..)| events).sum();
    // One that was thought dead goes on beside the other.
    let pool = database.pool();
    let sequencers = join_all([settled(), settled()].map(|mut state| async move {
        loop {
            state.look(pool).await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }));
    let read = async { tokio::join!(writers, read_until(&own, committed as i64)) };
    tokio::select! { _ = read => (), _ = sequencers => () }
}
