//! Runs the built program with an environment of its own.

use std::process::{Command, Output};

use common::testing::{TestBroker, TestDatabase};
use serde_json::Value;
use tokio_postgres::types::ToSql;

/// Base64 of the testing master key.
pub const MASTER_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// The program with its environment.
#[derive(Default)]
pub struct Cli {
    environment: Vec<(&'static str, String)>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Cli {
    pub fn on(database: &TestDatabase) -> Self {
        Self::default().with("DATABASE_URL", database.url().expose())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub fn with_broker(self, broker: &TestBroker) -> Self {
        let config = broker.config();
        self.with("AMQP_URL", config.urls[0].expose()).with("SWITCHBOARD_QUEUE_PREFIX", config.prefix)
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command.args(arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let Output { status, stdout, stderr } = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run { code: status.code().expect("no signal"), out: text(stdout), err: text(stderr) }
    }

    /// Runs with `--json` and expects success.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.json()
    }
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Expects a failure told in one line with these words, and nothing on standard output.
    pub fn fails_with(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words), "{words}: {self:?}");
        assert!(self.out.is_empty(), "{self:?}");
        assert!(code != 1 || self.err.lines().count() == 1, "{self:?}");
    }
}

pub async fn execute(database: &TestDatabase, sql: &str, params: &[&(dyn ToSql + Sync)]) {
    database.pool().get().await.unwrap().execute(sql, params).await.unwrap();
}

/// The actions noted in the audit log by the operator, in order.
pub async fn audited(database: &TestDatabase) -> Vec<String> {
    let sql = "SELECT action FROM audit_log WHERE actor_type = 'operator' AND actor_id IS NULL ORDER BY id";
    let rows = database.pool().get().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
