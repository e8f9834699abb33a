//! Waiting for a condition, with a deadline.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Asks again and again until `probe` gives a value; panics after `deadline` with `what`.
///
/// # Panics
/// When the deadline passes.
pub async fn eventually<T, E: Debug>(
    what: &str,
    deadline: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let start = Instant::now();
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(seen) => {
                assert!(start.elapsed() < deadline, "{what}: not within {deadline:?}; last seen: {seen:?}")
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
