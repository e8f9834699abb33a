//! Writes a message as the provider wants it: a form.

use url::Url;
use url::form_urlencoded::Serializer;

use super::{ATTEMPT, RESOURCE, addresses};
use crate::channels::{Outgoing, Sender};
use crate::domain::content::Content;

/// How often, and after what, the provider repeats a callback that was not taken. Part of the address that it leaves out when
/// it calls.
const REPEATS: &str = "rc=5&rp=5xx,ct,rt";

/// The form that sends a message; none for what cannot be sent.
pub(super) fn form(sender: &Sender, message: &Outgoing<'_>) -> Option<String> {
    let (text, file) = match message.content {
        Content::Text(text) => (Some(text.text.as_str()), None),
        Content::Image(media) | Content::Video(media) | Content::Audio(media) | Content::Document(media) => {
            (media.caption.as_deref(), Some(media.url.as_deref()?))
        }
        _ => return None,
    };
    let mut form = Serializer::new(String::new());
    form.append_pair("To", &addresses::of_provider(message.to));
    form.append_pair("From", addresses::sender(&sender.external_id));
    if let Some(service) = &sender.service {
        form.append_pair("MessagingServiceSid", service);
    }
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        form.append_pair("Body", text);
    }
    if let Some(file) = file {
        form.append_pair("MediaUrl", file);
    }
    if let Some(callback) = callback(sender, message) {
        form.append_pair("StatusCallback", callback.as_str());
    }
    Some(form.finish())
}

/// Where the provider tells how the message fares. The address names the attempt, since the provider knows no other word of
/// ours, and the inbox's resource, since another sender of a messaging service may have taken its place.
fn callback(sender: &Sender, message: &Outgoing<'_>) -> Option<Url> {
    let mut url = Url::parse(&sender.webhook_url).ok()?;
    url.query_pairs_mut()
        .append_pair(ATTEMPT, &message.correlation.to_string())
        .append_pair(RESOURCE, &sender.external_id);
    url.set_fragment(Some(REPEATS));
    Some(url)
}
