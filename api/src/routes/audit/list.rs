//! `GET /v1/audit`.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use common::db::audit::{self, Filter};
use common::domain::ids::{self, AuditId};
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::AuditEntry;
use crate::auth::{Allowed, rights::AuditRead};
use crate::extract::Query;
use crate::paging;
use crate::problems;
use crate::state::AppState;

/// Which writes, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAudit {
    /// Only what this key, link or embed asked for.
    actor_id: Option<String>,
    /// Only this, such as `webhook.update`.
    action: Option<String>,
    /// Only what was done to this.
    resource_id: Option<String>,
    /// Not before this time.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
    /// Entries on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntries {
    /// Newest first.
    entries: Vec<AuditEntry>,
    /// The token of the next page, if there is one.
    next_page_token: Option<String>,
}

/// Read the audit log
///
/// Each write that a key or the operator asked for, newest first. How long it is kept is the operator's to say.
#[utoipa::path(
    get, path = "/v1/audit", tag = "Audit",
    extensions(("x-required-scopes" = json!(["audit:read"]))),
    params(ListAudit),
    responses((status = 200, description = "The entries, newest first", body = AuditEntries))
)]
pub async fn list_audit(
    caller: Allowed<AuditRead>,
    State(state): State<AppState>,
    Query(query): Query<ListAudit>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 50, 100)?);
    let before = paging::read_id_token(query.page_token.as_deref())?.map(AuditId);
    let filter = Filter {
        actor: id("actorId", query.actor_id.as_deref())?,
        action: query.action,
        resource: id("resourceId", query.resource_id.as_deref())?,
        from: query.from,
        to: query.to,
    };
    let client = state.db().await?;
    let mut found = audit::list(&client, caller.organization, &filter, before, size as i64 + 1).await?;
    let next_page_token = paging::cut(&mut found, size, |noted| noted.id.0);
    let page = AuditEntries { entries: found.into_iter().map(AuditEntry::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}

/// An id of whatever kind.
fn id(name: &str, text: Option<&str>) -> Result<Option<Uuid>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let id = ids::of_any_kind(text).ok_or_else(|| problems::parameter(name, "must be an id"))?;
    Ok(Some(id))
}
