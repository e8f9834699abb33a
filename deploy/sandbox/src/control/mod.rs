//! What tests and people use to steer the sandbox and see what happened.

pub mod accounts;
pub mod channels;
pub mod contacts;
pub mod error;
pub mod events;
pub mod faults;
pub mod files;
pub mod held;
pub mod json;
pub mod known_contacts;
pub mod ledger;
pub mod mail;
pub mod settings;
pub mod stats;
