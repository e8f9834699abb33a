//! One file's turn: claim it, ask its provider where it is, download it, record it.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use common::channels::{self, Action, ChannelError, RemoteFile};
use common::config::{Channels, Timings};
use common::db::{self, media::Fetch};
use common::media::{Store, StoreError, Writer};
use common::{http_client, metrics};
use deadpool_postgres::Pool;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::record::{Fetched, Recorder};
use crate::process::Context;
use crate::senders::{Known, Senders};

/// Downloads at once.
const CONCURRENCY: usize = 8;
/// Longest download: as long as the provider's address opens.
const LONGEST: Duration = Duration::from_secs(300);
/// Longest wait for the next bytes.
const SILENCE: Duration = Duration::from_secs(30);
/// The provider keeps files so long; and no more tries than this, for all that.
const KEPT: TimeDelta = TimeDelta::days(7);
const MOST_TRIES: i32 = 30;
/// Tries after which a refusal is believed, or a file that never is what it should be.
const FEW_TRIES: i32 = 3;
/// Longest wait between tries.
const LONGEST_WAIT: Duration = Duration::from_secs(12 * 3600);

/// Fetches files; shared by all tasks of the process.
pub(super) struct Fetcher {
    pool: Pool,
    http: reqwest::Client,
    senders: Senders,
    channels: Channels,
    timings: Timings,
    most_bytes: u64,
    store: Store,
    recorder: Recorder,
    permits: Semaphore,
    stop: CancellationToken,
}

/// Why a try did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Stable word.
    pub code: &'static str,
    /// For people.
    pub detail: String,
    /// After how many tries it is final.
    pub tries: i32,
}

impl Trouble {
    pub(super) fn new(code: &'static str, detail: impl Into<String>, tries: i32) -> Self {
        Self { code, detail: detail.into(), tries }
    }
}

impl From<ChannelError> for Trouble {
    fn from(error: ChannelError) -> Self {
        let tries = match error.action {
            _ if error.code == "address_not_allowed" => 1,
            // A token may be renewed, a provider may come back.
            action if action.keeps_message() => MOST_TRIES,
            _ => FEW_TRIES,
        };
        Self::new(error.code, error.to_string(), tries)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge(_) => Self::new("too_large", error.to_string(), 1),
            StoreError::NotFound | StoreError::Unavailable(_) => {
                Self::new("storage_unavailable", error.to_string(), MOST_TRIES)
            }
        }
    }
}

impl From<db::Error> for Trouble {
    fn from(error: db::Error) -> Self {
        Self::new("database_unavailable", error.to_string(), MOST_TRIES)
    }
}

impl Fetcher {
    pub(super) fn new(context: &Context, store: Store) -> anyhow::Result<Self> {
        Ok(Self {
            pool: context.pool.clone(),
            http: http_client::build(LONGEST)?,
            senders: Senders::new(context),
            channels: context.config.channels.clone(),
            timings: context.config.timings,
            most_bytes: context.config.media.most_bytes,
            store,
            recorder: Recorder::new(&context.pool),
            permits: Semaphore::new(CONCURRENCY),
            stop: context.shutdown.token.clone(),
        })
    }

