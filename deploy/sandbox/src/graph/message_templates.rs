//! `GET /{version}/{waba_id}/message_templates`: the templates of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::Value;

use super::caller::Caller;
use super::error::GraphError;
use super::paging::Query;
use crate::sandbox::Sandbox;

/// Lists the templates of an account, filtered by name, status, language and category.
pub async fn list_message_templates(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    let state = caller.account(&sandbox, &id, "get")?.state();
    let query = Query::of(&uri);
    let matches = |view: &Value| {
        let equals = |name: &str| {
            query
                .get(name)
                .is_none_or(|wanted| view[name].as_str().is_some_and(|is| is.eq_ignore_ascii_case(wanted)))
        };
        let named = query
            .get("name")
            .is_none_or(|part| view["name"].as_str().is_some_and(|name| name.contains(part)));
        named && ["status", "language", "category"].into_iter().all(equals)
    };
    let views: Vec<Value> =
        state.templates.iter().map(|template| &template.view).filter(|view| matches(view)).cloned().collect();
    query.page(&views, &caller.url("")).map(Json)
}
