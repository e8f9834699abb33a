//! `/{version}/{phone_number_id}/whatsapp_business_profile`: how a business shows itself to its contacts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::error::GraphError;
use super::paging::Query;
use crate::sandbox::Sandbox;

/// The texts of a profile, and the most characters of each.
const TEXTS: [(&str, usize); 4] = [("about", 139), ("address", 256), ("description", 512), ("email", 128)];
const MOST_WEBSITES: usize = 2;
const VERTICALS: &str = "ALCOHOL APPAREL AUTO BEAUTY EDU ENTERTAIN EVENT_PLAN FINANCE GOVT GROCERY HEALTH HOTEL \
    MATRIMONY_SERVICE NONPROFIT NOT_A_BIZ ONLINE_GAMBLING OTC_DRUGS OTHER PHYSICAL_GAMBLING PROF_SERVICES RESTAURANT RETAIL TRAVEL";

/// Shows a profile: a list of one.
pub async fn get_profile(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    let phone = caller.phone(&sandbox, &id, "get")?;
    let mut profile = phone.profile().config.business_profile.clone();
    profile.entry("vertical").or_insert(json!("UNDEFINED"));
    // Without `fields` the provider tells of none of them.
    let query = Query::of(&uri);
    let wanted: Vec<&str> = query.get("fields").unwrap_or_default().split(',').map(str::trim).collect();
    profile.retain(|name, _| wanted.contains(&name.as_str()));
    profile.insert("messaging_product".into(), json!("whatsapp"));
    Ok(Json(json!({"data": [profile]})))
}

/// Changes the fields that are given.
pub async fn update_profile(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    let phone = caller.phone(&sandbox, &id, "post")?;
    let body: Map<String, Value> =
        serde_json::from_slice(&body).map_err(|_| GraphError::parameter("The body must be a JSON object"))?;
    if body.get("messaging_product") != Some(&json!("whatsapp")) {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let state = phone.account.state();
    let mut phones = state.config.phone_numbers.clone();
    for known in phones.iter_mut().filter(|known| known.id == id) {
        for (name, value) in body.iter().filter(|(name, _)| *name != "messaging_product") {
            check(name, value)?;
            known.business_profile.insert(name.clone(), value.clone());
        }
    }
    let patched = sandbox.directory.patch(&phone.account.waba_id, &json!({"phoneNumbers": phones}));
    patched.map_err(|refusal| GraphError::parameter(refusal.to_string()))?;
    Ok(Json(json!({"success": true})))
}

fn check(name: &str, value: &Value) -> Result<(), GraphError> {
    if let Some((_, most)) = TEXTS.iter().find(|(known, _)| *known == name) {
        let length = value.as_str().map(|text| text.chars().count());
        let least = usize::from(name == "about");
        let fits = length.is_some_and(|length| (least..=*most).contains(&length));
        let email =
            name != "email" || value.as_str().is_some_and(|text| text.is_empty() || text.contains('@'));
        return wrong(fits && email, name);
    }
    match name {
        "vertical" => {
            wrong(value.as_str().is_some_and(|word| VERTICALS.split(' ').any(|known| known == word)), name)
        }
        "websites" => {
            let web = |site: &Value| {
                site.as_str().is_some_and(|site| site.starts_with("http") && site.len() <= 256)
            };
            wrong(
                value.as_array().is_some_and(|sites| sites.len() <= MOST_WEBSITES && sites.iter().all(web)),
                name,
            )
        }
        _ => wrong(false, name),
    }
}

fn wrong(holds: bool, name: &str) -> Result<(), GraphError> {
    if holds { Ok(()) } else { Err(GraphError::parameter(format!("Param {name} is not valid"))) }
}
