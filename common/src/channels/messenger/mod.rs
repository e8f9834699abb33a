//! Messenger: messages to a Facebook page.

pub mod account;

use super::meta::pages::{Dialect, Files, SendsAs, TextLimit};

/// Content types that can be sent, in the order in which clients are told.
pub const CONTENT_TYPES: &[&str] =
    &["text", "image", "video", "audio", "document", "reaction", "template", "interactive"];

/// Those of them that pass a closed reply window: what the provider has approved before.
pub const CLOSED_WINDOW_TYPES: &[&str] = &["template"];

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
