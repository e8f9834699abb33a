//! WhatsApp Cloud API: the Graph API's messages and the webhooks that belong to them.

pub mod account;
pub(super) mod addresses;
mod bodies;
pub mod check;
mod codes;
pub mod errors;
pub mod files;
pub mod fit;
mod limits;
pub mod parse;
mod payloads;
pub mod receipt;
pub mod receive;
pub mod send;
pub mod verify;

use url::Url;

/// The address of `path` under a base address; every part becomes one segment.
fn address(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// A transport error with its causes in one line; its address is left out, which may hold what is not for logs.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}
