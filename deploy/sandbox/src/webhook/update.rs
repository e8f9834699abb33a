//! One thing to tell the business.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use crate::account::Phone;
use crate::clock::Micros;
use crate::message::{Accepted, Inbound, Step};

/// One thing to tell the business, and since when it is true.
#[derive(Debug, Clone)]
pub struct Update {
    /// When it happens.
    pub at: Micros,
    /// What happens.
    pub event: Event,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Event {
    /// A message of the business gets further.
    Status {
        /// The message.
        message: Arc<Accepted>,
        /// How far.
        step: Step,
        /// The error code when `step` is `Failed`.
        code: u32,
    },
    /// A contact writes.
    Inbound(Arc<Inbound>),
}

impl Update {
    /// The phone number it concerns.
    pub fn phone(&self) -> &Arc<Phone> {
        match &self.event {
            Event::Status { message, .. } => &message.phone,
            Event::Inbound(message) => &message.phone,
        }
    }

    /// Identifies its chat within the account. Two chats that share a key merely wait for each other.
    pub fn chat_key(&self) -> u64 {
        let contact = match &self.event {
            Event::Status { message, .. } => &message.recipient,
            Event::Inbound(message) => &message.contact,
        };
        BuildHasherDefault::<DefaultHasher>::default().hash_one((&self.phone().id, contact))
    }

    /// It happens now, whether or not the business hears of it.
    pub fn take_effect(&self) {
        if let Event::Status { message, step, .. } = &self.event {
            message.progress.reach(*step);
        }
    }

    /// The business has heard of it.
    pub fn heard(&self) {
        if let Event::Inbound(message) = &self.event {
            message.progress.reach(Step::Delivered);
        }
    }
}
