//! A message gets another content, or is taken back, by whoever wrote it.

use common::channels::{Author, InboundDeletion, InboundEdit};
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::load::Message;
use common::domain::content::Content;
use common::domain::view::Direction;
use serde_json::json;

use super::apply::Decider;

impl Decider<'_> {
    /// The newest edit by the provider's time wins, however late it comes.
    pub(super) fn edited(&mut self, waiting: &WaitingEvent, edit: &InboundEdit) -> &'static str {
        let Some(message) = self.own_message(waiting, (edit.author, &edit.addresses), &edit.target) else {
            return "unknown_message";
        };
        if message.deleted_at.is_some() || message.edited_at.is_some_and(|newest| newest > edit.at) {
            return "overtaken";
        }
        let content = message.content.edited(&edit.content);
        let file = |content: &Content| content.file().and_then(|file| file.provider_media_id.clone());
        let another_file = file(&content) != file(&message.content);
        message.content = content;
        message.edited_at = Some(edit.at);
        if another_file {
            let message = message.clone();
            self.changes.file_of(waiting.inbox, &message);
        }
        self.amended(waiting, (edit.author, &edit.target), "edited")
    }

    /// A mark takes the content's place. What the provider told stays in the channel events, for the operator.
    pub(super) fn deleted(&mut self, waiting: &WaitingEvent, deletion: &InboundDeletion) -> &'static str {
        let whose = (deletion.author, deletion.addresses.as_slice());
        let Some(message) = self.own_message(waiting, whose, &deletion.target) else {
            return "unknown_message";
        };
        if message.deleted_at.is_some() {
            return "duplicate";
        }
        message.content = Content::Deleted;
        message.deleted_at = Some(deletion.at);
        self.amended(waiting, (deletion.author, &deletion.target), "deleted")
    }

    /// The message of a provider's id, if it is the author's own in the conversation with this contact.
    fn own_message(
        &mut self,
        waiting: &WaitingEvent,
        (author, addresses): (Author, &[String]),
        target: &str,
    ) -> Option<&mut Message> {
        let (id, conversation) = *self.loaded.known.get(&(waiting.inbox, target.to_owned()))?;
        let contact = self.loaded.contacts.find(waiting.inbox, addresses)?;
        let direction = match author {
            Author::Contact => Direction::Inbound,
            Author::Business => Direction::Outbound,
        };
        let message = self.loaded.messages.get_mut(&id)?;
        // One that waits to be sent again goes out as it was accepted.
        let own = message.direction == direction && !message.waits();
        (own && contact.conversation == conversation).then_some(message)
    }

    /// Notes what was done, and tells it, unless a blocked contact did it: as with all that it does, the message shows it and
    /// nothing is raised. Search, which follows what is raised, would then find words that are no longer there, and forgets them.
    fn amended(
        &mut self,
        waiting: &WaitingEvent,
        (author, target): (Author, &str),
        event: &'static str,
    ) -> &'static str {
        let id = self.loaded.known.get(&(waiting.inbox, target.to_owned()));
        let Some((id, conversation)) = id.copied() else { return "ignored" };
        let quiet = self.is_quiet(author, conversation);
        let Some(message) = self.loaded.messages.get_mut(&id) else { return "ignored" };
        message.content_changed = true;
        self.changes.happened(id, event, None, Some(json!({ "channelEvent": waiting.id })));
        if quiet {
            self.changes.happened(id, "contact_blocked", None, None);
            self.unsearchable.push((conversation, id));
        } else {
            self.changes.message_event("message.updated", waiting.inbox, message);
        }
        event
    }
}
