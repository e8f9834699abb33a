//! How people are told what concerns them: the mail server, the sender, the link, and how long a burst is collected.

use std::time::Duration;

use lettre::message::Mailbox;
use url::Url;

use super::channels::is_loopback;
use super::{Reader, Secret};

/// What the notification worker needs.
#[derive(Debug, Clone)]
pub struct Notifications {
    /// How to send email; none means that nobody is told by email.
    pub mail: Option<Mail>,
    /// How long the first message of a burst waits for those that follow.
    pub delay: Duration,
}

/// How emails are sent, and what they lead to.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `smtp://…` or `smtps://…`; may hold a password.
    pub smtp_url: Secret,
    /// Whom they come from.
    pub from: Mailbox,
    /// The address of a conversation, for people, with `{conversationId}` in the place of its id.
    pub conversation_url: String,
}

/// What stands for the id in the address of a conversation; where braces mean something else, they may be encoded.
const PLACE: &str = "{conversationId}";
const ENCODED: &str = "%7BconversationId%7D";

impl Mail {
    /// Where people open a conversation.
    pub fn link(&self, conversation: &str) -> String {
        self.conversation_url.replace(PLACE, conversation)
    }
}

impl Notifications {
    /// Reads this section alone, for tools that need nothing else.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let delay =
            Duration::from_secs(reader.number("SWITCHBOARD_NOTIFICATION_DELAY_SECONDS", 60, (0, 3600)));
        let url = reader.get("SWITCHBOARD_SMTP_URL");
        if let Some(Err(fault)) = url.as_deref().map(check_smtp_url) {
            reader.fault(format!("SWITCHBOARD_SMTP_URL {fault}"));
        }
        let from = reader.get("SWITCHBOARD_MAIL_FROM");
        let template = reader.get("SWITCHBOARD_CONVERSATION_URL").map(|text| text.replace(ENCODED, PLACE));
        let Some(url) = url else {
            from.as_deref().and_then(|text| mailbox(reader, text));
            template.as_deref().inspect(|text| check_template(reader, text));
            return Self { mail: None, delay };
        };
        let from = reader.needed(
            "SWITCHBOARD_MAIL_FROM",
            from,
            "whom emails come from, such as Inbox <inbox@example.com>",
        );
        let template = reader.needed(
            "SWITCHBOARD_CONVERSATION_URL",
            template,
            "where people open a conversation, such as https://app.example.com/inbox/{conversationId}",
        );
        let from = from.and_then(|text| mailbox(reader, &text));
        let template = template.inspect(|text| check_template(reader, text));
        let mail = from.zip(template).map(|(from, conversation_url)| Mail {
            smtp_url: Secret::new(url),
            from,
            conversation_url,
        });
        Self { mail, delay }
    }
}

impl Reader<'_> {
    /// A value that SMTP needs; a fault if absent.
    fn needed(&mut self, name: &str, value: Option<String>, what: &str) -> Option<String> {
        if value.is_none() {
            self.fault(format!("{name} is not set, which SWITCHBOARD_SMTP_URL needs: {what}"));
        }
        value
    }
}

fn mailbox(reader: &mut Reader<'_>, text: &str) -> Option<Mailbox> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        reader.fault("SWITCHBOARD_MAIL_FROM is not valid: expected an address, or Name <address>");
    }
    parsed
}

fn check_template(reader: &mut Reader<'_>, text: &str) {
    let example = Url::parse(&text.replace(PLACE, "cnv_0")).ok();
    let usable = example.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !usable || !text.contains(PLACE) {
        reader.fault(format!(
            "SWITCHBOARD_CONVERSATION_URL is not valid: expected an http or https address with {PLACE} in it"
        ));
    }
}

