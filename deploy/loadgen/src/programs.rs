//! Starts programs and ends them: politely when all went well, at once when the run is given up.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use http::Method;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::Instant;
use uuid::Uuid;

use crate::client;
use crate::processes::{Watch, peak_memory};
use crate::report::{Memory, progress};

const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(20);

struct Program {
    name: &'static str,
    pid: u32,
    child: Child,
}

/// Running programs, and the folder of their logs; both go away with this value.
pub struct Programs {
    folder: PathBuf,
    environment: Vec<(String, String)>,
    running: Vec<Program>,
}

/// A loopback address that was free a moment ago.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A program that stands beside this one.
fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.is_file() {
        let profile = if cfg!(debug_assertions) { "" } else { " --release" };
        bail!(
            "{} is not built: cargo build{profile} -p api -p workers -p sandbox -p loadgen",
            path.display()
        );
    }
    Ok(path)
}

impl Programs {
    /// None yet. Each gets `environment` and nothing of ours that would configure it.
    pub fn new(environment: Vec<(String, String)>) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("loadgen-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder)?;
        Ok(Self { folder, environment, running: Vec::new() })
    }

    /// Starts a program that stands beside this one.
    pub fn start(
        &mut self,
        name: &'static str,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> anyhow::Result<()> {
        let path = if program.is_empty() { std::env::current_exe()? } else { beside(program)? };
        let log = std::fs::File::create(self.log(name))?;
        let inherited = std::env::vars().filter(|(name, _)| {
            !["SWITCHBOARD_", "SANDBOX_", "DATABASE_URL", "AMQP_URL"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        });
        let child = Command::new(path)
            .args(arguments)
            .env_clear()
            .envs(inherited)
            .envs(self.environment.iter().cloned())
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A group of its own, so that Ctrl-C reaches us alone and the order of stopping is ours.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let pid = child.id().with_context(|| format!("{name} ended at once"))?;
        self.running.push(Program { name, pid, child });
        Ok(())
    }

    /// Waits until `path` answers 200.
    pub async fn ready(&mut self, name: &'static str, address: SocketAddr, path: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            let answered = client::ask(address, Method::GET, path, None).await;
            let Err(error) = answered else { return Ok(()) };
            self.check(name)?;
            if Instant::now() > deadline {
                bail!("{name} is not ready: {error:#}\n{}", self.tail(name));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn check(&mut self, name: &str) -> anyhow::Result<()> {
        for program in &mut self.running {
            if program.name == name
                && let Some(status) = program.child.try_wait()?
            {
                bail!("{name} ended with {status}:\n{}", self.tail(name));
            }
        }
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// The end of a program's log.
    pub fn tail(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// How many warnings and errors each program wrote, and the first of them.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for program in &self.running {
            let text = std::fs::read_to_string(self.log(program.name)).unwrap_or_default();
            let mut loud = text.lines().filter(|line| line.contains("WARN") || line.contains("ERROR"));
            if let Some(first) = loud.next() {
                let first: String = first.chars().take(240).collect();
                complaints.push(format!(
                    "{} warned {} times, first: {first}",
                    program.name,
                    loud.count() + 1
                ));
            }
        }
        complaints
    }

    /// Counts the programs' time.
    pub fn watch(&self, watch: &mut Watch) {
        self.running.iter().for_each(|program| watch.add(program.name, program.pid));
    }

    /// Most memory each process of the product ever held; the sandbox is none.
    pub fn memory(&self) -> Vec<Memory> {
        let ours = self.running.iter().filter(|program| program.name != "sandbox");
        let each = ours.filter_map(|program| {
            Some(Memory { name: program.name.to_owned(), mebibytes: peak_memory(program.pid)? })
        });
        each.collect()
    }

    /// Ends them, the last one first.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        while let Some(mut program) = self.running.pop() {
            if let Ok(pid) = i32::try_from(program.pid) {
                kill(Pid::from_raw(pid), Signal::SIGTERM)
                    .with_context(|| format!("stop {}", program.name))?;
            }
            if tokio::time::timeout(STOP, program.child.wait()).await.is_err() {
                progress(&format!("{} did not stop in {STOP:?} and is killed", program.name));
                program.child.kill().await?;
            }
        }
        Ok(())
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        for program in &mut self.running {
            // It may have ended by itself; waiting for it lets its sessions end before the database goes.
            let _ended = program.child.start_kill();
            let deadline = std::time::Instant::now() + Duration::from_secs(2);
            while matches!(program.child.try_wait(), Ok(None)) && std::time::Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    if std::fs::remove_dir_all(folder).is_err() {
        progress(&format!("{} could not be removed", folder.display()));
    }
}
