//! The statements of the message pipeline: set-based, one for each table and verb, sent in pipelined round trips.
//!
//! A step of the pipeline locks its lanes and loads what it needs (`load`), decides in Rust, collects what is to be
//! written in `Changes`, and commits it all in one round trip.

mod amendments;
mod changes;
pub mod channel_events;
pub mod contacts;
pub mod events;
pub mod load;
pub mod media;
mod merged;
pub mod placements;
pub mod provider_ids;
pub mod rows;
pub mod touches;
pub mod watermarks;
pub mod wishes;
pub mod work;

pub use amendments::{Move, ReactionTarget};
pub use changes::Changes;

/// For transactions whose groups are large: their joins are bounded by arrays of keys on one side and the group on the
/// other, and comparing each with each would take longer than all the rest.
pub const HASH_JOINS: &str = "SELECT set_config('enable_hashjoin', 'on', true)";
