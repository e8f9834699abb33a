//! `GET /platform/v1/inbox_embeds`: the one list that counts.

use axum::Json;
use axum::extract::State;
use common::db::inbox_embeds::{self, EmbedFilter};
use common::domain::ids::CustomerId;
use common::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::InboxEmbedView;
use crate::auth::{Allowed, rights::EmbedList};
use crate::extract::Query;
use crate::state::AppState;
use crate::{paging, problems};

/// Last page that can be asked for.
const LAST_PAGE: u32 = 100_000;

/// Which embeds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInboxEmbeds {
    /// Only those that are `active` or `revoked`.
    #[param(example = "active")]
    status: Option<String>,
    /// Only those with this scope: `project`, `customer` or `phone_number`.
    #[param(example = "customer")]
    scope_type: Option<String>,
    /// Only those of this customer or number.
    scope_id: Option<String>,
    /// Only those narrowed to this user.
    assigned_user_id: Option<String>,
    /// Which page, from 1 on.
    #[param(minimum = 1, default = 1)]
    page: Option<u32>,
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20)]
    per_page: Option<u16>,
}

/// A page of embeds.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxEmbeds {
    /// The latest first.
    data: Vec<InboxEmbedView>,
    /// Where it is among the pages.
    meta: PageMeta,
}

/// A page among the pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// Its number, from 1 on.
    page: u32,
    /// How many are on a page.
    per_page: u16,
    /// How many pages there are.
    total_pages: i64,
    /// How many there are on all pages.
    total_count: i64,
}

/// List inbox embeds
#[utoipa::path(
    get, path = "/platform/v1/inbox_embeds", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:list"]))),
    params(ListInboxEmbeds),
    responses((status = 200, description = "The embeds", body = InboxEmbeds))
)]
pub async fn list_inbox_embeds(
    caller: Allowed<EmbedList>,
    State(state): State<AppState>,
    Query(query): Query<ListInboxEmbeds>,
) -> Result<Json<InboxEmbeds>, Problem> {
    let (page, per_page, range) = place(query.page, query.per_page)?;
    let filter = filter(query)?;
    let client = state.db().await?;
    let (found, total) = inbox_embeds::list(&client, caller.organization, &filter, range).await?;
    let data = found.into_iter().map(InboxEmbedView::from).collect();
    Ok(Json(InboxEmbeds { data, meta: PageMeta::new(page, per_page, total) }))
}

/// The page and its size that are asked for, and where it is in the list: how many come before it, and how many are on it.
pub(super) fn place(page: Option<u32>, per_page: Option<u16>) -> Result<(u32, u16, (i64, i64)), Problem> {
    let per_page = paging::size("per_page", per_page, 20, 100)?;
    let page = page.unwrap_or(1);
    if !(1..=LAST_PAGE).contains(&page) {
        return Err(problems::parameter("page", format!("must be from 1 to {LAST_PAGE}")));
    }
    Ok((page, per_page, (i64::from(page - 1) * i64::from(per_page), i64::from(per_page))))
}

impl PageMeta {
    /// Where a page is among pages of this size, if there are `total_count` in all.
    pub(super) fn new(page: u32, per_page: u16, total_count: i64) -> Self {
        let size = i64::from(per_page);
        Self { page, per_page, total_pages: (total_count + size - 1) / size, total_count }
    }
}

fn filter(query: ListInboxEmbeds) -> Result<EmbedFilter, Problem> {
    let revoked = match query.status.as_deref() {
        None => None,
        Some("active") => Some(false),
        Some("revoked") => Some(true),
        Some(_) => return Err(problems::parameter("status", "must be active or revoked")),
    };
    let known =
        query.scope_type.as_deref().is_none_or(|it| ["project", "customer", "phone_number"].contains(&it));
    if !known {
        return Err(problems::parameter("scope_type", "must be project, customer or phone_number"));
    }
    let user = query.assigned_user_id.as_deref().map(str::parse).transpose();
    let assigned_user =
        user.map_err(|_| problems::parameter("assigned_user_id", "must be the id of a user"))?;
    // A customer's id may be given in either form.
    let scope_id = query.scope_id.map(|text| match text.parse::<CustomerId>() {
        Ok(id) => id.0.to_string(),
        Err(_) => text,
    });
    Ok(EmbedFilter { revoked, scope_type: query.scope_type, scope_id, assigned_user })
}
