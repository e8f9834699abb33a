//! `GET /control/channels`: what the sandbox plays, with whom a contact can chat there and what it can send.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Lists the channels; a page that shows a contact's phone needs no more to offer them.
pub async fn list_channels(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(
        json!({"run": sandbox.changes.run, "channels": [whatsapp(&sandbox), texts(&sandbox), rcs(&sandbox)]}),
    )
}

fn whatsapp(sandbox: &Sandbox) -> Value {
    let mut senders = Vec::new();
    for account in sandbox.directory.accounts() {
        let state = account.state();
        for phone in &state.config.phone_numbers {
            senders.push(json!({
                "id": phone.id, "name": phone.verified_name, "address": phone.display_phone_number,
                "account": account.waba_id, "templates": state.config.templates,
            }));
        }
    }
    json!({
        "channel": "whatsapp", "name": "WhatsApp", "readReceipts": true, "senders": senders,
        "accounts": {"path": "/control/accounts", "id": "wabaId"},
        "types": ["text", "image", "video", "audio", "voice", "document", "sticker", "location", "contacts", "order",
            "reaction", "reply", "referral", "edit", "revoke", "system", "echo", "unsupported"],
    })
}

fn texts(sandbox: &Sandbox) -> Value {
    let mut senders = Vec::new();
    for account in sandbox.texts.all() {
        let config = account.config();
        for number in &config.phone_numbers {
            senders.push(json!({
                "id": number.phone_number, "name": number.friendly_name, "address": number.phone_number,
                "account": config.account_sid,
            }));
        }
        // Nobody can answer a name; a short code can be answered.
        for name in &config.sender_ids {
            let code = name.bytes().all(|byte| byte.is_ascii_digit());
            senders.push(json!({
                "id": name, "name": name, "address": name, "account": config.account_sid, "oneWay": !code,
            }));
        }
    }
    json!({
        "channel": "text", "name": "Texts", "readReceipts": false, "senders": senders,
        "accounts": {"path": "/control/text-accounts", "id": "accountSid"},
        "types": ["text", "image", "video", "audio", "document", "stop"],
    })
}

fn rcs(sandbox: &Sandbox) -> Value {
    let agents = sandbox.agents.all();
    let senders = agents.iter().map(|agent| {
        let config = agent.config();
        json!({"id": config.agent_id, "name": config.agent_id, "address": "agent", "account": config.client_email})
    });
    json!({
        "channel": "rcs", "name": "RCS", "readReceipts": false, "senders": senders.collect::<Vec<_>>(),
        "accounts": {"path": "/control/rcs-agents", "id": "agentId"},
        "types": ["text", "image", "video", "audio", "document", "location", "subscription"],
    })
}
