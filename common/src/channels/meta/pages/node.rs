//! The page or account that a token is for, and its subscription to webhooks.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use super::errors;
use crate::channels::calls::{address, ask};
use crate::channels::{Action, ChannelError};
use crate::config::Secret;

/// What is asked, and with which token.
#[derive(Clone, Copy)]
pub(in crate::channels) struct Question<'a> {
    pub http: &'a reqwest::Client,
    pub base_url: &'a Url,
    pub token: &'a Secret,
}

#[derive(Deserialize)]
struct Apps {
    data: Vec<serde_json::Value>,
}

impl Question<'_> {
    /// Whoever the token is for.
    pub(in crate::channels) async fn me<T: DeserializeOwned>(self, fields: &str) -> Result<T, ChannelError> {
        let url = address(self.base_url, &["me"]);
        let request = self.http.get(url).query(&[("fields", fields)]).bearer_auth(self.token.expose());
        ask(request, &errors::protocol(|_| None)).await.map_err(errors::of_node)
    }

    /// Whether any webhooks are sent to the app, and through it to us.
    pub(in crate::channels) async fn is_subscribed(self, node: &str) -> Result<bool, ChannelError> {
        let url = address(self.base_url, &[node, "subscribed_apps"]);
        let request = self.http.get(url).bearer_auth(self.token.expose());
        let apps: Apps = ask(request, &errors::protocol(|_| None)).await.map_err(errors::of_node)?;
        Ok(!apps.data.is_empty())
    }

    /// Has the webhooks of these fields sent to the app. May be repeated.
    pub(in crate::channels) async fn subscribe(
        self,
        node: &str,
        fields: &[&str],
    ) -> Result<(), ChannelError> {
        let url = address(self.base_url, &[node, "subscribed_apps"]);
        let body = json!({ "subscribed_fields": fields.join(",") });
        let request = self.http.post(url).bearer_auth(self.token.expose()).json(&body);
        let answer: serde_json::Value =
            ask(request, &errors::protocol(|_| None)).await.map_err(errors::of_node)?;
        if answer["success"] == true {
            return Ok(());
        }
        let title = "The provider did not subscribe the app";
        Err(ChannelError::new(Action::Transient, "answer_unreadable", title))
    }
}

/// That a token is for the page or account asked about.
pub(in crate::channels) fn same(answered: Option<&str>, asked: &str) -> Result<(), ChannelError> {
    if answered == Some(asked) {
        return Ok(());
    }
    let title = "The token is for another page or account";
    Err(ChannelError::new(Action::Account, "number_missing", title))
}
