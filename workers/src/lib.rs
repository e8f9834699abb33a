//! Everything asynchronous, a folder and a binary for each duty.
//!
//! | binary | takes | writes |
//! | --- | --- | --- |
//! | `outbound` | pointers to lanes | attempts, message statuses, lanes |
//! | `inbound` | pointers to channel events, the fallback queue | contacts, conversations, messages, statuses |
//! | `notifications` | the event log, emails that are due | emails to assignees, and what became of them |
//! | `inbound` (`media`) | pointers to contacts' files | files, and messages that now have them |
//! | `webhooks` | the event log, pointers to customers' endpoints | postings, and what became of them |
//! | `relay` | what is due in PostgreSQL | admitted lanes, numbered events, dead letters |

pub mod inbound;
pub mod media;
pub mod notifications;
pub mod outbound;
pub mod process;
pub mod relay;
mod senders;
pub mod webhooks;
