//! Fetches files that contacts sent: from the address that came with the message, which opens by itself for some time.

use chrono::Utc;
use http::StatusCode;
use url::{Host, Url};

use super::errors;
use crate::channels::calls::{host_is_of, not_asked};
use crate::channels::{Action, ChannelError, RemoteFile, Sender};
use crate::config::AllowedUrls;
use crate::http_client;

/// The provider's own hosts that files come from.
const HOSTS: &[&str] = &["googleapis.com", "googleusercontent.com", "google.com"];

/// Where a file can be fetched: its address is what the provider calls it.
///
/// # Errors
/// That it is at a place which is not the provider's own.
pub fn locate(sender: &Sender, allowed: &AllowedUrls, id: &str) -> Result<RemoteFile, ChannelError> {
    let of_provider = |url: &Url| {
        let host = matches!(url.host(), Some(Host::Domain(host)) if url.scheme() == "https" && host_is_of(host, HOSTS));
        host || url.origin() == sender.base_url.origin() || allowed.allows(url)
    };
    let url = Url::parse(id).ok().filter(of_provider).ok_or_else(|| {
        let title = "The file is at an address that is not the provider's own";
        ChannelError::new(Action::Content, "address_not_allowed", title)
    })?;
    Ok(RemoteFile { url, mime_type: None, size: None })
}

/// Begins to download a file.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn open(http: &reqwest::Client, file: &RemoteFile) -> Result<reqwest::Response, ChannelError> {
    let response = http.get(file.url.clone()).send().await.map_err(not_asked)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let body = http_client::read_limited(response).await.unwrap_or_default();
    let error = errors::classify(status, &headers, &body, Utc::now());
    match status {
        // Addresses of a store end after some time, and say so in either way; no token of ours is concerned.
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED | StatusCode::GONE => {
            let (action, code, title) =
                (Action::Content, "not_found", "The file is not there any more".into());
            Err(ChannelError { action, code, title, ..error })
        }
        _ => Err(error),
    }
}
