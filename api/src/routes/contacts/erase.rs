//! `DELETE /v1/contacts/{id}`.

use axum::extract::State;
use common::db::audit;
use common::db::contacts::erase::{Marked, mark};
use common::domain::ids::ContactId;
use common::problem::Problem;
use http::StatusCode;

use super::{TRIES, busy, entry};
use crate::auth::{Allowed, rights::ContactDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Erase a contact
///
/// Forgets the contact: name, addresses, attributes, conversations, messages and files, and what its channels and the event log
/// tell of it. It is gone at once, nothing waiting is sent any more, and the rest is worked off while traffic goes on. Whoever
/// writes from one of its addresses afterwards is a new contact. Repeating it changes nothing; it cannot be taken back.
#[utoipa::path(
    delete, path = "/v1/contacts/{id}", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:delete"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    responses((status = 204, description = "Gone"))
)]
pub async fn erase_contact(
    caller: Allowed<ContactDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ContactId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    for _ in 0..TRIES {
        let tx = client.transaction().await.map_err(common::db::Error::from)?;
        match mark(&tx, caller.organization, id).await? {
            Marked::Unknown => return Err(Problem::not_found("contact")),
            Marked::Before => return Ok(StatusCode::NO_CONTENT),
            Marked::Changed => (),
            Marked::Now(contact) => {
                audit::insert(&tx, &entry(&caller, "contact.erase", contact, trace)).await?;
                tx.commit().await.map_err(common::db::Error::from)?;
                return Ok(StatusCode::NO_CONTENT);
            }
        }
    }
    Err(busy())
}
