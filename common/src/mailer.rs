//! Sends email by SMTP, and tells a refusal of one email from trouble that passes or that the operator can mend.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::Mail;
use crate::http_client::install_crypto;

/// The way to the mail server; cheap to clone.
///
/// Each email has a connection of its own. A shared one that was given up midway would take the late answer to one email for
/// the answer to the next, and an email that was refused would count as sent.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

/// Why an email was not taken. Shown, it holds neither addresses nor the server's words, which quote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether the server refused this very email for good; anything else may pass.
    pub permanent: bool,
    /// The server's reply code, if it replied.
    pub code: Option<u16>,
    /// Everything, for the row: the server's words may quote addresses.
    pub detail: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "the mail server answered {code}"),
            None => {
                f.write_str("the mail server cannot be reached, does not answer, or is not what it should be")
            }
        }
    }
}

/// Replies about us and not about an email: authentication required, too weak, failed, or without encryption.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];
/// Most characters kept of what a server says.
const DETAIL_LIMIT: usize = 400;

impl Mailer {
    /// Each send ends within `timeout`; nothing is connected before.
    ///
    /// # Errors
    /// When the system's certificate store cannot be read, or the address is not one that the configuration lets through.
    pub fn new(mail: &Mail, timeout: Duration) -> anyhow::Result<Self> {
        install_crypto();
        // The error would quote the address, which may hold a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(mail.smtp_url.expose())
            .map_err(|_| anyhow::anyhow!("SWITCHBOARD_SMTP_URL cannot be used"))?;
        // The library's own time-out ends connecting alone; `send` and `test` have one over it all.
        Ok(Self { transport: builder.timeout(Some(timeout)).build(), timeout })
    }

    /// Hands an email to the server.
    ///
    /// # Errors
    /// When it was not taken, or nobody knows because the answer is missing.
    pub async fn send(&self, message: Message) -> Result<(), Failure> {
        let sent = tokio::time::timeout(self.timeout, self.transport.send(message)).await;
        sent.map_or_else(|_| Err(no_answer()), |answer| answer.map(|_| ()).map_err(|error| failure(&error)))
    }

    /// Connects and authenticates, and sends nothing.
    ///
    /// # Errors
    /// When the server cannot be reached or does not let us in.
    pub async fn test(&self) -> Result<(), Failure> {
        let tested = tokio::time::timeout(self.timeout, self.transport.test_connection()).await;
        match tested {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(no_answer()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(no_answer()),
        }
    }
}

fn no_answer() -> Failure {
    Failure { permanent: false, code: None, detail: "no answer in time".into() }
}

fn failure(error: &Error) -> Failure {
    let code = error.status().map(u16::from);
    let permanent = error.is_permanent() && code.is_some_and(|code| !ABOUT_US.contains(&code));
    let mut detail = error.to_string();
    if let Some(source) = error.source().map(ToString::to_string).filter(|source| !detail.contains(source)) {
        detail.push_str(": ");
        detail.push_str(&source);
    }
    Failure { permanent, code, detail: detail.chars().take(DETAIL_LIMIT).collect() }
}
