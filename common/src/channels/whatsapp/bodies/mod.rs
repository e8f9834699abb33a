//! Writes a message as the provider wants it.

mod cards;
mod interactive;
mod template;

use super::addresses;
use super::payloads::{Context, Link, Message, PlaceBody, ReactionBody, Recipient, SendBody, TextBody};
use crate::channels::Outgoing;
use crate::domain::content::{Content, Location, Media, Text};

/// The body that sends a message; none for what cannot be sent.
pub(super) fn body<'a>(message: &Outgoing<'a>) -> Option<SendBody<'a>> {
    // A reaction names its message itself.
    let quoted = message.reply_to.filter(|_| !matches!(message.content, Content::Reaction(_)));
    Some(SendBody {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        recipient: recipient(message.to),
        message: content(message)?,
        context: quoted.map(|message_id| Context { message_id }),
        biz_opaque_callback_data: message.correlation,
    })
}

fn content<'a>(message: &Outgoing<'a>) -> Option<Message<'a>> {
    Some(match message.content {
        Content::Text(Text { text, preview_url }) => {
            Message::Text { text: TextBody { body: text, preview_url: *preview_url } }
        }
        Content::Image(media) => Message::Image { image: captioned(media)? },
        Content::Video(media) => Message::Video { video: captioned(media)? },
        Content::Audio(media) => Message::Audio { audio: plain(media)? },
        Content::Document(media) => {
            Message::Document { document: Link { caption: media.caption.as_deref(), ..document(media)? } }
        }
        Content::Sticker(media) => Message::Sticker { sticker: plain(media)? },
        Content::Location(place) => Message::Location { location: location(place) },
        Content::Contacts(contacts) => Message::Contacts { contacts: cards::cards(contacts)? },
        Content::Reaction(reaction) => {
            let reaction = ReactionBody { message_id: message.reply_to?, emoji: &reaction.emoji };
            Message::Reaction { reaction }
        }
        Content::Template(it) => Message::Template { template: template::template(it) },
        Content::Interactive(it) => {
            Message::Interactive { interactive: interactive::interactive(&it.interactive)? }
        }
        Content::Order(_)
        | Content::Referral(_)
        | Content::Postback(_)
        | Content::Unsupported(_)
        | Content::System(_)
        | Content::Deleted => {
            return None;
        }
    })
}

fn plain(media: &Media) -> Option<Link<'_>> {
    Some(Link { link: media.url.as_deref()?, caption: None, filename: None })
}

fn captioned(media: &Media) -> Option<Link<'_>> {
    Some(Link { caption: media.caption.as_deref(), ..plain(media)? })
}

/// The one type whose file name the contact sees.
fn document(media: &Media) -> Option<Link<'_>> {
    Some(Link { filename: media.filename.as_deref(), ..plain(media)? })
}

fn location(place: &Location) -> PlaceBody<'_> {
    PlaceBody {
        latitude: place.latitude,
        longitude: place.longitude,
        name: place.name.as_deref(),
        address: place.address.as_deref(),
    }
}

fn recipient(address: &str) -> Recipient<'_> {
    match address.strip_prefix('+').unwrap_or(address) {
        digits if addresses::is_number(digits) => Recipient::Number(format!("+{digits}")),
        _ => Recipient::User(address),
    }
}
