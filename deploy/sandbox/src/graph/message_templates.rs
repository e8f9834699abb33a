//! `GET /{version}/{waba_id}/message_templates`: the templates of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value, json};

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
    let mut page = query.page(&views, &caller.url(""))?;
    if let Some(fields) = query.get("summary") {
        page["summary"] = summary(fields, state.templates.len());
    }
    Ok(Json(page))
}

/// Most templates that an account may have.
const MOST: usize = 250;

/// What is asked for of the account's templates as a whole.
fn summary(fields: &str, count: usize) -> Value {
    let whole = json!({
        "total_count": count, "message_template_count": count, "message_template_limit": MOST, "are_translations_complete": true,
    });
    let named = fields.split(',').map(str::trim).filter(|name| whole.get(*name).is_some());
    named.map(|name| (name.to_owned(), whole[name].clone())).collect::<Map<_, _>>().into()
}
