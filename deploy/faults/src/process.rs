//! One of our processes: started, killed, frozen, thawed. Ended with this value.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::Port;

/// A running process of ours.
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    child: Child,
    ports: Vec<Port>,
}

/// The folder in which cargo puts the workspace's binaries: this program's own, or the one above it for tests.
fn binaries() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program lies in a folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_owned())
}

impl Process {
    /// Starts a binary of the workspace.
    ///
    /// # Errors
    /// When it has not been built.
    pub fn start(
        name: &str,
        arguments: &[&str],
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let program = binaries()?.join(name);
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let child = spawn(&program, &arguments, &environment)?;
        Ok(Self { name: name.into(), program, arguments, environment, child, ports: Vec::new() })
    }

    /// Keeps a port on which it listens, for as long as it may be started again.
    #[must_use]
    pub fn with(mut self, port: Port) -> Self {
        self.ports.push(port);
        self
    }

    /// Runs a binary of the workspace to its end.
    ///
    /// # Errors
    /// When it has not been built.
    pub fn run(
        name: &str,
        arguments: &[&str],
        environment: &BTreeMap<String, String>,
    ) -> anyhow::Result<Output> {
        let program = binaries()?.join(name);
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().envs(environment).stdin(Stdio::null());
        command.output().with_context(|| format!("{} cannot be started", program.display()))
    }

    /// What it was started with.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Bytes of memory that it holds.
    ///
    /// # Errors
    /// When it does not run.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
        Ok(kilobytes.trim().parse::<u64>()? * 1024)
    }

    /// The name of its binary.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its internal listener.
    pub fn internal_url(&self) -> String {
        let address = self.environment.get("SWITCHBOARD_INTERNAL_LISTEN");
        format!("http://{}", address.map(String::as_str).unwrap_or_default())
    }

    /// Ends it as a crash does: SIGKILL, without any warning.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.program, &self.arguments, &self.environment)?;
        Ok(())
    }

    /// Starts it again with another environment; it listens where it did.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart_with(&mut self, environment: BTreeMap<String, String>) -> anyhow::Result<()> {
        self.environment = environment;
        self.restart()
    }

    /// Asks it to stop and waits for it; whether it ended well.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn terminate(&mut self) -> anyhow::Result<bool> {
        self.signal("TERM")?;
        Ok(self.child.wait()?.success())
    }

    /// Asks it to stop; how it ended and after how long.
    ///
    /// # Errors
    /// When it cannot be signalled, or has not ended in time.
    pub async fn terminate_within(&mut self, deadline: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        self.signal("TERM")?;
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, asked.elapsed()));
            }
            anyhow::ensure!(asked.elapsed() < deadline, "{} has not stopped after {deadline:?}", self.name);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops its clock: SIGSTOP.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on: SIGCONT.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        anyhow::ensure!(status.success(), "{} could not be signalled", self.name);
        Ok(())
    }
}

fn spawn(
    program: &PathBuf,
    arguments: &[String],
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<Child> {
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| {
            format!("{} cannot be started; build it with: cargo build --workspace", program.display())
        })
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
