//! `POST /v1/conversations/{chatId}/assignee`.

use axum::extract::State;
use axum::response::Response;
use common::db;
use common::db::conversations::change::{self, By};
use common::domain::ids::ConversationId;
use common::problem::Problem;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem;
use crate::auth::{Allowed, rights::ConversationAssign};
use crate::extract::{IdempotencyKey, OptionalJson, Path, Trace};
use crate::idempotency::Once;
use crate::state::AppState;

/// Whose the conversation is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "userId": "usr_01KASDN4YX2V8D3F3S5C0Q7ZTR" }))]
pub struct AssignConversation {
    /// The user: one of `GET /v1/conversations/assignable-users`.
    #[schema(required, value_type = String)]
    user_id: Option<String>,
}

/// Assign a conversation
///
/// Gives the conversation to a user of your organization, in place of whoever has it. Assigning the same user again changes
/// nothing.
#[utoipa::path(
    post, path = "/v1/conversations/{chatId}/assignee", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:assign"]))),
    params(("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")),
    request_body = AssignConversation,
    responses((status = 204, description = "It is the user's"))
)]
pub async fn assign_conversation(
    caller: Allowed<ConversationAssign>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ConversationId>,
    key: IdempotencyKey,
    OptionalJson(input, body): OptionalJson<AssignConversation>,
) -> Result<Response, Problem> {
    let user = input.user_id.ok_or_else(|| Problem::required("userId"))?;
    // The conversation is part of what is asked for, and not of the body.
    let request = [id.0.as_bytes().as_slice(), &body].concat();
    let once = Once::new(&caller, "conversations.assign", key, &request);
    let work = async {
        let mut client = state.db().await?;
        let tx = client.transaction().await?;
        once.claim(&tx).await?;
        let by = By { principal: &caller, trace };
        // What is no id at all names nobody.
        change::assign(&tx, by, id, user.parse().ok()).await.map_err(problem)?;
        let answer = once.fill(&tx, StatusCode::NO_CONTENT, &(), None).await?;
        tx.commit().await.map_err(db::Error::from)?;
        Ok(answer)
    };
    once.answer(&state.pool, work).await
}
