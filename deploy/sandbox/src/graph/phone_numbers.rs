//! `GET /{version}/{waba_id}/phone_numbers`: the phone numbers of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::GraphError;
use super::paging::Query;
use crate::account::{AccountState, PhoneConfig};
use crate::sandbox::Sandbox;

/// Lists the phone numbers of an account.
pub async fn list_phone_numbers(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    let state = caller.account(&sandbox, &id, "get")?.state();
    let phones: Vec<Value> = state.config.phone_numbers.iter().map(|phone| view(phone, &state)).collect();
    Query::of(&uri).page(&phones, &caller.url("")).map(Json)
}

/// A phone number as the Graph API shows it.
pub(super) fn view(phone: &PhoneConfig, account: &AccountState) -> Value {
    let level = if phone.throughput.is_some_and(|throughput| throughput > 80) { "HIGH" } else { "STANDARD" };
    let mut webhooks = json!({});
    for (name, address) in [
        ("application", &account.config.webhook_url),
        ("whatsapp_business_account", &account.config.override_callback_uri),
    ] {
        if let Some(address) = address {
            webhooks[name] = json!(address);
        }
    }
    json!({
        "id": phone.id,
        "display_phone_number": phone.display_phone_number,
        "verified_name": phone.verified_name,
        "status": phone.status,
        "quality_rating": phone.quality_rating,
        "code_verification_status": "VERIFIED",
        "account_mode": "SANDBOX",
        "host_platform": "CLOUD_API",
        "platform_type": "CLOUD_API",
        "messaging_limit_tier": "TIER_UNLIMITED",
        "is_official_business_account": false,
        "name_status": "APPROVED",
        "throughput": {"level": level},
        "webhook_configuration": webhooks,
    })
}
