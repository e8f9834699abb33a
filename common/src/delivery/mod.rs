//! How a message ends, and what evidence makes of attempts: the rules that api and workers share.
//!
//! Everything here runs under the lane's lock, changes rows in memory, and notes what is to be written in `Changes`.

mod evidence;
mod leave;
mod reactions;
mod settle;

pub use evidence::{Evidence, apply_status};
pub use leave::{Leave, put_in_line, release, replace, set_aside};
pub(crate) use reactions::SentReaction;
pub use reactions::{react, reaction_of, show_parked, show_sent};
pub use settle::{End, failure, settle, settle_erased, window_closed};
