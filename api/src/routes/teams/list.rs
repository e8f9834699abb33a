//! `GET /v1/teams`.

use axum::extract::State;
use axum::response::Response;
use common::db::teams;
use common::domain::ids::TeamId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::TeamView;
use crate::auth::{Allowed, rights::TeamList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListTeams {
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// The teams
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Teams {
    /// Oldest first.
    teams: Vec<TeamView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List teams
#[utoipa::path(
    get, path = "/v1/teams", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:list"]))),
    params(ListTeams),
    responses((status = 200, description = "The teams", body = Teams))
)]
pub async fn list_teams(
    caller: Allowed<TeamList>,
    State(state): State<AppState>,
    Query(query): Query<ListTeams>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(TeamId);
    let client = state.db().await?;
    let mut found = teams::list(&client, caller.organization, after, size as i64 + 1).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let page = Teams { teams: found.into_iter().map(TeamView::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
