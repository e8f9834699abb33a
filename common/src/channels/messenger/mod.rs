//! Messenger: messages to a Facebook page.

pub mod account;
pub mod capabilities;

use super::meta::pages::{Dialect, SendsAs};

/// How it differs from Instagram.
pub(super) static DIALECT: Dialect = Dialect {
    name: "Messenger",
    object: "page",
    metadata: true,
    table: &capabilities::CAPABILITIES,
    sends_as: SendsAs::Resource,
};
