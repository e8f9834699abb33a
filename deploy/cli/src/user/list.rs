//! `switchboard user list`.

use common::db::users;
use common::domain::ids::OrganizationId;
use serde_json::json;

use super::expect_organization;
use crate::environment;
use crate::output::{Output, table};
use crate::parse::shown;

/// Arguments of `user list`.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Organization whose users to list
    #[arg(long)]
    org: OrganizationId,
}

impl List {
    /// Lists the organization's users.
    ///
    /// # Errors
    /// When there is no such organization or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let session = environment::session().await?;
        expect_organization(&session, self.org).await?;
        let users = users::list(&session, self.org).await?;
        let json: Vec<_> = users
            .iter()
            .map(|user| {
                json!({
                    "id": user.id, "name": user.name, "email": user.email, "role": user.role,
                    "disabledAt": user.disabled_at.map(shown), "createdAt": shown(user.created_at),
                })
            })
            .collect();
        let rows: Vec<_> = users
            .iter()
            .map(|user| {
                let state = if user.disabled_at.is_some() { "removed" } else { "active" };
                let (id, role) = (user.id.to_string(), user.role.to_string());
                vec![id, role, state.to_owned(), user.email.clone(), user.name.clone()]
            })
            .collect();
        let text = table(&["ID", "ROLE", "STATE", "EMAIL", "NAME"], &rows);
        Ok(output.answer(&json!({ "users": json }), &text)?)
    }
}
