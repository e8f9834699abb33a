//! Fetches files that contacts sent: from the address that came with the message, and from where that leads.

use chrono::Utc;
use http::StatusCode;
use url::Url;

use super::{authorized, errors};
use crate::channels::calls::not_asked;
use crate::channels::file_places::{is_of_provider, not_allowed};
use crate::channels::{Action, ChannelError, RemoteFile, Sender};
use crate::config::AllowedUrls;
use crate::http_client;

/// The provider's own hosts: our password goes to no other.
const HOSTS: &[&str] = &["twilio.com"];
/// Where they lead to: stores of the provider that want no password.
const STORES: &[&str] = &["twilio.com", "twiliocdn.com", "amazonaws.com"];
/// Most addresses that lead on to another.
const MOST_HOPS: usize = 3;

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
/// The provider's refusal, why it could not be asked, or that it leads to a place which is not its own.
pub async fn open(
    http: &reqwest::Client,
    sender: &Sender,
    allowed: &AllowedUrls,
    file: &RemoteFile,
) -> Result<reqwest::Response, ChannelError> {
    let mut request = authorized(http.get(file.url.clone()), sender);
    let mut at = file.url.clone();
    for _ in 0..=MOST_HOPS {
        let response = request.send().await.map_err(not_asked)?;
        if response.status().is_success() {
            return Ok(response);
        }
        if !response.status().is_redirection() {
            return Err(refused(response).await);
        }
        let location = response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok());
        at = location
            .and_then(|location| at.join(location).ok())
            .filter(|url| is_of_provider(url, &sender.base_url, allowed, STORES))
            .ok_or_else(not_allowed)?;
        // The address itself opens the store; our password stays where it belongs.
        request = http.get(at.clone());
    }
    let title = "The file's address leads from place to place";
    Err(ChannelError::new(Action::Transient, "answer_unreadable", title))
}

async fn refused(response: reqwest::Response) -> ChannelError {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = http_client::read_limited(response).await.unwrap_or_default();
    let error = errors::classify(status, &headers, &body, Utc::now());
    match status {
        // Here it is the file that is not there, and not the account.
        StatusCode::NOT_FOUND => ChannelError {
            action: Action::Content,
            code: "not_found",
            title: "The file is not there".into(),
            ..error
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_provider_s_places_are_gone_to() {
        let base = Url::parse("https://api.twilio.com").unwrap();
        let proxy = Url::parse("http://10.0.0.5:8090").unwrap();
        let none = AllowedUrls::default();
        for (url, base, domains, expected) in [
            ("https://api.twilio.com/2010-04-01/a", &base, HOSTS, true),
            ("https://media.twiliocdn.com/a", &base, HOSTS, false),
            ("https://media.twiliocdn.com/a", &base, STORES, true),
            ("https://s3-external-1.amazonaws.com/a", &base, STORES, true),
            ("http://api.twilio.com/a", &base, HOSTS, false),
            ("https://eviltwilio.com/a", &base, STORES, false),
            ("https://169.254.169.254/latest", &base, STORES, false),
            ("http://127.0.0.1/a", &base, STORES, false),
            ("http://10.0.0.5:8090/a", &proxy, HOSTS, true),
        ] {
            assert_eq!(is_of_provider(&Url::parse(url).unwrap(), base, &none, domains), expected, "{url}");
        }
    }
}
