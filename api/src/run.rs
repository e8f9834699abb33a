//! The life of the process: start in order, serve, stop in reverse.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::{Listener, ListenerExt};
use common::config::Config;
use common::crypto::Sealer;
use common::db;
use common::intake::Sources;
use common::internal::{self, Readiness};
use common::outbox::Outbox;
use common::queue::Publisher;
use common::shutdown::Shutdown;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::accept::Acceptor;
use crate::intake::Intake;
use crate::router;
use crate::state::{AppState, Wiring};

/// The sockets that the process serves.
#[derive(Debug)]
pub struct Listeners {
    /// Clients and channels.
    pub public: TcpListener,
    /// Metrics, health and readiness.
    pub internal: TcpListener,
}

/// Serves until `shutdown` is told to stop, then finishes what is in flight. Neither PostgreSQL nor RabbitMQ need be there.
///
/// # Errors
/// When the process cannot start or the public listener fails.
pub async fn run(config: Config, listeners: Listeners, shutdown: Shutdown) -> anyhow::Result<()> {
    let (readiness, deadline) = (Readiness::default(), config.timings.shutdown);
    internal::serve(listeners.internal, readiness.clone(), &shutdown);
    let state = start(config, readiness, &shutdown)?;
    serve(listeners.public, router::build(state), &shutdown, deadline).await?;
    shutdown.drain(deadline).await;
    Ok(())
}

/// Serves until told to stop and then until the last answer is sent, at most `deadline`. The app is gone when this returns,
/// and with it whatever feeds the tasks that are then waited for.
async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: &Shutdown,
    deadline: Duration,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Answers are small; waiting to fill a packet would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's delay");
        }
    });
    tracing::info!(address = %listener.local_addr()?, "serving");
    let stop = shutdown.token.clone();
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(deadline).await;
    };
    tokio::select! {
        served = serving.into_future() => served,
        () = late => {
            tracing::warn!("stopping with connections still open");
            Ok(())
        }
    }
}

fn start(config: Config, readiness: Readiness, shutdown: &Shutdown) -> anyhow::Result<AppState> {
    let pool = db::pool(&config.database, "switchboard-api")?;
    let publisher = Publisher::start(&config.broker, "api", shutdown);
    let outbox = Outbox::start(&pool, &publisher, Uuid::now_v7(), shutdown);
    let acceptor = Acceptor::start(&pool, &outbox, config.timings.readmit, shutdown);
    let sources = Sources::new(pool.clone(), Sealer::new(&config.master_key), &config.http);
    let intake = Intake::start(&pool, sources, &publisher, &readiness, shutdown);
    let wiring = Wiring { pool, readiness, shutdown: shutdown.clone(), acceptor, intake };
    let state = AppState::new(config, wiring)?;
    let (forgetting, stop) = (state.clone(), shutdown.token.clone());
    shutdown.spawn(async move { forgetting.limits.forget_unused(stop).await });
    let (forgetting, stop) = (state.clone(), shutdown.token.clone());
    shutdown.spawn(async move { forgetting.exchanges.forget_unused(stop).await });
    Ok(state)
}
