//! `switchboard retention show`.

use common::config::Retention;
use common::db::retention::{self, Policy};
use serde_json::json;

use super::view;
use crate::environment;
use crate::output::{Output, table};

/// Arguments of `retention show`.
#[derive(Debug, clap::Args)]
pub struct Show {}

impl Show {
    /// Shows for how many days logs are kept.
    ///
    /// # Errors
    /// When a setting or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let settings = environment::retention()?;
        let policies = retention::list(&environment::session().await?).await?;
        let mut rows = vec![row("(settings)", &everywhere(&settings), &settings.channel_events.to_string())];
        rows.extend(policies.iter().map(|(id, policy)| row(&id.to_string(), policy, "-")));
        let organizations: Vec<_> = policies
            .iter()
            .map(|(id, policy)| {
                let mut shown = view(policy);
                shown["id"] = json!(id);
                shown
            })
            .collect();
        let mut shown = view(&everywhere(&settings));
        shown["channelEventsDays"] = json!(settings.channel_events);
        let json = json!({ "settings": shown, "organizations": organizations });
        let heads = ["ORGANIZATION", "EVENTS", "DELIVERIES", "AUDIT", "CHANNEL EVENTS"];
        Ok(output.answer(&json, &table(&heads, &rows))?)
    }
}

fn everywhere(settings: &Retention) -> Policy {
    Policy {
        events: Some(settings.events),
        deliveries: Some(settings.deliveries),
        audit: Some(settings.audit),
    }
}

fn row(whose: &str, policy: &Policy, channel_events: &str) -> Vec<String> {
    let days = |days: Option<i32>| days.map_or_else(|| "-".to_owned(), |days| days.to_string());
    vec![
        whose.to_owned(),
        days(policy.events),
        days(policy.deliveries),
        days(policy.audit),
        channel_events.to_owned(),
    ]
}
