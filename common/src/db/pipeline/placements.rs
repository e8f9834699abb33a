//! Rows of messages that stand outside their lane or come back to it: rare, and so apart from what every delivery writes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::load::Message;
use super::rows::rows;
use crate::domain::postponed::{ClosedWindow, Postponed};

rows! {
    /// All of a message that may change, written back as a whole.
    Placements of Placement {
        /// The message.
        id: Uuid,
        /// Its status.
        status: &'static str,
        /// JSON of its failure.
        failure: Option<String>,
        /// The provider's id of it.
        provider_message_id: Option<String>,
        /// Its place in the lane.
        lane_position: Option<i64>,
        /// Its generation.
        generation: i32,
        /// Tries begun in this generation.
        attempts: i32,
        /// Refused tries in a row.
        failures: i32,
        /// Acceptance, or release.
        at: DateTime<Utc>,
        /// When it is given up.
        expires_at: Option<DateTime<Utc>>,
        /// When it was to be released.
        scheduled_at: Option<DateTime<Utc>>,
        /// Why it stands outside its lane.
        postponed: Option<&'static str>,
        /// JSON of what becomes of it if the reply window is closed.
        closed_window: Option<String>,
        /// JSON of the content.
        content: String,
    }
    "UPDATE messages m SET status = r.status, failure = r.failure::jsonb, provider_message_id = r.provider_message_id,
            lane_position = r.lane_position, generation = r.generation, attempts = r.attempts, failures = r.failures,
            at = r.at, expires_at = r.expires_at, scheduled_at = r.scheduled_at, postponed = r.postponed,
            closed_window = r.closed_window::jsonb, content = r.content::jsonb, updated_at = now()
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::int[], $8::int[],
            $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::text[])
        AS r (id, status, failure, provider_message_id, lane_position, generation, attempts, failures, at, expires_at,
            scheduled_at, postponed, closed_window, content)
        WHERE m.id = r.id AND m.id = ANY($1)"
}

rows! {
    /// When somebody must look at a message outside its lane.
    Postponements of Postponement {
        /// The message.
        message_id: Uuid,
        /// Its organization.
        organization_id: Uuid,
        /// Its conversation.
        conversation_id: Uuid,
        /// `scheduled` or `held`.
        reason: &'static str,
        /// When.
        look_at: DateTime<Utc>,
    }
    "INSERT INTO postponements (message_id, organization_id, conversation_id, reason, look_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
        ON CONFLICT (message_id) DO UPDATE SET reason = excluded.reason, look_at = excluded.look_at"
}

rows! {
    /// A message that no longer stands outside its lane.
    Resumptions of ResumedRow {
        /// The message.
        message_id: Uuid,
    }
    "DELETE FROM postponements WHERE message_id = ANY($1)"
}

impl Placement {
    /// A message as it now stands.
    pub(super) fn of(message: &Message) -> Self {
        let json = |value: serde_json::Value| value.to_string();
        let wish = &message.closed_window;
        Self {
            id: message.id,
            status: message.status.as_str(),
            failure: message.failure.as_ref().map(|failure| json(serde_json::json!(failure))),
            provider_message_id: message.provider_message_id.clone(),
            lane_position: message.lane_position,
            generation: message.generation,
            attempts: message.attempts,
            failures: message.failures,
            at: message.at,
            expires_at: message.expires_at,
            scheduled_at: message.scheduled_at,
            postponed: message.postponed.map(Postponed::as_str),
            closed_window: (*wish != ClosedWindow::Fail).then(|| json(serde_json::json!(wish))),
            content: json(serde_json::json!(message.content)),
        }
    }
}
