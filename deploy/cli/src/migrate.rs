//! `switchboard migrate`: applies the migrations that the database lacks.

use std::time::{Duration, Instant};

use common::db::migrate::migrate;
use deadpool_postgres::Object;
use serde_json::json;

use crate::environment;
use crate::output::Output;

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
pub struct Migrate {
    /// Seconds to wait for the database to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    wait: u64,
}

impl Migrate {
    /// Waits for the database, applies what is missing, tells what was applied.
    ///
    /// # Errors
    /// When the database cannot be reached in time or a migration fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = self.session().await?;
        let applied = migrate(&mut session).await?;
        let text = match applied.as_slice() {
            [] => "The database is up to date: nothing was applied.".to_owned(),
            applied => applied.iter().map(|name| format!("Applied {name}\n")).collect(),
        };
        Ok(output.answer(&json!({ "applied": applied }), &text)?)
    }

    async fn session(&self) -> anyhow::Result<Object> {
        let pool = environment::pool()?;
        let deadline = Instant::now() + Duration::from_secs(self.wait);
        loop {
            match pool.get().await {
                Ok(session) => return Ok(session),
                Err(error) if Instant::now() >= deadline => return Err(common::db::Error::from(error).into()),
                Err(_not_yet) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}
