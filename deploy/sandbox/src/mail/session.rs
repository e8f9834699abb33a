//! One SMTP session: which command may come when, and what each is answered.

use base64::Engine as _;
use smtp_proto::{
    AUTH_PLAIN, EXT_8BIT_MIME, EXT_AUTH, EXT_ENHANCED_STATUS_CODES, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8,
    EhloResponse, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, Request,
};
use tokio::time::sleep;

use super::{Incoming, MailFault};
use crate::sandbox::Sandbox;

/// Bytes of an email.
const LARGEST: usize = 10 << 20;
/// The password that is never right.
const WRONG: &str = "wrong";

/// What to do after a command.
pub(super) enum Next {
    /// Answer this.
    Reply(String),
    /// Let the email come.
    Data,
    /// Part.
    Quit,
}

/// One client's session.
pub(super) struct Session<'a> {
    sandbox: &'a Sandbox,
    greeted: bool,
    user: Option<String>,
    /// The email being handed over, from MAIL on.
    email: Option<Incoming>,
    hold: MailFault,
}

fn reply(line: impl std::fmt::Display) -> Next {
    Next::Reply(format!("{line}\r\n"))
}

impl<'a> Session<'a> {
    pub(super) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, greeted: false, user: None, email: None, hold: MailFault::default() }
    }

    /// Where the email's content goes.
    pub(super) fn content(&mut self) -> &mut Vec<u8> {
        &mut self.email.get_or_insert_default().raw
    }

    /// Whether more came than is taken.
    pub(super) fn is_too_large(&self) -> bool {
        self.email.as_ref().is_some_and(|email| email.raw.len() > LARGEST)
    }

    pub(super) async fn obey(&mut self, request: Request<String>) -> Next {
        match request {
            Request::Ehlo { .. } => {
                self.greet();
                Next::Reply(hello())
            }
            Request::Helo { .. } => {
                self.greet();
                reply("250 sandbox")
            }
            Request::Auth { mechanism, initial_response } => self.authenticate(mechanism, &initial_response),
            Request::Mail { .. } | Request::Rcpt { .. } | Request::Data if !self.greeted => {
                reply("503 5.5.1 say EHLO first")
            }
            Request::Mail { .. } if self.email.is_some() => reply("503 5.5.1 an email is being handed over"),
            Request::Mail { from } if from.size > LARGEST => reply("552 5.3.4 the email is too large"),
            Request::Mail { from } => {
                let (eight_bit, user) = (from.flags & MAIL_BODY_8BITMIME != 0, self.user.clone());
                if from.flags & MAIL_SMTPUTF8 == 0 && !from.address.is_ascii() {
                    return reply("553 5.6.7 the address needs SMTPUTF8");
                }
                self.email = Some(Incoming { from: from.address, eight_bit, user, ..Incoming::default() });
                reply("250 2.1.0 ok")
            }
            Request::Rcpt { to } => self.recipient(to.address).await,
            Request::Data => match &self.email {
                Some(email) if !email.to.is_empty() => Next::Data,
                _ => reply("503 5.5.1 no recipient was accepted"),
            },
            Request::Rset => {
                (self.email, self.hold) = (None, MailFault::default());
                reply("250 2.0.0 forgotten")
            }
            Request::Noop { .. } => reply("250 2.0.0 ok"),
            Request::Vrfy { .. } => reply("252 2.1.5 try and see"),
            Request::Quit => Next::Quit,
            other => reply(format_args!("502 5.5.1 {} is not played", other.name())),
        }
    }

    fn greet(&mut self) {
        (self.greeted, self.email, self.hold) = (true, None, MailFault::default());
    }

    /// Any user and password will do, but for the one that is never right.
    fn authenticate(&mut self, mechanism: u64, response: &str) -> Next {
        if !self.greeted || self.user.is_some() || self.email.is_some() {
            return reply("503 5.5.1 not now");
        }
        if mechanism != AUTH_PLAIN || response.is_empty() {
            return reply("504 5.5.4 only PLAIN with its response in the same line");
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(response).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let parts: Vec<&str> = decoded.as_deref().map(|text| text.split('\0').collect()).unwrap_or_default();
        match parts[..] {
            [_, user, password] if !user.is_empty() && !password.is_empty() && password != WRONG => {
                self.user = Some(user.to_owned());
                reply("235 2.7.0 welcome")
            }
            [_, _, _] => reply("535 5.7.8 wrong user or password"),
            _ => reply("501 5.5.2 not a PLAIN response"),
        }
    }

    async fn recipient(&mut self, address: String) -> Next {
        let Some(email) = &mut self.email else { return reply("503 5.5.1 say MAIL first") };
        let fault = self.sandbox.mail.faults.pick(&address).unwrap_or_default();
        sleep(fault.delay()).await;
        if let Some(refusal) = &fault.refuse {
            let code = refusal.code;
            let text = refusal
                .text
                .clone()
                .unwrap_or_else(|| format!("{}.1.1 <{address}>: refused on request", code / 100));
            return reply(format_args!("{code} {text}"));
        }
        email.to.push(address);
        if fault.hold_ms.is_some() {
            self.hold = fault;
        }
        reply("250 2.1.5 ok")
    }

    /// The email has come whole: keeps it, and answers when it is time to.
    pub(super) async fn complete(&mut self) -> Next {
        let email = self.email.take().unwrap_or_default();
        let hold = std::mem::take(&mut self.hold);
        let clock = &self.sandbox.clock;
        match self.sandbox.mail.keep(&email, &clock.rfc3339(clock.now())) {
            Ok(n) => {
                self.sandbox.changes.tell();
                sleep(hold.hold()).await;
                reply(format_args!("250 2.0.0 kept as {n}"))
            }
            Err(fault) => reply(format_args!("554 5.6.0 the email {fault}")),
        }
    }
}

fn hello() -> String {
    let mut hello = EhloResponse::new("sandbox");
    hello.capabilities =
        EXT_8BIT_MIME | EXT_AUTH | EXT_ENHANCED_STATUS_CODES | EXT_PIPELINING | EXT_SIZE | EXT_SMTP_UTF8;
    hello.auth_mechanisms = AUTH_PLAIN;
    hello.size = LARGEST;
    let mut text = Vec::new();
    let _infallible = hello.write(&mut text);
    String::from_utf8(text).unwrap_or_default()
}
