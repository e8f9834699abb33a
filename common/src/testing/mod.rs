//! Private databases and queue names for tests, on the real servers named by `DATABASE_URL` and `AMQP_URL`.

mod broker;
mod database;
mod factories;
mod leftovers;
mod wait;

pub use broker::TestBroker;
pub use database::TestDatabase;
pub use factories::{Workspace, master_key, workspace, workspace_signed_with};
pub use wait::eventually;
