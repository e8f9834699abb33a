//! RCS, by Google's RCS for Business (RBM) API and the webhooks that belong to it.

pub mod account;
pub(super) mod addresses;
mod bodies;
pub mod capabilities;
pub mod check;
pub mod errors;
pub mod files;
pub mod parse;
mod payloads;
pub mod receipt;
pub mod receive;
pub mod send;
pub mod service_account;
pub mod tokens;
pub mod verify;

use url::Url;

use super::calls::{Protocol, address};
use crate::channels::Sender;

/// The version of the API, which is part of every address.
const VERSION: &str = "v1";

/// How the API speaks.
const PROTOCOL: Protocol =
    Protocol { classify: errors::classify, speaks: errors::speaks_api, accepted: send::accepted };

/// The address of something of a contact's phone, asked for by an agent.
fn of_phone(sender: &Sender, contact: &str, what: &str) -> Url {
    let number = addresses::of_provider(contact);
    let mut url = address(&sender.base_url, &[VERSION, "phones", &number, what]);
    url.query_pairs_mut().append_pair("agentId", &sender.external_id);
    url
}
