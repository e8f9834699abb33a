//! Instagram messaging: messages to a professional account, through the page that it is linked with or by its own login.

pub mod account;
pub mod capabilities;

use super::meta::pages::{Dialect, SendsAs};

/// How it differs from Messenger.
pub(super) static DIALECT: Dialect = Dialect {
    name: "Instagram",
    object: "instagram",
    metadata: false,
    table: &capabilities::CAPABILITIES,
    sends_as: SendsAs::Me,
};
