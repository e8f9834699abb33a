//! Plays the WhatsApp side of Meta's Graph API, a provider of texts, one of RCS, and a mail server: start reading at `router.rs`.
//!
//! - `graph`: what the business calls, with the provider's checks and errors
//! - `text`: the same of the provider of texts, with its webhooks
//! - `rcs`: the same of the provider of RCS
//! - `control`: what tests and people call, to steer and to look
//! - `webhook`: signed webhooks back, timed, ordered and repeated
//! - `web`: the phone and the mail page, whose files are in `web/`
//! - `mail`: an SMTP server that keeps what it is sent
//! - the rest: state, one noun a file

mod account;
mod address;
mod changes;
mod chat;
mod clock;
mod control;
mod directory;
mod faults;
mod graph;
mod held;
mod ledger;
mod live;
mod mail;
mod media;
mod message;
mod pacing;
mod pages;
mod rcs;
mod recipient_faults;
mod router;
mod sandbox;
mod server;
mod settings;
mod template;
mod text;
mod wamid;
mod web;
mod webhook;

pub use rcs::tell::rcs_signature;
pub use settings::{Behaviour, Settings, WebhookRetry};
pub use text::sign::text_signature;
pub use webhook::signature;

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves a sandbox until the stop signal; open requests then have `settings.shutdown_timeout` to end.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Webhook tasks go on while open requests end, and stop after them.
    let tasks = CancellationToken::new();
    let sandbox = Arc::new(sandbox::Sandbox::new(&settings, tasks.clone(), shutdown.clone())?);
    sandbox.webhooks.start();
    if let Some(address) = settings.mail_listen {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen for email on {address}"))?;
        sandbox.mail.listens_on(listener.local_addr()?);
        tracing::info!(smtp = %listener.local_addr()?, "catching email");
        tokio::spawn(mail::serve(listener, sandbox.clone(), tasks.clone()));
    }
    server::serve(listener, router::router(sandbox.clone()), shutdown, settings.shutdown_timeout).await;
    tasks.cancel();
    sandbox.webhooks.finish().await;
    let left = sandbox.webhooks.schedule.counts().queued;
    if left > 0 {
        tracing::info!(left, "webhook updates were still waiting");
    }
    Ok(())
}
