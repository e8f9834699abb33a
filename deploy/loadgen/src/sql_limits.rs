//! What PostgreSQL can do here: the scripts of `sql/`, run by pgbench in a private database.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::process::Command;
use uuid::Uuid;

use crate::database::PrivateDatabase;
use crate::report::{Figure, histogram, percentiles, progress};
use crate::seed::{self, Shape};
use crate::servers::Servers;

/// One script and how it is run.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// What it shows.
    pub what: &'static str,
    text: &'static str,
    clients: u32,
    /// Things done by one transaction.
    each: f64,
    /// Whether it runs on the product's tables.
    product: bool,
    reference: Option<f64>,
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal, $clients:literal clients, $each:literal each, $product:literal, $reference:expr, $what:literal;)+) => {
        $($(#[$doc])* pub const $name: Script = Script {
            what: $what, text: include_str!(concat!("../sql/", $file)), clients: $clients, each: $each, product: $product,
            reference: $reference,
        };)+
    };
}

scripts! {
    /// What the pipeline is held against.
    TWO_ROWS = "two_rows.sql", 32 clients, 1.0 each, false, Some(7_160.0),
        "two rows by one statement per transaction, 32 clients";
    /// The same, less well.
    TWO_ROWS_SEPARATELY = "two_rows_separately.sql", 32 clients, 1.0 each, false, Some(3_050.0),
        "the same by separate statements of one transaction, 32 clients";
    /// The same, as well as it goes.
    TWO_ROWS_BATCHES = "two_rows_batches.sql", 8 clients, 100.0 each, false, Some(52_000.0),
        "the same in batches of 50 by one statement, 8 clients, rows";
    /// An accept on plain tables.
    SIX_WRITES = "six_writes.sql", 32 clients, 1.0 each, false, Some(3_360.0),
        "six writes of an accept by one statement, plain tables, 32 clients";
    /// What accepting is held against.
    SAME_ROWS = "same_rows.sql", 32 clients, 1.0 each, true, None,
        "the same rows as our accept, one transaction each, 32 clients";
    /// The same, less well.
    SAME_ROWS_SEPARATELY = "same_rows_separately.sql", 32 clients, 1.0 each, true, None,
        "the same rows by separate statements of one transaction, 32 clients";
    /// The same, as well as it goes.
    SAME_ROWS_GROUPS = "same_rows_groups.sql", 2 clients, 32.0 each, true, Some(13_700.0),
        "the same rows in groups of 32 by one statement, 2 writers";
}

const CONTENT: &str = r#"{"type":"text","text":"Reply 000000000: thank you for your message, your order is on its way and should be with you tomorrow."}"#;
const PREVIEW: &str =
    "Reply 000000000: thank you for your message, your order is on its way and should be with you tomorrow.";
const ANSWER: &str = r#"{"id":"msg_01KASDPK7RFXV9N0R0QV4T9M5C","conversationId":"cnv_01KASDPK7RFXV9N0R0QV4T9M5C","direction":"outbound","timestamp":"2026-11-20T10:20:30.123Z","content":{"type":"text","text":"Reply 000000000: thank you for your message, your order is on its way and should be with you tomorrow."},"status":"pending","sender":{"type":"apiKey","id":"key_01KASDPK7RFXV9N0R0QV4T9M5C","name":"Load"},"replyTo":null,"reactions":[],"failure":null,"providerMessageId":null,"scheduledAt":null}"#;

/// pgbench, if it is installed: on the path, or beside a PostgreSQL server of Debian's or Red Hat's.
pub fn pgbench() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for (root, rest) in [("/usr/lib/postgresql", "bin"), ("/usr", "bin")] {
        let mut versions: Vec<PathBuf> =
            std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        versions.sort();
        let wanted = |path: &PathBuf| root != "/usr" || path.to_string_lossy().starts_with("/usr/pgsql-");
        folders.extend(versions.into_iter().rev().filter(wanted).map(|version| version.join(rest)));
    }
    folders.into_iter().map(|folder| folder.join("pgbench")).find(|program| program.is_file())
}

/// Runs scripts in turn, each with a private database of its own; an error names what to install.
pub async fn measure(
    servers: &Servers,
    scripts: &[Script],
    seconds: u64,
    shape: Shape,
) -> anyhow::Result<Vec<Figure>> {
    let program = pgbench().context(
        "pgbench is not installed: it comes with PostgreSQL's server package (Debian: postgresql)",
    )?;
    let mut figures = Vec::new();
    for script in scripts {
        progress(script.what);
        let database = PrivateDatabase::create(servers).await?;
        prepare(&database, script, shape).await?;
        let bench = Bench::new(&program, &database, script, shape)?;
        bench.run(2).await?;
        figures.push(bench.run(seconds).await?);
    }
    Ok(figures)
}

