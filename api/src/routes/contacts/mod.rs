//! Contacts: the people who write to the organization's inboxes.

pub mod block;
pub mod conversations;
pub mod erase;
pub mod get;
pub mod list;
pub mod merge;
pub mod opt_out;
pub mod update;

use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::contacts;
use common::db::contacts::update::{Change, change};
use common::domain::contact::OptOut;
use common::domain::ids::ContactId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde_json::{Value, json};

use crate::extract::IdempotencyKey;
use crate::idempotency::Once;
use crate::state::AppState;

/// Tries at what another change got in the way of.
const TRIES: usize = 5;

fn entry(caller: &Principal, action: &'static str, contact: ContactId, trace: TraceId) -> Entry {
    Entry::by(caller, action, contact, trace)
}

/// The contact that an id stands for.
async fn resolve(
    client: &impl GenericClient,
    caller: &Principal,
    id: ContactId,
) -> Result<ContactId, Problem> {
    let found = contacts::resolve(client, caller.organization, id).await?;
    found.ok_or_else(|| Problem::not_found("contact"))
}

/// What changed a contact between our tries is still at it.
fn busy() -> Problem {
    Problem::unavailable("too_much_waiting", "The contact is being changed by others; try again")
}

/// Changes the standing of a contact, once for each idempotency key, and notes it where that is a change.
async fn change_standing(
    state: &AppState,
    (caller, trace): (&Principal, TraceId),
    (route, key, body): (&'static str, IdempotencyKey, &[u8]),
    id: ContactId,
    asked: Change,
) -> Result<Response, Problem> {
    let once = Once::new(caller, route, key, &request(id, body));
    let work = async {
        let mut client = state.db().await?;
        let tx = client.transaction().await?;
        once.claim(&tx).await?;
        let contact = resolve(&tx, caller, id).await?;
        if change(&tx, caller.organization, contact, asked).await? {
            let (action, detail) = told(asked);
            audit::insert(&tx, &Entry { detail, ..entry(caller, action, contact, trace) }).await?;
        }
        let answer = once.fill(&tx, StatusCode::NO_CONTENT, &(), None).await?;
        tx.commit().await?;
        Ok(answer)
    };
    once.answer(&state.pool, work).await
}

/// A change as the audit log names it.
fn told(change: Change) -> (&'static str, Option<Value>) {
    let category = |category: OptOut| Some(json!({ "category": category.as_str() }));
    match change {
        Change::Block => ("contact.block", None),
        Change::Unblock => ("contact.unblock", None),
        Change::OptOut(from) => ("contact.opt_out", category(from)),
        Change::OptIn(to) => ("contact.opt_in", category(to)),
    }
}

/// What a POST to a contact is repeated as: the contact is part of it, for the route's template names none.
fn request(id: ContactId, body: &[u8]) -> Vec<u8> {
    [id.0.as_bytes(), body].concat()
}
