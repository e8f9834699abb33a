//! What the api and the workers share. Nothing lives at this root: each module is named by its responsibility.

pub mod batch;
pub mod channels;
pub mod config;
pub mod crypto;
pub mod db;
pub mod delivery;
pub mod domain;
pub mod http_client;
pub mod intake;
pub mod internal;
pub mod mailer;
pub mod media;
pub mod metrics;
pub mod outbox;
pub mod problem;
pub mod queue;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod webhooks;