    /// Takes a file's turn. Whatever goes wrong is written down with a time to try again, or found by the sweep.
    pub(super) async fn fetch(&self, id: uuid::Uuid) {
        let Ok(_permit) = self.permits.acquire().await else { return };
        if self.stop.is_cancelled() {
            return;
        }
        let fetch = match db::media::claim(&self.pool, id, self.timings.lease.as_secs_f64()).await {
            Ok(Some(fetch)) => fetch,
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "a file could not be claimed; the sweep finds it"),
        };
        let started = Instant::now();
        let tried = tokio::select! {
            tried = self.download(&fetch) => tried,
            lost = self.hold(&fetch) => Err(lost),
            () = self.stop.cancelled() => return self.give_back(&fetch).await,
        };
        let outcome = if tried.is_ok() { "ok" } else { "error" };
        let took = started.elapsed().as_secs_f64();
        metrics::get().media_fetch_seconds.with_label_values(&[outcome]).observe(took);
        let recorded = match &tried {
            Ok(fetched) => self.recorder.ready(&fetch, fetched).await,
            Err(trouble) => self.failed(&fetch, trouble).await,
        };
        match recorded {
            Ok(result) => metrics::get().media_fetches.with_label_values(&[result]).inc(),
            Err(error) => {
                tracing::warn!(%error, "what became of a file was not recorded; the sweep finds it")
            }
        }
    }

    /// Renews the claim for as long as the download lasts; ends when it was lost.
    async fn hold(&self, fetch: &Fetch) -> Trouble {
        loop {
            tokio::time::sleep(self.timings.lease / 3).await;
            let held = db::media::postpone(&self.pool, fetch, self.timings.lease.as_secs_f64()).await;
            if held.is_ok_and(|held| !held) {
                return Trouble::new("claim_lost", "another worker has it", MOST_TRIES);
            }
        }
    }

    /// Another process may take it at once.
    async fn give_back(&self, fetch: &Fetch) {
        if let Err(error) = db::media::postpone(&self.pool, fetch, 0.0).await {
            tracing::debug!(%error, "a claimed file was not given back; its claim lapses");
        }
    }

    /// Writes down when to try again, or that nobody will.
    async fn failed(&self, fetch: &Fetch, trouble: &Trouble) -> Result<&'static str, db::Error> {
        let old = Utc::now() - fetch.created_at > KEPT;
        if old || fetch.attempt >= trouble.tries {
            let code = if old { "expired" } else { trouble.code };
            tracing::info!(code, tries = fetch.attempt, "a contact's file was given up");
            return self.recorder.failed(fetch, code, &trouble.detail).await;
        }
        tracing::debug!(
            code = trouble.code,
            tries = fetch.attempt,
            "a contact's file could not be fetched yet"
        );
        let wait = self.backoff(fetch.attempt).as_secs_f64();
        let held = db::media::postpone(&self.pool, fetch, wait).await?;
        Ok(if held { "retry" } else { "lost" })
    }

    fn backoff(&self, attempt: i32) -> Duration {
        let exponential = ExponentialBuilder::default()
            .with_min_delay(self.timings.retry_first)
            .with_max_delay(LONGEST_WAIT)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times();
        exponential.build().nth(usize::try_from(attempt - 1).unwrap_or(0)).unwrap_or(LONGEST_WAIT)
    }

    async fn download(&self, fetch: &Fetch) -> Result<Fetched, Trouble> {
        let known = self.senders.find(fetch.inbox).await?;
        let mut response = match self.open(&known, fetch).await {
            // The address was too old already: there is a new one for the asking.
            Err(error) if error.http_status == Some(404) && error.action == Action::Transient => {
                self.open(&known, fetch).await
            }
            opened => opened,
        }?;
        let announced = response.content_length();
        if announced.is_some_and(|size| size > self.most_bytes) {
            return Err(StoreError::TooLarge(self.most_bytes).into());
        }
        let key = Store::key(fetch.organization, fetch.id);
        // Each try writes an object of its own, so that one which is late never touches another's.
        let key = format!("{key}.{}", fetch.attempt);
        db::media::begin_object(&self.pool.get().await.map_err(db::Error::from)?, &key).await?;
        let mut writer = self.store.writer(&key, self.most_bytes);
        match receive(&mut response, &mut writer).await.and_then(|()| verify(fetch, &writer)) {
            Ok(()) => (),
            Err(trouble) => {
                writer.abort().await;
                return Err(trouble);
            }
        }
        let mime_type = common::media::detect::received_type(writer.head(), Some(&fetch.mime_type));
        let written = writer.finish().await?;
        metrics::get().media_bytes.with_label_values(&["inbound"]).inc_by(written.size);
        Ok(Fetched { key, mime_type, written })
    }

    async fn open(&self, known: &Known, fetch: &Fetch) -> Result<reqwest::Response, ChannelError> {
        let (channel, sender) = (known.channel, &known.sender);
        let allowed = &self.channels.allowed_api_urls;
        let file: RemoteFile =
            channels::locate_file(channel, &self.http, sender, allowed, &fetch.provider_media_id).await?;
        channels::open_file(channel, &self.http, sender, allowed, &file).await
    }
}

async fn receive(response: &mut reqwest::Response, writer: &mut Writer) -> Result<(), Trouble> {
    let broken = |detail: String| Trouble::new("download_broken", detail, MOST_TRIES);
    loop {
        let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
        let chunk = chunk.map_err(|_| broken("nothing came for a while".into()))?;
        let chunk = chunk.map_err(|error| broken(error.without_url().to_string()))?;
        let Some(bytes) = chunk else { return Ok(()) };
        writer.write(bytes).await?;
    }
}

/// The bytes must be those that the provider announced with the message.
fn verify(fetch: &Fetch, writer: &Writer) -> Result<(), Trouble> {
    let Some(announced) = fetch.provider_sha256.as_deref() else { return Ok(()) };
    if STANDARD.encode(writer.sha256()) == announced {
        return Ok(());
    }
    let detail = "the bytes are not those that the provider announced";
    Err(Trouble::new("sha256_mismatch", detail, FEW_TRIES))
}
