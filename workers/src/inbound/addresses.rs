//! A contact changes its number: replies go to the new one, and whatever comes from either stays in one conversation and lane.

use std::collections::HashMap;

use common::db::pipeline::Move;
use common::db::pipeline::channel_events::{self, WaitingEvent, lane_key};
use common::db::pipeline::contacts::Known;
use common::db::pipeline::load::Message;
use common::db::pipeline::rows::EventRow;
use common::db::{Error, Tx};
use common::domain::ids::{ContactId, ConversationId, InboxId};
use serde_json::json;
use uuid::Uuid;

use super::apply::Decider;

/// A conversation whose contact has another address now.
pub(super) struct Moved {
    organization: Uuid,
    conversation: Uuid,
    inbox: Uuid,
    address: String,
    /// The lane of the conversation's events, which it keeps.
    lane: Uuid,
}

impl Decider<'_> {
    /// Sends replies to the contact's new address. One that has a conversation of its own keeps it: conversations are never
    /// joined, and the note in this one is all there is to it.
    pub(super) fn move_to(
        &mut self,
        waiting: &WaitingEvent,
        note: &Message,
        contact: Known,
        address: &String,
    ) {
        let there = self.loaded.contacts.find(waiting.inbox, std::slice::from_ref(address));
        let linked = there.is_some_and(|there| there.conversation == contact.conversation);
        let told = json!({ "channelEvent": waiting.id, "linked": linked });
        self.changes.happened(note.id, "address_changed", None, Some(told));
        let Some(loaded) = self.loaded.lanes.get_mut(&contact.conversation).filter(|_| linked) else {
            return;
        };
        if loaded.address == *address {
            return;
        }
        loaded.address.clone_from(address);
        self.moved.push(Moved {
            organization: waiting.organization,
            conversation: contact.conversation,
            inbox: waiting.inbox,
            address: address.clone(),
            lane: waiting.lane_key,
        });
        let payload = json!({ "conversation": {
            "id": ConversationId(contact.conversation), "inboxId": InboxId(waiting.inbox),
            "contact": { "id": ContactId(contact.contact), "address": address },
        }});
        self.changes.events.push(EventRow {
            id: Uuid::now_v7(),
            organization_id: waiting.organization,
            kind: "conversation.updated",
            inbox_id: Some(waiting.inbox),
            conversation_id: Some(contact.conversation),
            message_id: None,
            payload: payload.to_string(),
        });
    }

    /// What came from a new address before it was linked waits in a lane of its own: it goes on in the conversation's, behind
    /// what is there, so that nothing later overtakes it. Both lanes are locked. Says whether there was anything.
    pub(super) async fn relane(&mut self, tx: &Tx) -> Result<bool, Error> {
        let mut relaned = false;
        let mut newest: HashMap<Uuid, Move> = HashMap::new();
        for moved in std::mem::take(&mut self.moved) {
            let from = lane_key(InboxId(moved.inbox), &moved.address);
            if from != moved.lane {
                let step = tx.step(channel_events::RELANE, vec![&from, &moved.lane]).await?;
                relaned |= tx.run(&[step]).await?.iter().any(|rows| !rows.is_empty());
            }
            let (organization_id, conversation_id) = (moved.organization, moved.conversation);
            newest.insert(conversation_id, Move { organization_id, conversation_id, address: moved.address });
        }
        newest.into_values().for_each(|row| self.changes.moves.push(row));
        Ok(relaned)
    }
}
