//! `PATCH /v1/inboxes/{id}`.

use axum::Json;
use axum::extract::State;
use common::channels::BusinessProfile;
use common::db;
use common::db::audit::{self, Entry};
use common::db::inboxes::{self, InboxChange};
use common::domain::ids::InboxId;
use common::domain::principal::Principal;
use common::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::profile::{self, UpdateProfile};
use super::{InboxDetails, NAME};
use crate::auth::{Allowed, rights::InboxUpdate};
use crate::extract::{self, Path, Trace, given};
use crate::state::AppState;
use crate::text::Checks;

/// The most that any provider takes of one sender in a second.
const FASTEST: i32 = 1_000;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Support WhatsApp" }))]
pub struct UpdateInbox {
    /// Another name, 1 to 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What becomes of a message of which nobody knows whether the channel took it, once there was time enough to hear of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = UnknownOutcome, required = false)]
    unknown_outcome: Option<UnknownOutcome>,
    /// Messages a second that it may send: 80 for a WhatsApp number unless the provider gives it more, 1 for a long code. Replies go
    /// before templates that a closed window lets through. The provider's own word slows it down further.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i32, required = false, minimum = 1, maximum = 1000)]
    messages_per_second: Option<i64>,
    /// The business profile, which is changed at the provider before anything else. WhatsApp only.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = UpdateProfile, required = false)]
    business_profile: Option<UpdateProfile>,
}

/// What becomes of a message of which nobody knows whether the channel took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum UnknownOutcome {
    /// It is sent again, which its timeline tells.
    Resend,
    /// It fails with `outcome_unknown`.
    Park,
}

impl UnknownOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Park => "park",
        }
    }
}

/// Update an inbox
#[utoipa::path(
    patch, path = "/v1/inboxes/{id}", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:update"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    request_body = UpdateInbox,
    responses(
        (status = 200, description = "The inbox as it is now", body = InboxDetails),
        (status = 502, description = "The business profile cannot be changed: the provider cannot be asked (`provider_unavailable`) or refuses (`provider_refused`). Nothing else was changed",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn update_inbox(
    caller: Allowed<InboxUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<InboxId>,
    extract::Json(input, _): extract::Json<UpdateInbox>,
) -> Result<Json<InboxDetails>, Problem> {
    let mut checks = Checks::default();
    if let Some(name) = &input.name {
        checks.name("name", name, NAME);
    }
    let pace = input.messages_per_second.map(|pace| i32::try_from(pace).unwrap_or(0));
    let fits = pace.is_none_or(|pace| (1..=FASTEST).contains(&pace));
    checks.ensure(fits, "messagesPerSecond", "range", "must be 1 to 1000");
    if let Some(profile) = &input.business_profile {
        profile.check(&mut checks);
    }
    checks.finish()?;
    let unknown_outcome = input.unknown_outcome.map(UnknownOutcome::as_str);
    let change = InboxChange { name: input.name.as_deref(), unknown_outcome, pace };
    let changes_profile = input.business_profile.is_some();
    let shown = match input.business_profile {
        Some(asked) => Some(change_profile(&state, &caller, id, asked).await?),
        None => None,
    };
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let changed = inboxes::update(&tx, caller.organization, id, change).await?;
    let inbox = changed.ok_or_else(|| Problem::not_found("inbox"))?;
    let detail = json!({ "name": change.name.is_some(), "unknownOutcome": change.unknown_outcome, "messagesPerSecond": pace,
        "businessProfile": changes_profile });
    audit::insert(&tx, &Entry::by(&caller, "inbox.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let details = InboxDetails::from(inbox);
    Ok(Json(match shown {
        Some(profile) => details.with_profile(profile),
        None => details,
    }))
}

async fn change_profile(
    state: &AppState,
    caller: &Principal,
    id: InboxId,
    asked: UpdateProfile,
) -> Result<Option<BusinessProfile>, Problem> {
    let client = state.db().await?;
    let found = inboxes::find_connection(&client, caller.organization, id).await?;
    drop(client);
    let (inbox, connection) = found.ok_or_else(|| Problem::not_found("inbox"))?;
    profile::change(state, (&inbox, &connection), &asked.into()).await
}
