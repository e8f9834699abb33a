//! Fetches files that contacts sent: from the address that came with the message, which opens by itself for some time.

use chrono::Utc;
use http::StatusCode;
use url::Url;

use super::errors;
use crate::channels::calls::not_asked;
use crate::channels::file_places::{is_of_provider, not_allowed};
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
    let url = Url::parse(id).ok().filter(|url| is_of_provider(url, &sender.base_url, allowed, HOSTS));
    let url = url.ok_or_else(not_allowed)?;
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
