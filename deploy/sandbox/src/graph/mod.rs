//! The provider's side of the Graph API, as far as the product uses it.

mod accept;
mod answer;
pub mod business_profile;
mod caller;
pub mod codes;
pub mod error;
mod links;
pub mod media;
pub mod message_templates;
pub mod messages;
pub mod node;
pub(crate) mod paging;
pub mod phone_numbers;
mod statuses;
pub mod subscribed_apps;
mod validate;
