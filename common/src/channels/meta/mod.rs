//! What Meta's channels share: the handshake and the signature of their webhooks, the Graph API's errors, and, in `pages`,
//! nearly all of Messenger and Instagram.

pub(in crate::channels) mod errors;
pub(in crate::channels) mod pages;
pub(in crate::channels) mod payloads;
pub mod verify;
pub(in crate::channels) mod words;
