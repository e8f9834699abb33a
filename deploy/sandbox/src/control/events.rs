//! `GET /control/events`: a stream that says when there is something new to look at.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::json;

use crate::sandbox::Sandbox;

/// A line at least this often, so that both ends notice when the other has gone.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// One `changed` event at once and one after everything that happens; each names the run of the sandbox.
pub async fn watch(
    State(sandbox): State<Arc<Sandbox>>,
) -> Sse<impl Stream<Item = Result<Event, axum::Error>>> {
    let onlooker = sandbox.changes.look_on();
    let run = sandbox.changes.run.clone();
    let events = unfold((onlooker, run, true), async |(mut onlooker, run, first)| {
        if !first && !onlooker.wait().await {
            return None;
        }
        let event = Event::default().event("changed").json_data(json!({"run": run}));
        Some((event, (onlooker, run, false)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
