//! What is written of messages and conversations that are there already: new content, reactions, another address.
//!
//! Apart from `rows`, because only few steps write any of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::rows::rows;
rows! {
    /// A message that its sender edited or deleted.
    Contents of ContentRow {
        /// The message.
        id: Uuid,
        /// Its organization.
        organization_id: Uuid,
        /// Its conversation.
        conversation_id: Uuid,
        /// JSON of what it says now.
        content: String,
        /// What a list of conversations shows of it, if it is the newest one.
        preview: String,
        /// When it was last edited.
        edited_at: Option<DateTime<Utc>>,
        /// When it was deleted.
        deleted_at: Option<DateTime<Utc>>,
    }
    "WITH r AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
            AS r (id, organization_id, conversation_id, content, preview, edited_at, deleted_at)
        ), amended AS (
            UPDATE messages m SET content = r.content::jsonb, edited_at = r.edited_at, deleted_at = r.deleted_at,
                updated_at = now()
            FROM r WHERE m.id = r.id AND m.id = ANY($1)
        ), unlinked AS (
            -- A file that no message refers to is deleted after its time.
            DELETE FROM message_media l USING r
            WHERE l.message_id = r.id AND l.message_id = ANY($1) AND r.deleted_at IS NOT NULL
        )
        UPDATE conversations c SET last_message_preview = r.preview, updated_at = now()
        FROM r WHERE c.organization_id = r.organization_id AND c.id = r.conversation_id AND c.last_message_id = r.id
            AND c.organization_id = ANY($2) AND c.id = ANY($3)"
}

rows! {
    /// A message's reactions, written back as a whole.
    Reactions of ReactionsRow {
        /// The message.
        id: Uuid,
        /// JSON of its reactions.
        reactions: String,
    }
    "UPDATE messages m SET reactions = r.reactions::jsonb, updated_at = now()
        FROM unnest($1::uuid[], $2::text[]) AS r (id, reactions) WHERE m.id = r.id AND m.id = ANY($1)"
}

rows! {
    /// A reaction whose message has become known: it names that one from now on.
    ReactionTargets of ReactionTarget {
        /// The reaction.
        id: Uuid,
        /// The message that it is put on, as clients see its id.
        target: String,
    }
    "UPDATE messages m SET content = jsonb_set(m.content, '{messageId}', to_jsonb(r.target)),
            context = nullif(m.context - 'quotedProviderId', '{}'), updated_at = now()
        FROM unnest($1::uuid[], $2::text[]) AS r (id, target) WHERE m.id = r.id AND m.id = ANY($1)"
}

rows! {
    /// A conversation whose contact has another address now. Its events keep their lane.
    Moves of Move {
        /// The organization.
        organization_id: Uuid,
        /// The conversation.
        conversation_id: Uuid,
        /// Where replies go from now on.
        address: String,
    }
    "UPDATE conversations c SET lane_address = coalesce(c.lane_address, c.address), address = r.address, updated_at = now()
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS r (organization_id, conversation_id, address)
        WHERE c.organization_id = r.organization_id AND c.id = r.conversation_id
            AND c.organization_id = ANY($1) AND c.id = ANY($2)"
}
