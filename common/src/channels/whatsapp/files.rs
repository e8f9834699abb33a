//! Fetches files that contacts sent: looks the address up, which opens for five minutes, then asks for the bytes.

use chrono::Utc;
use serde::Deserialize;
use url::Url;

use super::account::get;
use super::{address, errors};
use crate::channels::calls::not_asked;
use crate::channels::file_places::{is_of_provider, not_allowed};
use crate::channels::{Action, ChannelError, RemoteFile, Sender};
use crate::config::AllowedUrls;
use crate::http_client;

/// The provider's own hosts that files come from; our token goes to no other.
const HOSTS: &[&str] = &["fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net"];

#[derive(Deserialize)]
struct Answer {
    url: Option<String>,
    mime_type: Option<String>,
    file_size: Option<serde_json::Value>,
}

/// Where a file can be fetched now.
///
/// # Errors
/// The provider's refusal, why it could not be asked, or that it names a place which is not its own.
pub async fn locate(
    http: &reqwest::Client,
    sender: &Sender,
    allowed: &AllowedUrls,
    id: &str,
) -> Result<RemoteFile, ChannelError> {
    let url = address(&sender.base_url, &[id]);
    let query = [("phone_number_id", sender.external_id.as_str())];
    let answer: Answer = get(http, url, &query, &sender.access_token).await.map_err(|error| {
        // What the table of codes takes for the number itself: here it is the file that is not there.
        let is_file = error.code == "number_missing";
        if is_file { ChannelError { action: Action::Content, code: "not_found", ..error } } else { error }
    })?;
    let url = answer.url.as_deref().and_then(|url| Url::parse(url).ok()).ok_or_else(|| {
        ChannelError::new(Action::Transient, "answer_unreadable", "The provider's answer names no address")
    })?;
    if !is_of_provider(&url, &sender.base_url, allowed, HOSTS) {
        return Err(not_allowed());
    }
    // Some versions write the number as a text.
    let size = answer.file_size.and_then(|size| match size {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    });
    Ok(RemoteFile { url, mime_type: answer.mime_type, size })
}

/// Begins to download a file.
///
/// # Errors
/// The provider's refusal, or why it could not be asked; 404 means that the address no longer opens.
pub async fn open(
    http: &reqwest::Client,
    sender: &Sender,
    file: &RemoteFile,
) -> Result<reqwest::Response, ChannelError> {
    let sent = http.get(file.url.clone()).bearer_auth(sender.access_token.expose()).send().await;
    let response = sent.map_err(not_asked)?;
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_success() {
        return Ok(response);
    }
    let body = http_client::read_limited(response).await.unwrap_or_default();
    let mut error = errors::classify(status, &headers, &body, Utc::now());
    if !errors::speaks_graph(&body) && error.action != Action::Auth {
        // A bare 404 is an address that no longer opens, and says nothing about the file.
        error.action = Action::Transient;
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_token_goes_to_the_provider_only() {
        let base = Url::parse("https://graph.facebook.com/v24.0").unwrap();
        let proxy = Url::parse("http://10.0.0.5:8090/v24.0").unwrap();
        let loopback = AllowedUrls::parse(&["loopback".into()]).unwrap();
        let none = AllowedUrls::default();
        for (url, base, allowed, expected) in [
            ("https://lookaside.fbsbx.com/whatsapp/1?x=2", &base, &none, true),
            ("https://mmg.whatsapp.net/a", &base, &none, true),
            ("https://graph.facebook.com/a", &base, &none, true),
            ("http://lookaside.fbsbx.com/a", &base, &none, false),
            ("https://evilfbsbx.com/a", &base, &none, false),
            ("https://fbsbx.com.evil.example/a", &base, &none, false),
            ("https://169.254.169.254/latest", &base, &none, false),
            ("http://127.0.0.1:80/a", &base, &none, false),
            ("http://127.0.0.1:80/a", &base, &loopback, true),
            ("http://10.0.0.5:8090/media/1", &proxy, &none, true),
            ("http://10.0.0.5:8091/media/1", &proxy, &none, false),
            ("file:///etc/passwd", &base, &loopback, false),
        ] {
            assert_eq!(is_of_provider(&Url::parse(url).unwrap(), base, allowed, HOSTS), expected, "{url}");
        }
    }
}
