//! WhatsApp Cloud API: the Graph API's messages and the webhooks that belong to them.

pub mod account;
pub(super) mod addresses;
mod bodies;
pub mod capabilities;
pub mod check;
mod codes;
pub mod errors;
pub mod files;
pub mod fit;
pub mod health;
pub mod parse;
mod payloads;
pub mod profile;
pub mod receipt;
pub mod receive;
pub mod send;

use super::calls::{Protocol, address, told};

/// How the Graph API speaks.
const PROTOCOL: Protocol =
    Protocol { classify: errors::classify, speaks: errors::speaks_graph, accepted: send::accepted };
