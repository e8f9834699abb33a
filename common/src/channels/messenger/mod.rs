//! Messenger: messages to a Facebook page.

pub mod account;
pub mod capabilities;

use super::meta::pages::{Dialect, Files, SendsAs, TextLimit};

const MEGABYTE: u64 = 1 << 20;

/// Its files: any of a kind, as the provider's documents name none.
const FILES: Files = Files { types: &[], picture: 8 * MEGABYTE, other: 25 * MEGABYTE };

/// How it differs from Instagram.
pub(super) const DIALECT: Dialect = Dialect {
    name: "Messenger",
    object: "page",
    metadata: true,
    templates: true,
    text: TextLimit::Characters(2000),
    files: &FILES,
    sends_as: SendsAs::Resource,
};
