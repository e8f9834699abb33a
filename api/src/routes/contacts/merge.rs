//! `POST /v1/contacts/{id}/merge`.

use axum::extract::State;
use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::contacts;
use common::db::contacts::merge::{Merged, merge};
use common::db::idempotency::Answer;
use common::domain::contact::{ContactDetail, MOST_ATTRIBUTES};
use common::domain::ids::ContactId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{TRIES, busy, entry, request};
use crate::auth::{Allowed, rights::ContactUpdate};
use crate::extract::{IdempotencyKey, Json, Path, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// Which contact to merge into.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"into": "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE"}))]
pub struct MergeContact {
    /// The contact that stays.
    into: String,
}

/// Merge a contact into another
///
/// The other one gets its addresses and conversations, which stay apart, its attributes where it has none of that name, its
/// name and picture where it has none, and its blocks and opt-outs. The merged id stands for the other contact from then on.
/// Merging what is merged already answers the contact that both are.
#[utoipa::path(
    post, path = "/v1/contacts/{id}/merge", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:update"]))),
    params(("id" = String, Path, description = "Id of the contact that goes", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWF")),
    request_body = MergeContact,
    responses((status = 200, description = "The contact that stays", body = ContactDetail))
)]
pub async fn merge_contact(
    caller: Allowed<ContactUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<ContactId>,
    Json(input, body): Json<MergeContact>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/contacts/{id}/merge", key, &request(id, &body));
    once.answer(&state.pool, merge_into(&state, &caller, &once, (id, &input.into), trace)).await
}

async fn merge_into(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    (source, into): (ContactId, &str),
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let target: ContactId = into.parse().map_err(|_| Problem::not_found("contact"))?;
    if source == target {
        return Err(Problem::invalid("into", "same_contact", "must be another contact").into());
    }
    let mut client = state.db().await?;
    for _ in 0..TRIES {
        let tx = client.transaction().await?;
        once.claim(&tx).await?;
        match merge(&tx, caller.organization, source, target).await? {
            Merged::Gone => return Err(Problem::not_found("contact").into()),
            Merged::Changed => (),
            Merged::TooManyAttributes => {
                let message = format!("would have more than {MOST_ATTRIBUTES} attributes");
                return Err(Problem::invalid("into", "too_many_attributes", message).into());
            }
            Merged::Into(contact, anew) => {
                if anew {
                    let detail = Some(json!({ "into": contact }));
                    let entry = Entry { detail, ..entry(caller, "contact.merge", source, trace) };
                    audit::insert(&tx, &entry).await?;
                }
                let found = contacts::find(&tx, caller.organization, &caller.sees, contact).await?;
                let found = found.ok_or_else(|| Problem::not_found("contact"))?;
                let answer = once.fill(&tx, StatusCode::OK, &found, None).await?;
                tx.commit().await?;
                return Ok(answer);
            }
        }
    }
    Err(busy().into())
}
