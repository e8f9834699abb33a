//! Fetches files that contacts sent: from the address that came with the message, which opens for some time and wants no token.

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
const HOSTS: &[&str] = &["fbsbx.com", "fbcdn.net", "facebook.com", "cdninstagram.com", "instagram.com"];
/// Most addresses that lead on to another.
const MOST_HOPS: usize = 3;

/// Where a file can be fetched: its address is what the provider calls it.
pub(in crate::channels) fn locate(
    sender: &Sender,
    allowed: &AllowedUrls,
    id: &str,
) -> Result<RemoteFile, ChannelError> {
    let url = Url::parse(id).ok().filter(|url| is_of_provider(url, &sender.base_url, allowed, HOSTS));
    Ok(RemoteFile { url: url.ok_or_else(not_allowed)?, mime_type: None, size: None })
}

/// Begins to download a file.
pub(in crate::channels) async fn open(
    http: &reqwest::Client,
    sender: &Sender,
    allowed: &AllowedUrls,
    file: &RemoteFile,
) -> Result<reqwest::Response, ChannelError> {
    let mut at = file.url.clone();
    for _ in 0..=MOST_HOPS {
        // The address is the key: no token of ours goes with it.
        let response = http.get(at.clone()).send().await.map_err(not_asked)?;
        if response.status().is_success() {
            return Ok(response);
        }
        if !response.status().is_redirection() {
            return Err(refused(response).await);
        }
        let location = response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok());
        at = location
            .and_then(|location| at.join(location).ok())
            .filter(|url| is_of_provider(url, &sender.base_url, allowed, HOSTS))
            .ok_or_else(not_allowed)?;
    }
    let title = "The file's address leads from place to place";
    Err(ChannelError::new(Action::Transient, "answer_unreadable", title))
}

async fn refused(response: reqwest::Response) -> ChannelError {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = http_client::read_limited(response).await.unwrap_or_default();
    let error = errors::classify(status, &headers, &body, Utc::now());
    let gone = matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
    );
    if gone {
        // An address that no longer opens stays so, and says nothing about our token.
        let title = "The file's address no longer opens";
        return ChannelError { action: Action::Content, code: "not_found", title: title.into(), ..error };
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_provider_s_places_are_gone_to() {
        let base = Url::parse("https://graph.facebook.com/v24.0").unwrap();
        let none = AllowedUrls::default();
        for (url, expected) in [
            ("https://scontent.xx.fbcdn.net/v/a.jpg?oh=1", true),
            ("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1", true),
            ("https://scontent.cdninstagram.com/a", true),
            ("http://scontent.xx.fbcdn.net/a", false),
            ("https://evilfbcdn.net/a", false),
            ("https://169.254.169.254/latest", false),
            ("http://127.0.0.1/a", false),
        ] {
            assert_eq!(is_of_provider(&Url::parse(url).unwrap(), &base, &none, HOSTS), expected, "{url}");
        }
    }
}
