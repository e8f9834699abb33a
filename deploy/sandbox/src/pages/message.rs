//! A message of a page's conversation, of either side.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::page::Platform;
use crate::clock::Micros;
use crate::media::Medium;
use crate::message::Progress;

/// Something that either side sent.
#[derive(Debug)]
pub struct Message {
    /// Place in the ledger; 0 for what the business did not send by the API.
    pub n: u64,
    /// Place among all messages.
    pub sequence: u64,
    /// Whose conversation it is in.
    pub page: Box<str>,
    /// On Messenger or on Instagram.
    pub platform: Platform,
    /// With which contact.
    pub contact: Box<str>,
    /// Whether the contact sent it.
    pub inbound: bool,
    /// Its id.
    pub mid: Box<str>,
    /// What the business called it by.
    pub correlation: Option<Box<str>>,
    /// What was sent, or what a webhook tells of it.
    pub body: Value,
    /// The same, as it came.
    pub raw: Box<[u8]>,
    /// When.
    pub at: Micros,
    /// How far it has come.
    pub progress: Progress,
    /// Its linked file, once it has been fetched.
    pub fetched: OnceLock<Arc<Medium>>,
}

/// A new id.
pub fn mint(platform: Platform) -> String {
    let random = (rand::random::<u128>(), rand::random::<u128>());
    match platform {
        Platform::Messenger => format!("m_{:032x}{:032x}", random.0, random.1),
        Platform::Instagram => format!("aWdfZAG1faXRlbToxOk{:032x}{:032x}", random.0, random.1),
    }
}
