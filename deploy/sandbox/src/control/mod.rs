//! What tests and people use to steer the sandbox and see what happened.

pub mod accounts;
pub mod contacts;
pub mod error;
pub mod faults;
pub mod held;
pub mod json;
pub mod ledger;
pub mod mail;
pub mod phone;
pub mod settings;
pub mod stats;
