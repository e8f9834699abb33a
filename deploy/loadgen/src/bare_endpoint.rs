//! A process that answers 202 to a JSON POST and does nothing else: the most that HTTP can do here.

use axum::Json;
use axum::routing::post;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;

/// Where to listen.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The address.
    #[arg(long)]
    listen: std::net::SocketAddr,
}

async fn accept(Json(_body): Json<Value>) -> StatusCode {
    StatusCode::ACCEPTED
}

/// Serves until it is ended.
pub async fn run(options: &Options) -> anyhow::Result<crate::report::Report> {
    let listener = TcpListener::bind(options.listen).await?;
    let router =
        axum::Router::new().route("/", post(accept)).route("/healthz", axum::routing::get(|| async { "ok" }));
    axum::serve(listener, router).await?;
    Ok(Default::default())
}
