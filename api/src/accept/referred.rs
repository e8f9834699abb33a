//! Messages that one to be sent refers to: the one it quotes, or the one that it is a reaction to.

use std::collections::HashMap;

use common::domain::content::Content;
use common::problem::Problem;
use uuid::Uuid;

use super::Draft;

/// A message that is referred to.
pub(super) struct Referred {
    pub conversation: Uuid,
    pub is_reaction: bool,
}

/// The message that a draft refers to.
pub(super) fn refers_to(draft: &Draft) -> Option<Uuid> {
    match &draft.content {
        Content::Reaction(reaction) => reaction.message_id.map(|id| id.0),
        _ => draft.reply_to.map(|id| id.0),
    }
}

/// 422 unless what a draft refers to is a message of its own conversation, and no reaction if it is to get one.
pub(super) fn check_referred(
    draft: &Draft,
    conversation: Uuid,
    found: &HashMap<Uuid, Referred>,
) -> Result<(), Problem> {
    let reacts = matches!(draft.content, Content::Reaction(_));
    if reacts && draft.reply_to.is_some() {
        let why = "cannot stand beside a reaction, which names its message itself";
        return Err(Problem::invalid("replyTo", "not_supported", why));
    }
    let field = if reacts { "content.messageId" } else { "replyTo" };
    let Some(id) = refers_to(draft) else { return Ok(()) };
    let referred = found.get(&id).filter(|referred| referred.conversation == conversation);
    match referred {
        None => Err(Problem::invalid(field, "not_found", "is not a message of this conversation")),
        Some(referred) if reacts && referred.is_reaction => {
            Err(Problem::invalid(field, "is_reaction", "is a reaction itself, to which none can be put"))
        }
        Some(_) => Ok(()),
    }
}
