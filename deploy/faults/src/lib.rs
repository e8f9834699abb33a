//! A whole Switchboard for one test: a private database, private queues, the sandbox, and the real processes, which can be
//! killed, frozen and restarted.

mod audit;
mod client;
mod conversations;
mod desk;
mod events;
mod load;
mod metrics;
mod port;
mod process;
mod proxy;
mod servers;
mod system;
mod webhook;

pub use audit::{Acceptance, assert_once_and_in_order};
pub use client::Client;
pub use desk::{Desk, Told};
pub use events::EventReader;
pub use load::{Load, Sent};
pub use port::Port;
pub use process::Process;
pub use proxy::Proxy;
pub use servers::Server;
pub use system::{Options, System};
pub use webhook::{Webhook, sign};

/// Enough for anything that waits for nothing but work, on a machine that is busy with other things. A condition that holds ends
/// the wait at once.
pub const SOON: std::time::Duration = std::time::Duration::from_secs(60);