async fn prepare(database: &PrivateDatabase, script: &Script, shape: Shape) -> anyhow::Result<()> {
    let mut client = database.connect().await?;
    if script.product {
        common::db::migrate::migrate(&mut client).await?;
        seed::fill(&client, shape, None).await?;
        client.batch_execute(include_str!("../sql/same_rows_setup.sql")).await?;
    } else {
        let sql = include_str!("../sql/plain.sql").replace("PREFIX", seed::CONVERSATION);
        client.batch_execute(&sql.replace("COUNT", &shape.conversations.to_string())).await?;
    }
    client.batch_execute("VACUUM ANALYZE").await?;
    // What filling wrote is not to be flushed while something is measured.
    client
        .batch_execute("CHECKPOINT")
        .await
        .or_else(|error| if error.code().is_some() { Ok(()) } else { Err(error) })?;
    Ok(())
}

/// One script in one database.
struct Bench<'a> {
    program: &'a PathBuf,
    script: &'a Script,
    environment: Vec<(&'static str, String)>,
    variables: Vec<String>,
    folder: PathBuf,
}

impl<'a> Bench<'a> {
    fn new(
        program: &'a PathBuf,
        database: &PrivateDatabase,
        script: &'a Script,
        shape: Shape,
    ) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("loadgen-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("script.sql"), script.text)?;
        let url = database.url();
        let mut environment = vec![
            ("PGHOST", url.host_str().unwrap_or("127.0.0.1").trim_matches(['[', ']']).to_owned()),
            ("PGPORT", url.port().unwrap_or(5432).to_string()),
            ("PGDATABASE", url.path().trim_start_matches('/').to_owned()),
            ("PGSSLMODE", "disable".to_owned()),
        ];
        let config: tokio_postgres::Config = url.as_str().parse()?;
        environment.extend(config.get_user().map(|user| ("PGUSER", user.to_owned())));
        let password = config.get_password().and_then(|password| String::from_utf8(password.to_vec()).ok());
        environment.extend(password.map(|password| ("PGPASSWORD", password)));
        // Thirty-two steps of this size meet thirty-two different conversations.
        let step = shape.conversations / 32 + usize::from(shape.conversations.is_multiple_of(32));
        let variables = vec![
            format!("conversations={}", shape.conversations),
            format!("step={}", step.max(1)),
            format!("prefix={}", seed::CONVERSATION),
            format!("content={CONTENT}"),
            format!("preview={PREVIEW}"),
            format!("answer={ANSWER}"),
            format!("payload={{\"message\":{ANSWER}}}"),
        ];
        Ok(Self { program, script, environment, variables, folder })
    }

    async fn run(&self, seconds: u64) -> anyhow::Result<Figure> {
        let clients = self.script.clients.to_string();
        let threads = self.script.clients.min(2).to_string();
        let mut command = Command::new(self.program);
        command.args([
            "--no-vacuum",
            "--protocol=prepared",
            "--log",
            "--sampling-rate=0.2",
            "--log-prefix=latency",
        ]);
        command.args(["--client", &clients, "--jobs", &threads, "--time", &seconds.to_string()]);
        command.args(self.variables.iter().map(|variable| format!("--define={variable}")));
        command
            .args(["--file", "script.sql"])
            .current_dir(&self.folder)
            .envs(self.environment.iter().cloned());
        command
            .env("PGOPTIONS", "-c jit=off -c statement_timeout=15s")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await.context("run pgbench")?;
        let (told, failed) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let rate =
            told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        let Some(rate) = rate.filter(|_| output.status.success()) else {
            bail!("pgbench failed: {}", failed.lines().rev().take(5).collect::<Vec<_>>().join(" | "));
        };
        let unit = if self.script.each == 100.0 { " rows/s" } else { "/s" };
        let figure = Figure::new(self.script.what, rate * self.script.each, unit).latency(self.latency()?);
        Ok(match self.script.reference {
            Some(reference) => figure.reference(reference),
            None => figure,
        })
    }

    /// Reads and removes the logs of sampled transactions; the third field is the time in microseconds.
    fn latency(&self) -> anyhow::Result<(f64, f64)> {
        let mut all = histogram();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("latency")) {
                continue;
            }
            for line in std::fs::read_to_string(&path)?.lines() {
                let took = line.split(' ').nth(2).and_then(|field| field.parse::<f64>().ok());
                all.saturating_record(took.map_or(1, |took| took.max(1.0) as u64));
            }
            std::fs::remove_file(path)?;
        }
        Ok(percentiles(&all))
    }
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.folder).is_err() {
            progress(&format!("{} could not be removed", self.folder.display()));
        }
    }
}
