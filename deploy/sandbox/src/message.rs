//! The two kinds of message a chat holds, and how far each has come.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::account::Phone;
use crate::clock::Micros;
use crate::media::Medium;

/// A message of the business that the sandbox accepted.
#[derive(Debug)]
pub struct Accepted {
    /// Place in the ledger.
    pub n: u64,
    /// Place among all messages, of both directions.
    pub sequence: u64,
    /// The phone number it was sent from.
    pub phone: Arc<Phone>,
    /// The contact, as digits or user id.
    pub recipient: Box<str>,
    /// The user id that the recipient has besides its number, if it told it.
    pub user_id: Option<Box<str>>,
    /// The id answered to the business.
    pub provider_id: Box<str>,
    /// The business's own reference (`biz_opaque_callback_data`).
    pub correlation: Option<Box<str>>,
    /// Whether its statuses echo that reference.
    pub echoes: bool,
    /// Pricing category of the conversation.
    pub category: Category,
    /// The request body as it came.
    pub body: Box<[u8]>,
    /// When it was accepted.
    pub at: Micros,
    /// How far it has come.
    pub progress: Progress,
    /// Its linked file, once it has been fetched.
    pub fetched: OnceLock<Arc<Medium>>,
}

/// A message that a contact wrote, or the business from its own phone.
#[derive(Debug)]
pub struct Inbound {
    /// Who wrote it.
    pub author: Author,
    /// Place among all messages, of both directions.
    pub sequence: u64,
    /// The phone number it was written to.
    pub phone: Arc<Phone>,
    /// The contact, as digits or user id.
    pub contact: Box<str>,
    /// The contact's profile name.
    pub name: Box<str>,
    /// The user id that the contact has besides its number.
    pub user_id: Option<Box<str>>,
    /// Its id.
    pub id: Box<str>,
    /// The message as webhooks carry it.
    pub message: Map<String, Value>,
    /// When it was written.
    pub at: Micros,
    /// How far it has come.
    pub progress: Progress,
}

/// Who wrote a message that the business did not send through the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The contact.
    Contact,
    /// The provider, about the contact; such messages come without the contact's profile.
    Provider,
    /// The business, from the app on its phone: it hears of it as an echo.
    Business,
}

/// What a message is priced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// A free-form message in the customer-service window.
    Service,
    /// A template of this category.
    Marketing,
    /// A template of this category.
    Utility,
    /// A template of this category.
    Authentication,
}

impl Category {
    /// The provider's word in `pricing.category`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
        }
    }
}

/// A step of a message towards its reader, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Taken in by the provider.
    Accepted,
    /// Left the provider; for a contact's message, on its way to the business.
    Sent,
    /// Reached the other side.
    Delivered,
    /// Read there.
    Read,
    /// Will not arrive.
    Failed,
}

impl Step {
    const ALL: [Self; 5] = [Self::Accepted, Self::Sent, Self::Delivered, Self::Read, Self::Failed];

    /// The provider's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// The furthest step a message has reached; it never goes back.
#[derive(Debug)]
pub struct Progress(AtomicU8);

impl Progress {
    /// Progress that starts at `step`.
    pub fn at(step: Step) -> Self {
        Self(AtomicU8::new(step as u8))
    }

    /// Moves forward to `step`; says whether that was a move.
    pub fn reach(&self, step: Step) -> bool {
        self.0.fetch_max(step as u8, Ordering::Relaxed) < step as u8
    }

    /// The furthest step.
    pub fn get(&self) -> Step {
        Step::ALL[usize::from(self.0.load(Ordering::Relaxed))]
    }
}
