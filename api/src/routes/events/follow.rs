//! `GET /v1/events`: a stream of events, or pages of them.

use axum::extract::State;
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use common::db;
use common::db::event_log::{self, Extent, Followed};
use common::domain::event;
use common::domain::ids::{ConversationId, InboxId};
use common::problem::Problem;
use deadpool_postgres::Pool;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::EventView;
use crate::auth::{Lasting, rights::EventRead};
use crate::extract::Query;
use crate::state::AppState;
use crate::stream::{self, Filter, Reader};
use crate::{paging, problems};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells proxies to hand each event on at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Ids and types of a kind that a filter takes.
const MOST_NAMED: usize = 100;
/// Events looked at for a page, and read at once.
const LOOKED_AT: usize = 5_000;
const READ: i64 = 200;

/// Which events, and from where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowEvents {
    /// Events with a higher number only; 0 for the first. Without an `Accept` for a stream, this asks for a page.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Only events of these types; repeated, or separated by commas.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    types: Vec<String>,
    /// Only events of these inboxes; repeated, or separated by commas.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    inbox_ids: Vec<String>,
    /// Only events of these conversations; repeated, or separated by commas.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    conversation_ids: Vec<String>,
    /// Events on a page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 100)]
    page_size: Option<u16>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// In the order of their numbers.
    #[schema(value_type = Vec<EventView>)]
    events: Vec<Box<RawValue>>,
    /// The `after` of the next page: the number of the last event that was looked at, wanted or not.
    last_sequence: i64,
    /// Whether there are more now.
    has_more: bool,
}

