//! The one outbound HTTP client: time-outs, no redirects, bounded answers.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

/// Most bytes read of a provider's answer.
pub const ANSWER_LIMIT: usize = 1 << 20;

/// A client whose calls end within `timeout`.
///
/// # Errors
/// When the system's certificate store cannot be read.
pub fn build(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    install_crypto();
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout((timeout / 2).min(Duration::from_secs(5)))
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(256)
        .tcp_nodelay(true)
        .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Makes ring the process's TLS provider; later calls change nothing.
pub fn install_crypto() {
    let _already = rustls::crypto::ring::default_provider().install_default();
}

/// Reads an answer's body up to `ANSWER_LIMIT`.
///
/// # Errors
/// The transport's error; a body past the limit is cut there, without an error.
pub async fn read_limited(mut response: reqwest::Response) -> Result<Bytes, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_LIMIT.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() >= ANSWER_LIMIT {
            break;
        }
    }
    Ok(body.freeze())
}
