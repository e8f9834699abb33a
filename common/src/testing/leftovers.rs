//! What test runs that were killed left behind on the servers: the next run finds it and removes it, and leaves alone whatever a run
//! that goes on may be using.
//!
//! A broker does not list its queues, so each set of them is noted in a file while it is there. A database's name tells when it was made.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use uuid::Uuid;

/// No test lasts as long.
const OLD: Duration = Duration::from_secs(3_600);
/// Databases dropped by one process; dropping takes a while.
const MOST: usize = 20;
/// Any fixed number: one process drops at a time.
const LOCK: i64 = 7_245_002;
/// First part of the name of each test's database.
pub(super) const DATABASE: &str = "switchboard_test_";

/// The note that a set of queues is there.
#[derive(Debug)]
pub(super) struct Note(PathBuf);

fn root() -> PathBuf {
    std::env::temp_dir().join("switchboard-test-queues")
}

/// Where the sets of the broker at this address are noted; the address itself holds a password.
fn folder(url: &str) -> PathBuf {
    let name = hex::encode(Sha256::digest(url));
    root().join(&name[..16])
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn is_older(path: &Path, than: Duration) -> bool {
    let made = fs::metadata(path).and_then(|data| data.modified()).ok();
    made.is_some_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > than))
}

/// The processes among which a number means this one.
fn namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default()
}

impl Note {
    /// Notes a set by its prefix; without a place to note it, nothing is lost but this.
    pub(super) fn new(url: &str, prefix: &str) -> Self {
        let folder = folder(url);
        let path = folder.join(prefix);
        let text = format!("{}\n{}", std::process::id(), namespace());
        let _best_effort = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, text));
        Self(path)
    }

    /// The set is gone.
    pub(super) fn remove(&self) {
        let _best_effort = fs::remove_file(&self.0);
    }

    /// The prefix of the set.
    pub(super) fn prefix(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Sets of the broker at this address that a killed run left behind.
pub(super) fn find_sets(url: &str) -> Vec<Note> {
    files(&folder(url)).filter(|path| is_left(path)).map(Note).collect()
}

/// Forgets sets of brokers that nobody has used for a day: private ones, which are gone with their queues.
pub(super) fn forget_brokers() {
    for folder in files(&root()) {
        files(&folder).filter(|path| is_older(path, OLD * 24)).for_each(|path| Note(path).remove());
        let _unless_empty = fs::remove_dir(folder);
    }
}

/// Whether the process that noted it is gone, or nobody knows and it is old.
fn is_left(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let gone = match text.split_once('\n') {
        Some((id, space)) if !space.is_empty() && space == namespace() => {
            !Path::new("/proc").join(id).exists()
        }
        _ => false,
    };
    gone || is_older(path, OLD)
}

/// Whether the database with this name was made too long ago for a test to be using it.
fn is_old_database(name: &str, now: SystemTime) -> bool {
    let id = name.strip_prefix(DATABASE).and_then(|id| id.parse::<Uuid>().ok());
    let made = id.and_then(|id| id.get_timestamp()).map(|time| Duration::from_secs(time.to_unix().0));
    let age = made.and_then(|made| now.duration_since(SystemTime::UNIX_EPOCH + made).ok());
    age.is_some_and(|age| age > OLD)
}

/// Drops databases that killed runs left behind: old, and with nobody in them.
pub(super) async fn drop_databases(admin: &Client) -> Result<(), tokio_postgres::Error> {
    let sql =
        "SELECT datname::text FROM pg_database d WHERE starts_with(datname, $1) AND pg_try_advisory_lock($2)
        AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname) ORDER BY datname";
    let names = admin.query(sql, &[&DATABASE, &LOCK]).await?;
    let now = SystemTime::now();
    let names = names.iter().map(|row| row.get::<_, String>(0)).filter(|name| is_old_database(name, now));
    for name in names.take(MOST) {
        // Of a moment ago, somebody may be in it.
        let _best_effort = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await;
    }
    admin.execute("SELECT pg_advisory_unlock_all()", &[]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_processes_that_are_gone_are_found_and_no_others() {
        let url = format!("amqp://{}", Uuid::new_v4());
        let (ours, theirs, odd) =
            (Note::new(&url, "ours"), Note::new(&url, "theirs"), Note::new(&url, "odd"));
        // Numbers end below this; and one in another container says nothing.
        fs::write(&theirs.0, format!("4999999\n{}", namespace())).unwrap();
        fs::write(&odd.0, "4999999\npid:[1]").unwrap();
        let found: Vec<String> = find_sets(&url).iter().map(Note::prefix).collect();
        assert_eq!(found, ["theirs"]);
        let long_ago = SystemTime::now() - OLD - Duration::from_secs(1);
        fs::File::options().write(true).open(&odd.0).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(find_sets(&url).len(), 2);
        [&ours, &theirs, &odd].into_iter().for_each(Note::remove);
        assert!(find_sets(&url).is_empty());
        fs::remove_dir(folder(&url)).unwrap();
    }

    #[test]
    fn a_database_tells_its_age_and_one_that_does_not_is_left_alone() {
        let now = SystemTime::now();
        let name = |id: Uuid| format!("{DATABASE}{}", id.simple());
        assert!(!is_old_database(&name(Uuid::now_v7()), now));
        assert!(is_old_database(&name(Uuid::now_v7()), now + OLD + Duration::from_secs(2)));
        for other in [name(Uuid::new_v4()), format!("{DATABASE}mine"), "switchboard".to_owned()] {
            assert!(!is_old_database(&other, now + OLD * 24), "{other}");
        }
    }
}
