//! What the provider says of a page or account that may send: whether it tells us anything.

use super::node::Question;
use super::{Dialect, send};
use crate::channels::{ChannelError, Sender};

/// Asks whether the webhooks of a page or account go anywhere; that its token is good is asked before.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub(in crate::channels) async fn check(
    dialect: &Dialect,
    http: &reqwest::Client,
    sender: &Sender,
) -> Result<Vec<&'static str>, ChannelError> {
    let question = Question { http, base_url: &sender.base_url, token: &sender.access_token };
    match question.is_subscribed(send::node(dialect, sender)).await {
        Ok(true) => Ok(Vec::new()),
        Ok(false) => Ok(vec!["webhook_unverified"]),
        // A token may send and not manage: then nobody knows, which is nothing against the page.
        Err(error) if error.action.closes_gate() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