/// TLS is asked for or not, never tried: and no password goes out without it.
fn check_smtp_url(text: &str) -> Result<(), &'static str> {
    const FORM: &str = "is not valid: expected smtps://user:password@host, smtp://user:password@host?tls=required, \
        or smtp://host for a server that needs neither TLS nor password";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let query: Vec<_> = url.query_pairs().collect();
    let tls = match (url.scheme(), query.as_slice()) {
        ("smtps", []) => true,
        ("smtp", []) => false,
        ("smtp", [(name, value)]) if name == "tls" && value == "required" => true,
        _ => return Err(FORM),
    };
    if url.host_str().is_none_or(str::is_empty) || url.fragment().is_some() {
        return Err(FORM);
    }
    if url.username().is_empty() != url.password().is_none() {
        return Err("is not valid: user and password go together");
    }
    if url.password().is_some() && !tls && !is_loopback(&url) {
        return Err("would send the password in the clear: use smtps://, or add ?tls=required");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Notifications, Vec<String>> {
        let source =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut reader = Reader::new(&source);
        let read = Notifications::read(&mut reader);
        reader.finish(read).map_err(|error| error.0)
    }

    fn with(name: &'static str, value: &'static str) -> Result<Notifications, Vec<String>> {
        let mut pairs = vec![
            ("SWITCHBOARD_SMTP_URL", "smtps://user:secret@mail.example.com"),
            ("SWITCHBOARD_MAIL_FROM", "Inbox <inbox@example.com>"),
            ("SWITCHBOARD_CONVERSATION_URL", "https://app.example.com/inbox/{conversationId}"),
        ];
        pairs.retain(|(key, _)| *key != name);
        pairs.push((name, value));
        read(&pairs)
    }

    #[test]
    fn without_a_server_nothing_is_needed_and_what_is_given_is_checked_all_the_same() {
        assert!(read(&[]).unwrap().mail.is_none());
        let faults = read(&[
            ("SWITCHBOARD_MAIL_FROM", "nobody"),
            ("SWITCHBOARD_CONVERSATION_URL", "https://x.example"),
        ]);
        assert_eq!(faults.unwrap_err().len(), 2);
        let faults = read(&[("SWITCHBOARD_SMTP_URL", "smtp://127.0.0.1:25")]).unwrap_err();
        assert!(
            faults[0].starts_with("SWITCHBOARD_MAIL_FROM")
                && faults[1].starts_with("SWITCHBOARD_CONVERSATION_URL")
        );
    }

    #[test]
    fn a_link_holds_the_conversation() {
        let mail = with("SWITCHBOARD_NOTIFICATION_DELAY_SECONDS", "5").unwrap().mail.unwrap();
        assert_eq!(mail.link("cnv_1"), "https://app.example.com/inbox/cnv_1");
        let encoded = with("SWITCHBOARD_CONVERSATION_URL", "https://a.example/%7BconversationId%7D");
        assert_eq!(encoded.unwrap().mail.unwrap().link("cnv_1"), "https://a.example/cnv_1");
        for wrong in ["https://app.example.com/inbox", "ftp://a.example/{conversationId}", "{conversationId}"]
        {
            let faults = with("SWITCHBOARD_CONVERSATION_URL", wrong).unwrap_err();
            assert!(faults[0].starts_with("SWITCHBOARD_CONVERSATION_URL"), "{faults:?}");
        }
    }

    #[test]
    fn a_password_never_goes_out_in_the_clear_and_tls_is_never_a_matter_of_luck() {
        for good in [
            "smtp://relay.example.com",
            "smtp://relay.example.com:2525",
            "smtp://user:secret@127.0.0.1:1025",
            "smtp://user:secret@relay.example.com:587?tls=required",
            "smtps://user:p%40ss@relay.example.com",
        ] {
            assert!(with("SWITCHBOARD_SMTP_URL", good).is_ok(), "{good}");
        }
        for bad in [
            "smtp://user:secret@relay.example.com",
            "smtp://user:secret@relay.example.com?tls=opportunistic",
            "smtp://relay.example.com?tls=opportunistic",
            "smtps://relay.example.com?tls=no",
            "smtps://user@relay.example.com",
            "http://relay.example.com",
            "smtp:",
            "secret at home",
        ] {
            let faults = with("SWITCHBOARD_SMTP_URL", bad).unwrap_err();
            assert_eq!(faults.len(), 1, "{bad}: {faults:?}");
            assert!(
                faults[0].starts_with("SWITCHBOARD_SMTP_URL") && !faults[0].contains("secret"),
                "{faults:?}"
            );
        }
    }
}
