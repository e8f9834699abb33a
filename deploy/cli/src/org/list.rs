//! `switchboard org list`.

use common::db::organizations;
use serde_json::json;

use crate::environment;
use crate::output::{Output, table};
use crate::parse::shown;

/// Arguments of `org list`.
#[derive(Debug, clap::Args)]
pub struct List {}

impl List {
    /// Lists every organization.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let organizations = organizations::list(&environment::session().await?).await?;
        let json: Vec<_> = organizations
            .iter()
            .map(|org| json!({ "id": org.id, "name": org.name, "createdAt": shown(org.created_at) }))
            .collect();
        let rows: Vec<_> = organizations
            .iter()
            .map(|org| vec![org.id.to_string(), shown(org.created_at), org.name.clone()])
            .collect();
        Ok(output.answer(&json!({ "organizations": json }), &table(&["ID", "CREATED", "NAME"], &rows))?)
    }
}
