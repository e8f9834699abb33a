//! Writes the email: plain text and HTML that say the same, with a link that opens the conversation.

use common::config::Mail;
use common::db::notifications::Notification;
use common::domain::ids::ConversationId;
use html_escape::{encode_double_quoted_attribute, encode_text};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};
use lettre::{Address, Message};
use uuid::Uuid;

/// Most characters of a name; more would only hide what else a line says.
pub(super) const NAME_LIMIT: usize = 80;
/// Most characters of a preview.
const PREVIEW_LIMIT: usize = 300;

/// The email; none if the user's address is none that email can be sent to.
pub(super) fn write(id: Uuid, notification: &Notification, mail: &Mail) -> Option<Message> {
    let words = Words::of(notification, mail);
    let domain = mail.from.email.domain();
    let message = addressed(id, mail, (&words.user, &notification.user_email))?
        // Mail programs show emails of one conversation as one.
        .references(format!("<{}@{domain}>", words.conversation))
        .subject(words.subject())
        .multipart(MultiPart::alternative_plain_html(words.text(), words.html()));
    message.ok()
}

/// An email to a user, by name and address, with nothing in it yet; none if the address is none that email can be sent to.
pub(super) fn addressed(id: Uuid, mail: &Mail, (name, address): (&str, &str)) -> Option<MessageBuilder> {
    let address: Address = address.parse().ok()?;
    let domain = mail.from.email.domain();
    let builder = Message::builder()
        .message_id(Some(format!("<{id}@{domain}>")))
        .from(mail.from.clone())
        .to(Mailbox::new(Some(name.to_owned()), address))
        // So that nobody's absence is told to us.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".into(),
        ));
    Some(builder)
}

/// What the email says, every text as one line without control characters.
#[derive(Debug)]
struct Words {
    user: String,
    contact: String,
    inbox: String,
    preview: Option<String>,
    assigned: bool,
    unread: i32,
    conversation: ConversationId,
    link: String,
}

impl Words {
    fn of(notification: &Notification, mail: &Mail) -> Self {
        let conversation = ConversationId(notification.conversation);
        let name = notification.contact_name.as_deref().map(|name| line(name, NAME_LIMIT));
        let contact = name.filter(|name| !name.is_empty());
        let preview = notification.preview.as_deref().map(|text| line(text, PREVIEW_LIMIT));
        Self {
            user: line(&notification.user_name, NAME_LIMIT),
            contact: contact.unwrap_or_else(|| line(&notification.contact_address, NAME_LIMIT)),
            inbox: line(&notification.inbox_name, NAME_LIMIT),
            preview: preview.filter(|text| !text.is_empty()),
            assigned: notification.assigned,
            unread: notification.unread,
            conversation,
            link: mail.link(&conversation.to_string()),
        }
    }

    fn subject(&self) -> String {
        let contact = &self.contact;
        match self.unread {
            _ if self.assigned => format!("Conversation with {contact} assigned to you"),
            ..=1 => format!("New message from {contact}"),
            unread => format!("{unread} unread messages from {contact}"),
        }
    }

    fn lead(&self) -> String {
        let (contact, inbox) = (&self.contact, &self.inbox);
        let unread = match self.unread {
            ..=0 => String::new(),
            1 => " One message is unread.".to_owned(),
            unread => format!(" {unread} messages are unread."),
        };
        if self.assigned {
            format!("The conversation with {contact} in {inbox} was assigned to you.{unread}")
        } else {
            format!("{contact} wrote to {inbox}.{unread}")
        }
    }

    fn text(&self) -> String {
        let quote = self.preview.as_ref().map(|text| format!("> {text}\n\n")).unwrap_or_default();
        format!(
            "Hello {},\n\n{}\n\n{quote}Open the conversation:\n{}\n\n-- \nYou get this because the conversation is assigned to \
             you. Your notification preferences say what you are told.\n",
            self.user,
            self.lead(),
            self.link
        )
    }

