//! Processor time and memory of processes, from `/proc`.

use std::fs;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;
use tokio_postgres::Client;

/// Whose time is counted.
#[derive(Debug, Clone)]
pub struct Watched {
    name: String,
    pid: u32,
    /// Whether its children count too, those that ended included.
    with_children: bool,
}

/// Processes whose time is counted, under their names.
#[derive(Debug, Clone, Default)]
pub struct Watch(Vec<Watched>);

/// Processor time so far.
#[derive(Debug)]
pub struct Snapshot {
    at: Instant,
    /// Ticks of each watched process, in order.
    ticks: Vec<u64>,
    /// Ticks in which the machine did anything.
    busy: u64,
}

/// Processor time of one process over a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CpuShare {
    /// The process.
    pub name: String,
    /// Cores it kept busy on average.
    pub cores: f64,
    /// Its part of the whole machine's time, in percent.
    pub percent_of_machine: f64,
}

struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, and may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

fn all_pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn ticks(watched: &Watched) -> u64 {
    let Some(parent) = stat(watched.pid) else { return 0 };
    if !watched.with_children {
        return parent.own;
    }
    let children = all_pids().filter_map(stat).filter(|child| child.parent == watched.pid);
    parent.own + parent.ended_children + children.map(|child| child.own + child.ended_children).sum::<u64>()
}

/// Ticks of the machine that were neither idle nor waiting for a disk.
fn machine_busy() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, then irq, softirq; idle and iowait are the fourth and fifth, stolen time is not ours.
    [0, 1, 2, 5, 6].iter().filter_map(|index| fields.get(*index)).sum()
}

fn tick_seconds() -> f64 {
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    1.0 / per_second as f64
}

impl Watch {
    /// This process, PostgreSQL and RabbitMQ, where they can be found on this machine; `with_children` counts the programs
    /// that this one runs as its own.
    pub async fn servers(postgres: &Client, rabbitmq_port: u16, with_children: bool) -> anyhow::Result<Self> {
        let mut watch = Self::default();
        let backend: i32 = postgres.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        let postmaster = u32::try_from(backend)
            .ok()
            .and_then(stat)
            .context("PostgreSQL's processes cannot be seen here")?;
        watch.0.push(Watched { name: "PostgreSQL".into(), pid: postmaster.parent, with_children: true });
        if let Some(pid) = listener(rabbitmq_port) {
            watch.add("RabbitMQ", pid);
        }
        watch.0.push(Watched { name: "generator".into(), pid: std::process::id(), with_children });
        Ok(watch)
    }

    /// Counts one more process.
    pub fn add(&mut self, name: &str, pid: u32) {
        self.0.push(Watched { name: name.to_owned(), pid, with_children: false });
    }

    /// Processor time up to now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { at: Instant::now(), ticks: self.0.iter().map(ticks).collect(), busy: machine_busy() }
    }

    /// Who used the machine since `before`; what no watched process used is `others`.
    pub fn since(&self, before: &Snapshot) -> Vec<CpuShare> {
        let now = self.snapshot();
        let seconds = now.at.duration_since(before.at).as_secs_f64().max(0.001);
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let share = |name: &str, ticks: u64| {
            let used = ticks as f64 * tick_seconds() / seconds;
            CpuShare { name: name.to_owned(), cores: used, percent_of_machine: 100.0 * used / cores }
        };
        let used: Vec<u64> =
            now.ticks.iter().zip(&before.ticks).map(|(now, before)| now.saturating_sub(*before)).collect();
        let others = now.busy.saturating_sub(before.busy).saturating_sub(used.iter().sum());
        let mut shares: Vec<CpuShare> =
            self.0.iter().zip(used).map(|(watched, ticks)| share(&watched.name, ticks)).collect();
        shares.push(share("others", others));
        shares
    }
}

/// The process that listens on a TCP port of this machine.
fn listener(port: u16) -> Option<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let suffix = format!(":{port:04X}");
    let listening = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&suffix)) && fields.nth(1) == Some("0A")
    };
    let line = tables.iter().flat_map(|table| table.lines()).find(listening)?;
    let socket = format!("socket:[{}]", line.split_whitespace().nth(9)?);
    all_pids().find(|pid| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|target| target.as_os_str() == socket.as_str())
    })
}

/// Most memory a process ever held, in MiB.
pub fn peak_memory(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_listens_on_a_port_is_found_and_its_time_counts() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listener(socket.local_addr().unwrap().port()), Some(std::process::id()));
        let mut watch = Watch::default();
        watch.add("test", std::process::id());
        let before = watch.snapshot();
        let busy = Instant::now();
        while busy.elapsed().as_millis() < 200 {
            std::hint::spin_loop();
        }
        let shares = watch.since(&before);
        assert!(shares[0].cores > 0.3 && shares[1].name == "others", "{shares:?}");
        assert!(peak_memory(std::process::id()).unwrap() > 1.0);
    }
}
