//! RabbitMQ: what is declared, what travels, and the supervised connections that carry it.
//!
//! lapin's own recovery is off: a supervisor of ours rebuilds connection, channel, QoS and consumer on any error, stream
//! end or confirm time-out, without limit and with jitter.

mod connect;
mod consumer;
pub mod inspect;
mod publisher;
mod task;
mod topology;
mod version;

pub use consumer::{Consumer, Outcome};
pub use publisher::{PublishError, Publisher};
pub use task::{LanePointer, Task, Undecodable};
pub use topology::{Route, Topology};
