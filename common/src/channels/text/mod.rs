//! Texts, SMS and MMS, by the Twilio-compatible messages API and the form webhooks that belong to it.

pub mod account;
pub mod addresses;
mod bodies;
pub mod capabilities;
pub mod check;
mod codes;
pub mod errors;
pub mod files;
mod form;
pub mod parse;
mod payloads;
pub mod receive;
pub mod segments;
pub mod send;
pub mod verify;
mod words;

use super::calls::{Protocol, address};
use crate::channels::Sender;

/// The version of the API, which is part of every address.
const VERSION: &str = "2010-04-01";
/// The parameters of a status callback's address by which it leads back: the attempt, and the resource that sent.
const ATTEMPT: &str = "attempt";
const RESOURCE: &str = "sender";

/// How the API speaks.
const PROTOCOL: Protocol =
    Protocol { classify: errors::classify, speaks: errors::speaks_api, accepted: send::accepted };

/// Adds who calls, and with which password.
fn authorized(request: reqwest::RequestBuilder, sender: &Sender) -> reqwest::RequestBuilder {
    request.basic_auth(sender.user.as_deref().unwrap_or(&sender.account), Some(sender.access_token.expose()))
}
