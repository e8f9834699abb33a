//! PostgreSQL and RabbitMQ of a test's own, to be stopped, killed, frozen and restarted; erased with this value.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::process::Command;
use uuid::Uuid;

/// A private server on a port of its own, which it keeps over restarts.
pub struct Server {
    script: &'static str,
    folder: PathBuf,
    url: String,
}

fn path_of(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lib").join(script)
}

impl Server {
    /// Starts a PostgreSQL; its role may create databases.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn postgres() -> anyhow::Result<Self> {
        Self::create("private-postgres.sh").await
    }

    /// Starts a RabbitMQ.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn rabbitmq() -> anyhow::Result<Self> {
        Self::create("private-rabbitmq.sh").await
    }

    async fn create(script: &'static str) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("switchboard-faults-{}", Uuid::new_v4().simple()));
        let mut server = Self { script, folder, url: String::new() };
        server.url = server.run("start", &[]).await?;
        Ok(server)
    }

    /// Its address, with its password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.run("stop", &[]).await.map(|_told| ())
    }

    /// Starts it again, at the same address, and waits until it answers.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(&self) -> anyhow::Result<()> {
        let url = self.run("start", &[]).await?;
        anyhow::ensure!(url == self.url, "{} came back at another address", self.script);
        Ok(())
    }

    /// Ends its main process without any warning: SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&self) -> anyhow::Result<()> {
        self.signal("KILL", &[self.pid().await?]).await
    }

    /// Stops its clock: SIGSTOP to all its processes.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn freeze(&self) -> anyhow::Result<()> {
        // The main process first, so that it starts no more of them.
        let main = self.pid().await?;
        self.signal("STOP", &[main]).await?;
        self.signal("STOP", &descendants(main)).await
    }

    /// Lets it go on: SIGCONT.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn thaw(&self) -> anyhow::Result<()> {
        let main = self.pid().await?;
        self.signal("CONT", &descendants(main)).await?;
        self.signal("CONT", &[main]).await
    }

    async fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.run("pid", &[]).await?.parse()?)
    }

    async fn signal(&self, name: &str, processes: &[u32]) -> anyhow::Result<()> {
        if processes.is_empty() {
            return Ok(());
        }
        let processes = processes.iter().map(u32::to_string);
        let status = Command::new("kill").args(["-s", name]).args(processes).status().await?;
        anyhow::ensure!(status.success(), "{} could not be signalled", self.script);
        Ok(())
    }

    /// Runs a command of the script; what it prints.
    async fn run(&self, command: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(path_of(self.script))
            .arg(command)
            .arg(&self.folder)
            .args(arguments)
            .env("SERVER_OWNER", std::process::id().to_string())
            .output()
            .await
            .with_context(|| self.script)?;
        let told = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{} {command}: {told}", self.script);
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Every process that descends from `main`.
fn descendants(main: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    children.flat_map(|child| std::iter::once(child).chain(descendants(child))).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        let script = |command| {
            std::process::Command::new(path_of(self.script)).arg(command).arg(&self.folder).output()
        };
        // A frozen server cannot be asked to end.
        let main =
            script("pid").ok().and_then(|told| String::from_utf8(told.stdout).ok()?.trim().parse().ok());
        if let Some(main) = main {
            let processes = descendants(main).into_iter().chain([main]).map(|process| process.to_string());
            let _thawed = std::process::Command::new("kill").args(["-s", "CONT"]).args(processes).output();
        }
        let _erased = script("erase");
    }
}
