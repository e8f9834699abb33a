//! What the channel does not reach the contact with goes by text, where the inbox names an inbox for that.

use common::channels::ChannelError;
use common::channels::rcs::errors::NOT_REACHED;
use common::channels::rcs::fallback::in_a_text;
use common::db::pipeline::load::{LoadedLane, Message};
use common::domain::ids::InboxId;
use serde_json::json;

use super::Step;
use crate::outbound::claim::Work;

impl Step<'_> {
    /// Whether the message goes by text next. It stays at the head of its lane: the next claim finds by the refused attempt
    /// which way to go.
    pub(super) fn fell_back(
        &mut self,
        work: &Work,
        error: &ChannelError,
        lane: &mut LoadedLane,
        message: &Message,
    ) -> bool {
        let Some(fallback) = work.fallback.filter(|_| error.code == NOT_REACHED) else { return false };
        if in_a_text(&message.content).is_none() {
            return false;
        }
        let told = json!({
            "providerCode": error.provider_code, "title": error.title, "inboxId": InboxId(fallback).to_string(),
        });
        self.changes.happened(message.id, "falling_back", Some(work.number), Some(told));
        lane.lane.make_ready(self.now);
        true
    }
}
