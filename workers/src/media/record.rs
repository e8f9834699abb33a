//! Records what became of a contact's file: in its row and in its message, under the conversation's lock.

use common::db::media::{FAILED, Fetch, IS_QUIET, READY, SAVE_CONTENT};
use common::db::pipeline::Changes;
use common::db::pipeline::load::{self, Message};
use common::db::{Error, Tx};
use common::domain::content::Media;
use common::media::Written;
use deadpool_postgres::Pool;
use serde_json::{Value, json};

/// A file that lies in the store.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Its object.
    pub key: String,
    /// What it is.
    pub mime_type: String,
    /// Its size and hash.
    pub written: Written,
}

pub(super) struct Recorder {
    pool: Pool,
}

impl Recorder {
    pub(super) fn new(pool: &Pool) -> Self {
        Self { pool: pool.clone() }
    }

    /// The file is there.
    pub(super) async fn ready(&self, fetch: &Fetch, fetched: &Fetched) -> Result<&'static str, Error> {
        let tx = Tx::open(&self.pool).await?;
        let found = locked(&tx, fetch).await?;
        let size = i64::try_from(fetched.written.size).unwrap_or(i64::MAX);
        let hash = fetched.written.sha256.as_slice();
        let mark = tx
            .step(READY, vec![&fetch.id.0, &fetch.attempt, &fetched.key, &fetched.mime_type, &size, &hash])
            .await?;
        if tx.run(&[mark]).await?[0].is_empty() {
            // Another has it, or has done it: its object stays a stray, and is swept.
            tx.rollback().await?;
            return Ok("lost");
        }
        let told = json!({ "mediaId": fetch.id, "size": fetched.written.size });
        let change = |file: &mut Media| {
            file.media_id = Some(fetch.id.to_string());
            file.size = Some(fetched.written.size);
            // An operator may have had it tried again.
            file.failure = None;
            file.mime_type.get_or_insert_with(|| fetched.mime_type.clone());
        };
        save(tx, fetch, found, ("media_ready", told), change).await?;
        Ok("ready")
    }

    /// Nobody will try again.
    pub(super) async fn failed(
        &self,
        fetch: &Fetch,
        code: &str,
        detail: &str,
    ) -> Result<&'static str, Error> {
        let tx = Tx::open(&self.pool).await?;
        let found = locked(&tx, fetch).await?;
        let mark = tx.step(FAILED, vec![&fetch.id.0, &fetch.attempt, &code]).await?;
        if tx.run(&[mark]).await?[0].is_empty() {
            tx.rollback().await?;
            return Ok("lost");
        }
        let told = json!({ "code": code, "detail": detail, "tries": fetch.attempt });
        let change = |file: &mut Media| file.failure = Some(code.to_owned());
        save(tx, fetch, found, ("media_failed", told), change).await?;
        Ok("failed")
    }
}

/// A file's message as it now is.
struct Found {
    message: Message,
    /// Whether nobody was told of it, because its contact was blocked: then nobody is told of its file either.
    quiet: bool,
}

/// The file's message, with its conversation locked; none if it was erased.
async fn locked(tx: &Tx, fetch: &Fetch) -> Result<Option<Found>, Error> {
    let (conversations, messages, sql) = ([fetch.conversation], [fetch.message], load::messages());
    let (conversations, messages) = (conversations.as_slice(), messages.as_slice());
    let steps = [
        tx.step(load::LOCK, vec![&conversations]).await?,
        tx.step(&sql, vec![&messages]).await?,
        tx.step(IS_QUIET, vec![&fetch.message]).await?,
    ];
    let answers = tx.begin(&steps).await?;
    let quiet = !answers[2].is_empty();
    let found = answers[1].first().map(|row| Ok(Found { message: Message::read(row)?, quiet }));
    found.transpose()
}

/// Changes the message's content, tells it, and commits. A message that no longer has this file, because it was edited or
/// deleted meanwhile, stays as it is.
async fn save(
    tx: Tx,
    fetch: &Fetch,
    found: Option<Found>,
    (event, told): (&'static str, Value),
    change: impl FnOnce(&mut Media),
) -> Result<(), Error> {
    let mut changes = Changes::default();
    if let Some(Found { mut message, quiet }) = found {
        let file = message.content.file_mut();
        let ours = |file: &&mut Media| file.provider_media_id.as_ref() == Some(&fetch.provider_media_id);
        if let Some(file) = file.filter(ours) {
            change(file);
            let content = serde_json::to_string(&message.content);
            let content = content.map_err(|error| Error::Stored(error.to_string()))?;
            tx.run(&[tx.step(SAVE_CONTENT, vec![&message.id, &content]).await?]).await?;
            changes.happened(message.id, event, None, Some(told));
            if !quiet {
                changes.message_event("message.updated", fetch.inbox, &message);
            }
        }
    }
    changes.commit(tx).await?;
    Ok(())
}
