//! `GET /v1/conversations/assignable-users`.

use axum::Json;
use axum::extract::State;
use common::domain::view::AssigneeView;
use common::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Allowed, rights::ConversationAssign};
use crate::state::AppState;

/// To whom a conversation can be assigned.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignableUsers {
    /// By name.
    users: Vec<AssignableUser>,
}

/// Somebody to whom a conversation can be assigned.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignableUser {
    /// Id of the user, as `userId` of an assignment.
    #[schema(example = "usr_01KASDN4YX2V8D3F3S5C0Q7ZTR")]
    id: String,
    /// Name.
    #[schema(example = "Olu")]
    name: String,
    /// Picture, if there is one.
    avatar_url: Option<String>,
}

/// List the users to whom conversations can be assigned
///
/// The users of your organization who have not been removed, by name, at most 1,000. Where the operator has configured a directory of
/// users, names and pictures are the directory's, and only those whom it lists too are shown; while it cannot be asked the
/// answer is 502.
#[utoipa::path(
    get, path = "/v1/conversations/assignable-users", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:assign"]))),
    responses(
        (status = 200, description = "The users", body = AssignableUsers),
        (status = 502, description = "The directory of users cannot be asked right now; try again after `Retry-After`",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list_assignable_users(
    caller: Allowed<ConversationAssign>,
    State(state): State<AppState>,
) -> Result<Json<AssignableUsers>, Problem> {
    let users = state.directory.assignable(&state, caller.organization).await?;
    let shown = |user: AssigneeView| AssignableUser {
        id: user.user_id.to_string(),
        name: user.name,
        avatar_url: user.avatar_url,
    };
    Ok(Json(AssignableUsers { users: users.into_iter().map(shown).collect() }))
}
