//! Serves the routes, and can cut a connection instead of answering.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// Marks a response that must not be sent: the connection is cut in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

/// The error that makes the HTTP library give a connection up.
#[derive(Debug)]
struct CutConnection;

impl std::fmt::Display for CutConnection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the connection is cut on request")
    }
}

impl std::error::Error for CutConnection {}

/// Serves until the stop signal, then lets open requests end for at most `grace`.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, grace: Duration) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // No time limit on request heads: it would also close idle connections, sometimes just as one is used.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(10_000);
    let open = GracefulShutdown::new();
    let abort = CancellationToken::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        connect(stream, &builder, router.clone(), &open, abort.clone());
    }
    drop(listener);
    if tokio::time::timeout(grace, open.shutdown()).await.is_err() {
        tracing::warn!("requests were still open at the deadline; they are cut");
        abort.cancel();
    }
}

fn connect(
    stream: TcpStream,
    builder: &auto::Builder<TokioExecutor>,
    router: Router,
    open: &GracefulShutdown,
    abort: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), request));
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = open.watch(connection);
    tokio::spawn(async move {
        if let Some(Err(error)) = abort.run_until_cancelled(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

async fn answer(mut router: Router, request: Request<Incoming>) -> Result<Response, CutConnection> {
    let answered: Result<Response, Infallible> = router.call(request.map(Body::new)).await;
    match answered {
        Ok(response) if response.extensions().get::<Cut>().is_some() => Err(CutConnection),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}
