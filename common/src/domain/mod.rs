//! The nouns of the product: types and legal transitions, no I/O.

pub mod contact;
pub mod content;
pub mod event;
pub mod ids;
pub mod lane;
pub mod message;
pub mod origins;
pub mod permissions;
pub mod postponed;
pub mod principal;
pub mod reach;
pub mod search;
pub mod team;
pub mod view;
pub mod viewer;
