//! `/{version}/{waba_id}/subscribed_apps`: who gets an account's webhooks, and where.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::GraphError;
use super::paging::Query;
use crate::account::Account;
use crate::pages;
use crate::sandbox::Sandbox;

const APP_ID: &str = "300000000000001";
const LONGEST_URI: usize = 200;
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Subscribes the app, perhaps with a callback of its own, which must answer the handshake first.
pub async fn subscribe(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
    body: Bytes,
) -> Result<Response, GraphError> {
    let query = Query::of(&uri);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if sandbox.pages.knows(&id) {
        return Ok(pages::node::subscribe(&sandbox, caller.token(), &id, (&query, &body)));
    }
    let account = caller.account(&sandbox, &id, "post")?;
    let parameter = |name: &str| {
        body[name].as_str().or_else(|| query.get(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let callback = parameter("override_callback_uri");
    if let Some(callback) = &callback {
        if callback.len() > LONGEST_URI {
            return Err(GraphError::parameter(
                "Param override_callback_uri must be at most 200 characters long.",
            ));
        }
        let required = || GraphError::parameter("The parameter verify_token is required.");
        let verify_token = parameter("verify_token").ok_or_else(required)?;
        handshake(&sandbox.webhooks.client, callback, &verify_token).await.map_err(|why| {
            let text = format!("(#2200) Callback verification failed with the following errors: {why}");
            GraphError::of(2_200).saying(text)
        })?;
    }
    change(&sandbox, &account, &json!({"subscribed": true, "overrideCallbackUri": callback}))
}

/// Lists the app if it is subscribed.
pub async fn list_subscriptions(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, GraphError> {
    if sandbox.pages.knows(&id) {
        return Ok(pages::node::list_subscriptions(&sandbox, caller.token(), &id));
    }
    let state = caller.account(&sandbox, &id, "get")?.state();
    if !state.config.subscribed {
        return Ok(Json(json!({"data": []})).into_response());
    }
    let mut app = json!({"whatsapp_business_api_data": {
        "id": APP_ID, "name": "Sandbox app", "link": "https://www.facebook.com/games/?app_id=300000000000001"}});
    if let Some(callback) = &state.config.override_callback_uri {
        app["override_callback_uri"] = json!(callback);
    }
    Ok(Json(json!({"data": [app]})).into_response())
}

/// Ends the subscription: webhooks of the account are discarded from now on.
pub async fn unsubscribe(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, GraphError> {
    if sandbox.pages.knows(&id) {
        return Ok(pages::node::unsubscribe(&sandbox, caller.token(), &id));
    }
    let account = caller.account(&sandbox, &id, "delete")?;
    change(&sandbox, &account, &json!({"subscribed": false, "overrideCallbackUri": null}))
}

fn change(sandbox: &Sandbox, account: &Account, patch: &Value) -> Result<Response, GraphError> {
    let patched = sandbox.directory.patch(&account.waba_id, patch);
    patched.map_err(|refusal| GraphError::parameter(refusal.to_string()))?;
    Ok(Json(json!({"success": true})).into_response())
}

/// Asks a callback to echo a challenge, as the provider does before it trusts it.
async fn handshake(client: &reqwest::Client, callback: &str, verify_token: &str) -> Result<(), String> {
    let challenge = rand::random_range(100_000_000_u32..=999_999_999).to_string();
    let query =
        [("hub.mode", "subscribe"), ("hub.challenge", &challenge), ("hub.verify_token", verify_token)];
    let answer = client.get(callback).query(&query).timeout(HANDSHAKE).send().await;
    let answer = answer.map_err(|error| format!("{}", error.without_url()))?;
    let status = answer.status();
    if status != reqwest::StatusCode::OK {
        return Err(format!("HTTP Status Code = {}", status.as_u16()));
    }
    match answer.text().await {
        Ok(text) if text == challenge => Ok(()),
        Ok(_) => Err("the challenge was not echoed".into()),
        Err(error) => Err(format!("{}", error.without_url())),
    }
}
