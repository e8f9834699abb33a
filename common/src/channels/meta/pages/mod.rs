//! The one protocol of Messenger and Instagram: messages to a page or an Instagram account, and the webhooks that belong to them.
//! What differs between the two is in a [`Dialect`].

pub(in crate::channels) mod addresses;
mod bodies;
pub(in crate::channels) mod check;
mod codes;
pub(in crate::channels) mod errors;
pub(in crate::channels) mod files;
pub(in crate::channels) mod health;
pub(in crate::channels) mod limits;
pub(in crate::channels) mod node;
pub(in crate::channels) mod parse;
mod payloads;
mod reactions;
pub(in crate::channels) mod receipt;
pub(in crate::channels) mod receive;
pub(in crate::channels) mod send;

use crate::channels::Capabilities;

/// What differs between Messenger and Instagram.
pub(in crate::channels) struct Dialect {
    /// Its name, for people.
    pub name: &'static str,
    /// The `object` of its webhooks.
    pub object: &'static str,
    /// Whether what is sent may carry a word that comes back in its echo.
    pub metadata: bool,
    /// What it can carry.
    pub table: &'static Capabilities,
    /// Who sends: the resource itself, or whoever the token is for.
    pub sends_as: SendsAs,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::channels) enum SendsAs {
    /// The resource, by its id.
    Resource,
    /// Whoever the token is for: a page that an account is linked with, or the account itself.
    Me,
}
