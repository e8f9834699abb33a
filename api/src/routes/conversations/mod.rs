//! Conversations: all messages with one contact on one inbox.

pub mod archive;
pub mod assign;
pub mod assignable_users;
pub mod get;
pub mod list;
pub mod read;
pub mod reply;
pub mod unarchive;
pub mod unassign;

use common::db::conversations::change::Refused;
use common::problem::Problem;

/// What a client is told whose change was refused.
fn problem(refused: Refused) -> Problem {
    match refused {
        Refused::NoConversation => Problem::not_found("conversation"),
        Refused::NoUser => Problem::not_found("user"),
        Refused::Database(error) => error.into(),
    }
}
