//! A running api with its own database, queues and provider.

mod answer;
mod app;
mod hooked;
mod host_product;
mod receiver;
mod visit;
mod whole;

pub use answer::{Answer, Call};
pub use app::{Options, TestApp};
pub use hooked::Hooked;
pub use host_product::HostKey;
pub use receiver::{Received, Receiver, Reply};
pub use visit::{all_permissions, link_token};
pub use whole::{SOON, Whole};