/// Follow events
///
/// Server-sent events, as they happen, in the order of their numbers, each once. `id` is the number: a reader that comes back with it
/// as `Last-Event-ID` (browsers do so by themselves) or `after` goes on where it was. Without either, the stream begins now. A comment
/// comes every 15 seconds in which nothing else does. A reader that takes nothing for 30 seconds, and one whose key has ended, is let go.
/// To one whose next events are no longer kept, an event `reset` tells
/// in its `data` the `firstSequence` and `lastSequence` that are, and the stream ends.
///
/// With `Accept: application/json`, or with `after` and no `Accept` for a stream, a page; without `after`, the first that is kept.
#[utoipa::path(
    get, path = "/v1/events", tag = "Events",
    extensions(("x-required-scopes" = json!(["event:read"]))),
    params(FollowEvents, ("Last-Event-ID" = Option<String>, Header, description = "The number of the last event that the reader has; goes before `after`")),
    responses(
        (status = 200, description = "The stream, or a page", content(
            (String = "text/event-stream", example = "id: 42\nevent: message.received\ndata: {\"id\":\"evt_01KASDQ2M3T4V5W6X7Y8Z9A0BC\",\"type\":\"message.received\"}\n\n"),
            (Events = "application/json"),
        )),
        (status = 410, description = "The log does not hold what follows this number (`events_gone`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn follow_events(
    caller: Lasting<EventRead>,
    State(state): State<AppState>,
    Query(query): Query<FollowEvents>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (filter, after) = (filter(&query)?, place(&query, &headers)?);
    let size = paging::size("pageSize", query.page_size, 100, 200)?;
    let client = state.db().await?;
    let extent = event_log::extent(&client, caller.organization).await?;
    if after.is_some_and(|after| after + 1 < extent.first || after > extent.last) {
        return Err(gone(extent));
    }
    if !wants_stream(&query, &headers) {
        drop(client);
        return page(&state.pool, &caller, &filter, (after, usize::from(size))).await;
    }
    drop(client);
    let reader = Reader { state: state.clone(), caller, filter, after: after.unwrap_or(extent.last) };
    let stream = stream::follow(&state.hub, reader).ok_or_else(|| {
        Problem::unavailable("too_much_waiting", "There are as many readers of streams as can be served")
    })?;
    let mut response = Sse::new(stream).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

fn gone(extent: Extent) -> Problem {
    let Extent { first, last } = extent;
    let detail = format!("The event log holds the numbers {first} to {last}, and not what follows yours");
    problems::events_gone("after", detail)
}

/// A stream is what is asked for, unless a page is.
fn wants_stream(query: &FollowEvents, headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    accept.contains("text/event-stream") || !accept.contains("application/json") && query.after.is_none()
}

/// Where the reader is.
fn place(query: &FollowEvents, headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let given = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    let number = match given {
        Some(value) => {
            let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            Some(
                number
                    .ok_or_else(|| problems::parameter("Last-Event-ID", "must be the number of an event"))?,
            )
        }
        None => query.after,
    };
    match number {
        Some(number) if number < 0 => Err(problems::parameter("after", "must not be negative")),
        number => Ok(number),
    }
}

fn filter(query: &FollowEvents) -> Result<Filter, Problem> {
    let types = listed("types", &query.types)?;
    if let Some(odd) = types.iter().find(|name| !event::is_known(name)) {
        return Err(problems::parameter("types", format!("{odd} is no type of events")));
    }
    let inboxes = listed("inboxIds", &query.inbox_ids)?;
    let inboxes = inboxes.iter().map(|text| text.parse::<InboxId>().map(|id| id.0)).collect::<Result<_, _>>();
    let conversations = listed("conversationIds", &query.conversation_ids)?;
    let conversations = conversations
        .iter()
        .map(|text| text.parse::<ConversationId>().map(|id| id.0))
        .collect::<Result<_, _>>();
    Ok(Filter {
        types,
        inboxes: inboxes.map_err(|error| problems::parameter("inboxIds", error.to_string()))?,
        conversations: conversations
            .map_err(|error| problems::parameter("conversationIds", error.to_string()))?,
    })
}

/// What is named, repeated or separated by commas.
fn listed(name: &str, values: &[String]) -> Result<Vec<String>, Problem> {
    let named: Vec<String> = values
        .iter()
        .flat_map(|value| value.split(','))
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    if named.len() > MOST_NAMED {
        return Err(problems::parameter(name, format!("must not name more than {MOST_NAMED}")));
    }
    Ok(named)
}

/// The events after a number, or the first that are kept. Meanwhile the log may be purged: what is no longer there is told.
async fn page(
    pool: &Pool,
    caller: &Lasting<EventRead>,
    filter: &Filter,
    (after, size): (Option<i64>, usize),
) -> Result<Response, Problem> {
    let (mut reached, mut looked_at, mut events) = (after.unwrap_or(0), 0, Vec::new());
    let has_more = 'log: loop {
        let client = pool.get().await.map_err(db::Error::from)?;
        let entries = match event_log::follow(&client, caller.organization, reached, READ).await? {
            Followed::Events(entries) => entries,
            // What was read so far is a page; the next one will be told.
            Followed::Purged(_) if looked_at > 0 => break true,
            Followed::Purged(extent) if after.is_some() => return Err(gone(extent)),
            Followed::Purged(extent) => {
                reached = extent.first - 1;
                continue;
            }
        };
        drop(client);
        let last = (entries.len() as i64) < READ;
        for entry in &entries {
            if events.len() == size || looked_at == LOOKED_AT {
                break 'log true;
            }
            (reached, looked_at) = (entry.head.seq, looked_at + 1);
            if filter.wants(&entry.head) {
                let json = common::webhooks::body(entry).map_err(Problem::internal)?;
                if !stream::is_visible(pool, caller, &entry.head, &json).await? {
                    continue;
                }
                events.push(RawValue::from_string(json).map_err(Problem::internal)?);
            }
        }
        if last {
            break false;
        }
    };
    Ok(axum::Json(Events { events, last_sequence: reached, has_more }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_page_is_given_only_to_who_asks_for_one() {
        let with = |after| FollowEvents { after, ..FollowEvents::default() };
        for (after, accept, stream) in [
            (None, "", true),
            (None, "*/*", true),
            (None, "application/json", false),
            (Some(5), "*/*", false),
            (Some(5), "text/event-stream", true),
            (None, "text/html, Text/Event-Stream;q=0.9", true),
        ] {
            let headers = headers(&[(header::ACCEPT, accept)]);
            assert_eq!(wants_stream(&with(after), &headers), stream, "{after:?} {accept}");
        }
    }

    #[test]
    fn the_last_event_goes_before_the_query() {
        let query = FollowEvents { after: Some(5), ..FollowEvents::default() };
        assert_eq!(place(&query, &headers(&[(LAST_EVENT_ID, "7")])).unwrap(), Some(7));
        assert_eq!(place(&query, &headers(&[(LAST_EVENT_ID, "")])).unwrap(), Some(5));
        for bad in ["-1", "x", "evt_1"] {
            assert_eq!(
                place(&query, &headers(&[(LAST_EVENT_ID, bad)])).unwrap_err().code,
                "invalid_parameter"
            );
        }
    }
}
