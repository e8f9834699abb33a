//! `POST /v1/shared-inbox-links`.

use axum::extract::State;
use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::phone_numbers;
use common::db::shared_links::{self, NewSharedLink};
use common::domain::permissions::Permissions;
use common::domain::principal::Principal;
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{SharedLinkAnswer, check};
use crate::auth::{Allowed, rights::LinkCreate};
use crate::extract::{IdempotencyKey, Json, Object, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "phoneNumberId": "660e8400-e29b-41d4-a716-446655440001", "name": "Support vendor access", "expiresAt": null,
    "permissions": { "readInbox": true, "readDetails": true, "markRead": true, "sendText": true },
}))]
pub struct CreateSharedLink {
    /// The number whose inbox is to be shared: one of `GET /v1/phone-numbers`.
    phone_number_id: String,
    /// Its name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// When it stops working; never by default.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-04-01T00:00:00.000Z")]
    expires_at: Option<Timestamp>,
    /// What its visitors may do; what is left out, they may not.
    #[schema(value_type = Permissions)]
    permissions: Object<Permissions>,
}

/// Share an inbox by a link
///
/// Give the `publicUrl` to whoever is to have access; no key and no account is needed there.
#[utoipa::path(
    post, path = "/v1/shared-inbox-links", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:create"]))),
    request_body = CreateSharedLink,
    responses(
        (status = 201, description = "Created", body = SharedLinkAnswer, headers(("Location" = String))),
        (status = 404, description = "There is no such phone number in your organization",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn create_shared_link(
    caller: Allowed<LinkCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateSharedLink>,
) -> Result<Response, Problem> {
    // The answer holds the public URL.
    let once = Once::new(&caller, "POST /v1/shared-inbox-links", key, &body).sealed(&state.sealer);
    once.answer(&state.pool, create(&state, &caller, &once, &input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: &CreateSharedLink,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let (permissions, expires_at) = (input.permissions.0, input.expires_at.map(|at| at.0));
    check(Some(&input.name), Some(permissions), expires_at).finish()?;
    let nothing = || Problem::not_found("phone number");
    let number = input.phone_number_id.parse().map_err(|_| nothing())?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    phone_numbers::find(&tx, caller.organization, number).await?.ok_or_else(nothing)?;
    let new = NewSharedLink {
        phone_number: number,
        name: &input.name,
        permissions,
        expires_at,
        created_by: caller.user,
    };
    let link = shared_links::insert(&tx, caller.organization, new).await?;
    let detail = json!({
        "phoneNumberId": number.0, "permissions": permissions.words(), "expiresAt": expires_at.map(Timestamp),
    });
    audit::insert(&tx, &Entry::by(caller, "link.create", link.id, trace).detail(detail)).await?;
    let location = format!("/v1/shared-inbox-links/{}", link.id.0);
    let shown = SharedLinkAnswer::of(state, link);
    let answer = once.fill(&tx, StatusCode::CREATED, &shown, Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}
