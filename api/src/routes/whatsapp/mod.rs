//! WhatsApp business accounts: what the provider lists under them.

pub mod phone_numbers;
