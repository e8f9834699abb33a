//! What a message changes around it: its conversation's place in lists, its contact's name, the reply window.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::load::Message;
use super::rows::rows;

rows! {
    /// A conversation's newest message, as lists show it.
    Touches of Touch {
        /// The organization.
        organization_id: Uuid,
        /// The conversation.
        conversation_id: Uuid,
        /// The newest message.
        last_message_id: Uuid,
        /// Its direction.
        direction: &'static str,
        /// Its beginning.
        preview: String,
        /// Its time.
        at: DateTime<Utc>,
        /// Unread messages it adds.
        unread: i32,
        /// When the reply window closes, if it moved.
        window_expires_at: Option<DateTime<Utc>>,
    }
    "UPDATE conversations c SET last_message_id = r.last_message_id, last_message_direction = r.direction,
            last_message_preview = r.preview, last_message_at = greatest(c.last_message_at, r.at),
            unread_count = c.unread_count + r.unread, state = 'open',
            window_expires_at = greatest(c.window_expires_at, r.window_expires_at), updated_at = now()
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::int[],
            $8::timestamptz[])
        AS r (organization_id, conversation_id, last_message_id, direction, preview, at, unread, window_expires_at)
        WHERE c.organization_id = r.organization_id AND c.id = r.conversation_id
            AND c.organization_id = ANY($1) AND c.id = ANY($2)"
}

impl Touch {
    /// A conversation whose newest message this one of ours is.
    pub fn by(message: &Message) -> Self {
        Self {
            organization_id: message.organization,
            conversation_id: message.conversation,
            last_message_id: message.id,
            direction: message.direction.as_str(),
            preview: message.content.preview(),
            at: message.at,
            unread: 0,
            window_expires_at: None,
        }
    }
}

rows! {
    /// The name that a contact's profile has; it names only a contact that no client has named.
    ProfileNames of ProfileName {
        /// The organization.
        organization_id: Uuid,
        /// The contact.
        contact_id: Uuid,
        /// Its name.
        name: String,
    }
    "UPDATE contacts t SET name = r.name, updated_at = now()
        FROM (SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY
            AS u (o, id, name, n) ORDER BY id, n DESC) r
        WHERE t.organization_id = r.o AND t.id = r.id AND t.id = ANY($2) AND t.name IS DISTINCT FROM r.name
            AND t.name_source = 'channel' AND t.merged_into IS NULL AND t.erased_at IS NULL"
}

rows! {
    /// A reply window that a contact opened although its message raises nothing.
    Windows of WindowRow {
        /// The organization.
        organization_id: Uuid,
        /// The conversation.
        conversation_id: Uuid,
        /// When the reply window closes.
        window_expires_at: DateTime<Utc>,
    }
    "UPDATE conversations c SET window_expires_at = greatest(c.window_expires_at, r.window_expires_at)
        FROM (SELECT o, id, max(w) AS window_expires_at FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u (o, id, w)
            GROUP BY o, id) r
        WHERE c.organization_id = r.o AND c.id = r.id AND c.organization_id = ANY($1) AND c.id = ANY($2)"
}
