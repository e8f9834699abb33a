//! `GET /control/channels`: what the sandbox plays, with whom a contact can chat there and what it can send.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::pages::Platform;
use crate::sandbox::Sandbox;

/// Lists the channels; a page that shows a contact's phone needs no more to offer them.
pub async fn list_channels(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let channels = [
        whatsapp(&sandbox),
        pages(&sandbox, Platform::Messenger),
        pages(&sandbox, Platform::Instagram),
        texts(&sandbox),
        rcs(&sandbox),
    ];
    Json(json!({"run": sandbox.changes.run, "channels": channels}))
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

fn pages(sandbox: &Sandbox, platform: Platform) -> Value {
    let configs = sandbox.pages.all().into_iter().map(|page| page.config());
    let senders = configs.filter(|config| config.platform == platform).map(
        |config| json!({"id": config.id, "name": config.name, "address": config.id, "account": config.id}),
    );
    let (name, stories): (_, &[&str]) = match platform {
        Platform::Messenger => ("Messenger", &[]),
        Platform::Instagram => ("Instagram", &["story_reply", "story_mention"]),
    };
    let types = [
        "text", "image", "video", "audio", "document", "location", "reaction", "reply", "edit", "revoke",
        "referral", "postback",
    ];
    let types = [&types, stories].concat();
    json!({
        "channel": platform.name(), "name": name, "readReceipts": true, "senders": senders.collect::<Vec<_>>(),
        // One list has those of both.
        "accounts": {"path": "/control/pages", "id": "id", "with": {"platform": platform}},
        "types": types,
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
