//! `switchboard retention set`.

use std::str::FromStr;

use anyhow::bail;
use common::config::MOST_DAYS;
use common::db::audit::{self, Actor, Entry};
use common::db::{organizations, retention};
use common::domain::ids::OrganizationId;

use super::view;
use crate::environment;
use crate::output::Output;

/// Days, or what the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Days(Option<i32>);

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "default" {
            return Ok(Self(None));
        }
        let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
        days.map(|days| Self(Some(days)))
            .ok_or_else(|| format!("expected days from 1 to {MOST_DAYS}, or the word default"))
    }
}

/// Arguments of `retention set`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("logs").required(true).multiple(true)))]
pub struct Set {
    /// Organization whose logs they are
    #[arg(long = "org", value_name = "ORG")]
    organization: OrganizationId,
    /// Days for which the event log is kept
    #[arg(long = "events-days", value_name = "DAYS|default", group = "logs")]
    events: Option<Days>,
    /// Days for which deliveries to webhooks are kept
    #[arg(long = "deliveries-days", value_name = "DAYS|default", group = "logs")]
    deliveries: Option<Days>,
    /// Days for which the audit log is kept
    #[arg(long = "audit-days", value_name = "DAYS|default", group = "logs")]
    audit: Option<Days>,
}

impl Set {
    /// Sets what is given and leaves the rest; the relay does the rest.
    ///
    /// # Errors
    /// When there is no such organization or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let tx = session.transaction().await?;
        if organizations::find(&tx, self.organization).await?.is_none() {
            let id = self.organization;
            bail!("there is no organization {id}: `switchboard org list` shows those there are");
        }
        let mut policy = retention::find(&tx, self.organization).await?;
        for (given, days) in [
            (self.events, &mut policy.events),
            (self.deliveries, &mut policy.deliveries),
            (self.audit, &mut policy.audit),
        ] {
            if let Some(Days(given)) = given {
                *days = given;
            }
        }
        retention::set(&tx, self.organization, &policy).await?;
        let mut shown = view(&policy);
        let entry = Entry {
            organization: self.organization,
            actor: Actor::Operator,
            action: "retention.update",
            resource: self.organization.0,
            trace: None,
            detail: Some(shown.clone()),
        };
        audit::insert(&tx, &entry).await?;
        tx.commit().await?;
        shown["id"] = serde_json::json!(self.organization);
        let text =
            format!("{} keeps its logs so from now on; the relay removes what is older.", self.organization);
        Ok(output.answer(&shown, &text)?)
    }
}
