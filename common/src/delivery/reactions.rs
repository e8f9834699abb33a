//! Reactions: each side of a conversation has at most one on a message, and it shows at that message.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::db::pipeline::load::{self, Message};
use crate::db::pipeline::provider_ids::Claimed;
use crate::db::pipeline::{Changes, ReactionTarget};
use crate::db::{Error, Tx};
use crate::domain::content::Content;
use crate::domain::ids::MessageId;
use crate::domain::view::{Direction, ReactionView, SenderType};
use crate::problem::Timestamp;

/// A reaction of ours that the provider took.
#[derive(Debug)]
pub(crate) struct SentReaction {
    inbox: Uuid,
    conversation: Uuid,
    target: Uuid,
    reaction: ReactionView,
}

/// Puts, changes or takes away one side's reaction on a message. One that is older than what is there changes nothing.
pub fn react(changes: &mut Changes, inbox: Uuid, target: &mut Message, reaction: &ReactionView) {
    let by_contact = |reaction: &ReactionView| reaction.sender.r#type == SenderType::Contact;
    let side = by_contact(reaction);
    match target.reactions.iter_mut().find(|known| by_contact(known) == side) {
        Some(known) if known.timestamp.0 > reaction.timestamp.0 => return,
        Some(known) => *known = reaction.clone(),
        None => target.reactions.push(reaction.clone()),
    }
    target.reactions_changed = true;
    let told = json!({ "by": reaction.sender.r#type, "takenAway": reaction.emoji.is_empty() });
    changes.happened(target.id, "reaction", None, Some(told));
    changes.message_event("message.updated", inbox, target);
}

/// The reaction that a message is, to be put on another.
pub fn reaction_of(message: &Message, at: DateTime<Utc>) -> Option<ReactionView> {
    let Content::Reaction(reaction) = &message.content else { return None };
    let sender = message.sender.view();
    Some(ReactionView { emoji: reaction.emoji.clone(), sender, timestamp: Timestamp(at) })
}

/// Notes that the provider took a message, in case that it is a reaction of ours.
pub(super) fn taken(changes: &mut Changes, inbox: Uuid, message: &Message) {
    let Content::Reaction(content) = &message.content else { return };
    if message.direction != Direction::Outbound {
        return;
    }
    if let (Some(target), Some(reaction)) = (content.message_id, reaction_of(message, Utc::now())) {
        let conversation = message.conversation;
        changes.sent_reactions.push(SentReaction { inbox, conversation, target: target.0, reaction });
    }
}

/// Puts reactions of ours that the provider took on their messages: whoever settles messages calls it before writing them
/// back. A round trip only where there are any.
///
/// # Errors
/// When the database fails.
pub async fn show_sent(
    tx: &Tx,
    changes: &mut Changes,
    messages: &mut HashMap<Uuid, Message>,
) -> Result<(), Error> {
    let sent = std::mem::take(&mut changes.sent_reactions);
    let unknown = sent.iter().map(|sent| sent.target).filter(|target| !messages.contains_key(target));
    let unknown: Vec<Uuid> = unknown.collect();
    if !unknown.is_empty() {
        let sql = load::messages();
        let found = tx.run(&[tx.step(&sql, vec![&unknown]).await?]).await?;
        for row in found.iter().flatten() {
            let message = Message::read(row)?;
            messages.insert(message.id, message);
        }
    }
    for SentReaction { inbox, conversation, target, reaction } in sent {
        // The lock that is held is that of the conversation.
        if let Some(target) = messages.get_mut(&target).filter(|target| target.conversation == conversation) {
            react(changes, inbox, target, &reaction);
        }
    }
    Ok(())
}

/// Puts the reactions that came before a message was recorded on it.
pub fn show_parked(changes: &mut Changes, claimed: &Claimed, target: &mut Message) {
    let conversation = target.conversation;
    for parked in claimed.reactions.iter().filter(|parked| parked.conversation == conversation) {
        react(changes, claimed.inbox, target, &parked.reaction);
        let named = ReactionTarget { id: parked.message, target: MessageId(target.id).to_string() };
        changes.reaction_targets.push(named);
    }
}
