//! Catches email: an SMTP server that delivers nothing and keeps everything, to be read at `/mail/page`.

mod caught;
mod faults;
mod session;
mod smtp;

pub use caught::{Caught, Incoming};
pub use faults::{MailFault, MailFaults, MailRule};
pub use smtp::serve;
