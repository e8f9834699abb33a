//! `/{version}/me`, `/{version}/{page}` and their `subscribed_apps`.

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::PageError;
use super::page::Platform;
use crate::graph::paging::Query;
use crate::sandbox::Sandbox;

/// The page, with the account that is linked with it.
pub(crate) fn show(sandbox: &Sandbox, token: &str, id: &str, query: &Query) -> Response {
    let page = match sandbox.pages.of_token(token, id, "get") {
        Ok(page) => page,
        Err(error) => return error.into_response(),
    };
    let config = page.config();
    let fields = query.get("fields").unwrap_or("id,name").to_owned();
    let account = json!({"id": config.id, "username": config.name, "name": config.name});
    let whole = match config.platform {
        Platform::Messenger => json!({"id": config.id, "name": config.name}),
        // By a login of its own it has an id for the app besides.
        Platform::Instagram if config.has_own_login() => json!({
            "id": format!("9{}", config.id), "user_id": config.id, "username": config.name, "name": config.name,
        }),
        Platform::Instagram if id == config.id => account,
        Platform::Instagram => json!({
            "id": config.page_id, "name": format!("Page of {}", config.name), "instagram_business_account": account,
        }),
    };
    let mut shown = json!({"id": whole["id"]});
    let mut nested = 0_usize;
    let names = fields.split(|c| {
        nested = match c {
            '{' => nested + 1,
            '}' => nested.saturating_sub(1),
            _ => nested,
        };
        c == ',' && nested == 0
    });
    for name in names {
        let name = name.split('{').next().unwrap_or_default();
        let known = ["id", "name", "username", "instagram_business_account"];
        let own = name == "user_id" && config.has_own_login();
        if !own && (!known.contains(&name) || name == "instagram_business_account" && config.has_own_login())
        {
            let message = format!("Tried accessing nonexisting field ({name})");
            return PageError::parameter(message).into_response();
        }
        if !whole[name].is_null() {
            shown[name] = whole[name].clone();
        }
    }
    axum::Json(shown).into_response()
}

/// Subscribes the app to fields.
pub(crate) fn subscribe(
    sandbox: &Sandbox,
    token: &str,
    id: &str,
    (query, body): (&Query, &Value),
) -> Response {
    let asked = body["subscribed_fields"].as_str().or_else(|| query.get("subscribed_fields"));
    let fields: Vec<&str> =
        asked.unwrap_or_default().split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    if fields.is_empty() {
        return PageError::parameter("The parameter subscribed_fields is required.").into_response();
    }
    change(sandbox, token, (id, "post"), &fields)
}

/// Ends the subscription.
pub(crate) fn unsubscribe(sandbox: &Sandbox, token: &str, id: &str) -> Response {
    change(sandbox, token, (id, "delete"), &[])
}

fn change(sandbox: &Sandbox, token: &str, (id, method): (&str, &str), fields: &[&str]) -> Response {
    let page = match sandbox.pages.of_token(token, id, method) {
        Ok(page) => page,
        Err(error) => return error.into_response(),
    };
    match sandbox.pages.patch(&page.config().id, &json!({"subscribedFields": fields})) {
        Some(Ok(_)) => axum::Json(json!({"success": true})).into_response(),
        _ => PageError::no_object(method, id).into_response(),
    }
}

/// Lists the app if it is subscribed.
pub(crate) fn list_subscriptions(sandbox: &Sandbox, token: &str, id: &str) -> Response {
    let page = match sandbox.pages.of_token(token, id, "get") {
        Ok(page) => page,
        Err(error) => return error.into_response(),
    };
    let fields = page.config().subscribed_fields.clone();
    let app = json!({"id": "300000000000001", "name": "Sandbox app", "subscribed_fields": fields});
    let data = if fields.is_empty() { json!([]) } else { json!([app]) };
    axum::Json(json!({"data": data})).into_response()
}
