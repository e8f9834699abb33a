//! `switchboard key list`.

use chrono::Utc;
use common::db::api_keys::{self, ApiKey};
use common::domain::ids::OrganizationId;
use serde_json::{Value, json};

use crate::environment;
use crate::output::{Output, table};
use crate::parse::{shown, shown_or_dash};
use crate::user::expect_organization;

/// Arguments of `key list`.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Organization whose keys to list
    #[arg(long)]
    org: OrganizationId,
}

impl List {
    /// Lists the organization's keys, never the keys themselves.
    ///
    /// # Errors
    /// When there is no such organization or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let session = environment::session().await?;
        expect_organization(&session, self.org).await?;
        let keys = api_keys::list(&session, self.org).await?;
        let json: Vec<_> = keys.iter().map(in_json).collect();
        let rows: Vec<_> = keys.iter().map(row).collect();
        let text =
            table(&["ID", "KEY", "STATE", "ROLE", "SCOPES", "EXPIRES", "LAST USED", "USER", "NAME"], &rows);
        Ok(output.answer(&json!({ "keys": json }), &text)?)
    }
}

fn state(key: &ApiKey) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.is_some_and(|end| end <= Utc::now()) {
        "expired"
    } else {
        "active"
    }
}

fn in_json(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "userId": key.user, "name": key.name, "hint": key.hint, "state": state(key), "role": key.role,
        "scopes": key.scopes, "expiresAt": key.expires_at.map(shown), "revokedAt": key.revoked_at.map(shown),
        "lastUsedAt": key.last_used_at.map(shown), "createdAt": shown(key.created_at),
    })
}

fn row(key: &ApiKey) -> Vec<String> {
    let scopes = if key.scopes.is_empty() { "all".to_owned() } else { key.scopes.join(",") };
    vec![
        key.id.to_string(),
        format!("{}…", key.hint),
        state(key).to_owned(),
        key.role.to_string(),
        scopes,
        shown_or_dash(key.expires_at),
        shown_or_dash(key.last_used_at),
        key.user.to_string(),
        key.name.clone(),
    ]
}