    fn html(&self) -> String {
        let quote = self.preview.as_ref();
        let quote =
            quote.map(|text| format!("<blockquote dir=\"auto\">{}</blockquote>\n", encode_text(text)));
        format!(
            include_str!("letter.html"),
            subject = encode_text(&self.subject()),
            user = encode_text(&self.user),
            lead = encode_text(&self.lead()),
            quote = quote.unwrap_or_default(),
            link = encode_double_quoted_attribute(&self.link),
        )
    }
}

/// One line of at most `most` characters; what would reorder or hide the text around it is left out.
pub(super) fn line(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || is_directional(c));
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most - 1).chain(['…']).collect()
}

/// Embeddings, overrides and isolates: they outlast the text that they come in.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use common::config::Secret;
    use common::db::notification_preferences::Preferences;

    use super::*;

    fn mail() -> Mail {
        Mail {
            smtp_url: Secret::new("smtp://127.0.0.1"),
            from: "Inbox <inbox@example.com>".parse().unwrap(),
            conversation_url: "https://app.example.com/inbox/{conversationId}?a=1&b=2".into(),
        }
    }

    fn notification() -> Notification {
        Notification {
            assigned: false,
            messages: true,
            user_name: "Olu".into(),
            user_email: "olu@example.com".into(),
            user_disabled: false,
            is_assignee: true,
            preferences: Preferences { assignments: true, messages: true, email: true },
            conversation: Uuid::from_u128(1),
            unread: 3,
            contact_name: Some("Ada".into()),
            contact_address: "15550001111".into(),
            inbox_name: "Support".into(),
            preview: Some("Where is my order?".into()),
        }
    }

    fn words(change: impl FnOnce(&mut Notification)) -> Words {
        let mut notification = notification();
        change(&mut notification);
        Words::of(&notification, &mail())
    }

    #[test]
    fn an_email_says_what_happened_and_how_much_is_unread() {
        assert_eq!(words(|_| ()).subject(), "3 unread messages from Ada");
        assert_eq!(words(|n| n.unread = 1).subject(), "New message from Ada");
        let assigned = words(|n| (n.assigned, n.unread) = (true, 0));
        assert_eq!(assigned.subject(), "Conversation with Ada assigned to you");
        assert_eq!(assigned.lead(), "The conversation with Ada in Support was assigned to you.");
        assert_eq!(words(|n| n.contact_name = Some("\n".into())).contact, "15550001111");
        let text = words(|_| ()).text();
        assert!(
            text.contains("Ada wrote to Support. 3 messages are unread.\n\n> Where is my order?\n"),
            "{text}"
        );
        assert!(
            text.contains("\nhttps://app.example.com/inbox/cnv_00000000000000000000000001?a=1&b=2\n"),
            "{text}"
        );
        assert!(!words(|n| n.preview = None).text().contains('>'));
    }

    #[test]
    fn nothing_of_a_contact_becomes_markup_or_a_header() {
        let hostile = "<img src=x onerror=alert(1)>\"'&\r\nBcc: all@example.com\u{202e}";
        let change = |n: &mut Notification| {
            n.contact_name = Some(hostile.into());
            n.preview = Some(hostile.into());
        };
        let html = words(change).html();
        assert!(!html.contains("<img") && html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{html}");
        assert!(
            html.contains(
                "href=\"https://app.example.com/inbox/cnv_00000000000000000000000001?a=1&amp;b=2\""
            )
        );
        assert!(!html.contains('\u{202e}') && !words(change).text().contains('\u{202e}'));
        let mut notification = notification();
        change(&mut notification);
        let raw = write(Uuid::from_u128(2), &notification, &mail()).unwrap().formatted();
        let raw = String::from_utf8(raw).unwrap();
        let head = raw.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(head.contains("Message-ID: <00000000-0000-0000-0000-000000000002@example.com>"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    }

    #[test]
    fn long_names_are_cut_and_addresses_that_are_none_get_no_email() {
        assert_eq!(words(|n| n.contact_name = Some("🦜".repeat(200))).contact.chars().count(), NAME_LIMIT);
        let mut notification = notification();
        notification.user_email = "olu@@example".into();
        assert!(write(Uuid::nil(), &notification, &mail()).is_none());
    }
}
