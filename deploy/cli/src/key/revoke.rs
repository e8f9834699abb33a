//! `switchboard key revoke`.

use anyhow::bail;
use common::db::api_keys;
use common::db::audit::{self, Actor, Entry};
use common::domain::ids::ApiKeyId;
use serde_json::json;

use crate::environment;
use crate::output::Output;

/// Arguments of `key revoke`.
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// Id of the key (key_…), not the key itself
    #[arg(value_name = "KEY")]
    id: ApiKeyId,
}

impl Revoke {
    /// Revokes the key; repeating it changes nothing.
    ///
    /// # Errors
    /// When there is no such key or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let tx = session.transaction().await?;
        let Some(organization) = api_keys::revoke_anywhere(&tx, self.id).await? else {
            bail!("there is no key {}: `switchboard key list --org …` shows those there are", self.id);
        };
        let entry = Entry {
            organization,
            actor: Actor::Operator,
            action: "api_key.revoke",
            resource: self.id.0,
            trace: None,
            detail: None,
        };
        audit::insert(&tx, &entry).await?;
        tx.commit().await?;
        let text = format!("Revoked {}; it stops working within a few seconds.", self.id);
        Ok(output.answer(&json!({ "id": self.id }), &text)?)
    }
}
