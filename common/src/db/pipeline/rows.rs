//! What the pipeline writes, one struct for each row and one statement for each table.
//!
//! Statements take one array for each column (`UNNEST`), so that a group of any size is one statement with one plan. Updates
//! name their keys twice, in the join and as `= ANY`: whichever side of the join is read first, only these rows are.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::tx::Params;

/// Rows that one statement writes.
pub(super) trait Rows {
    /// The statement.
    const SQL: &'static str;

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool;

    /// The statement's parameters.
    fn params(&self) -> Params<'_>;
}

macro_rules! rows {
    ($(#[$doc:meta])* $table:ident of $row:ident { $($(#[$field:meta])* $column:ident: $type:ty,)+ } $sql:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $row { $($(#[$field])* pub $column: $type,)+ }

        /// The columns of a group of rows.
        #[derive(Debug, Default)]
        pub struct $table { $($column: Vec<$type>,)+ }

        impl $table {
            /// Adds a row.
            pub fn push(&mut self, row: $row) {
                $(self.$column.push(row.$column);)+
            }
        }

        impl $crate::db::pipeline::rows::Rows for $table {
            const SQL: &'static str = $sql;

            fn is_empty(&self) -> bool {
                rows!(@first self $($column)+).is_empty()
            }

            fn params(&self) -> $crate::db::tx::Params<'_> {
                vec![$(&self.$column),+]
            }
        }
    };
    (@first $self:ident $first:ident $($rest:ident)*) => { $self.$first };
}
pub(super) use rows;

rows! {
    /// A message that comes into being.
    NewMessages of NewMessage {
        /// Drawn under the lane's lock.
        id: Uuid,
        /// Its organization.
        organization_id: Uuid,
        /// Its conversation.
        conversation_id: Uuid,
        /// `inbound` or `outbound`.
        direction: &'static str,
        /// `pending` outbound, `delivered` inbound.
        status: &'static str,
        /// JSON of the content.
        content: String,
        /// Kind of sender.
        sender_type: &'static str,
        /// The sender.
        sender_id: Uuid,
        /// The sender's name.
        sender_name: Option<String>,
        /// The quoted message.
        reply_to: Option<Uuid>,
        /// The provider's time inbound, acceptance outbound.
        at: DateTime<Utc>,
        /// The provider's id, inbound.
        provider_message_id: Option<String>,
        /// The client's own reference.
        client_reference: Option<String>,
        /// The request or webhook it came from.
        trace_id: Uuid,
        /// Its place in the lane, outbound.
        lane_position: Option<i64>,
        /// When it is given up, outbound.
        expires_at: Option<DateTime<Utc>>,
        /// JSON of what surrounds it, inbound.
        context: Option<String>,
        /// The viewer of an embed who sent it.
        sender_viewer_id: Option<String>,
    }
    "INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type, sender_id,
            sender_name, reply_to, at, provider_message_id, client_reference, trace_id, lane_position, expires_at, context,
            sender_viewer_id)
        SELECT id, organization_id, conversation_id, direction, status, content::jsonb, sender_type, sender_id,
            sender_name, reply_to, at, provider_message_id, client_reference, trace_id, lane_position, expires_at,
            context::jsonb, sender_viewer_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
            $9::text[], $10::uuid[], $11::timestamptz[], $12::text[], $13::text[], $14::uuid[], $15::bigint[],
            $16::timestamptz[], $17::text[], $18::text[])
        AS r (id, organization_id, conversation_id, direction, status, content, sender_type, sender_id, sender_name,
            reply_to, at, provider_message_id, client_reference, trace_id, lane_position, expires_at, context,
            sender_viewer_id)"
}

rows! {
    /// The changing part of a message, written back as a whole.
    MessageStates of MessageState {
        /// The message.
        id: Uuid,
        /// Its status.
        status: &'static str,
        /// JSON of its failure.
        failure: Option<String>,
        /// The provider's id of it.
        provider_message_id: Option<String>,
        /// Its place in the lane; none once it has ended.
        lane_position: Option<i64>,
        /// Tries recorded.
        attempts: i32,
        /// Refused tries in a row.
        failures: i32,
    }
    "UPDATE messages m SET status = r.status, failure = r.failure::jsonb, provider_message_id = r.provider_message_id,
            lane_position = r.lane_position, attempts = r.attempts, failures = r.failures, updated_at = now()
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::int[])
        AS r (id, status, failure, provider_message_id, lane_position, attempts, failures)
        WHERE m.id = r.id AND m.id = ANY($1)"
}

rows! {
    /// A lane, written back as a whole.
    LaneStates of LaneRow {
        /// The conversation.
        conversation_id: Uuid,
        /// What it is doing.
        state: &'static str,
        /// Its newest message.
        last_message_id: Option<Uuid>,
        /// Place that the next queued message takes.
        next_position: i64,
        /// Messages queued.
        queued: i32,
        /// Generation of the claim.
        lease: i64,
        /// The attempt in flight or uncertain.
        attempt_id: Option<Uuid>,
        /// When the scheduler must look.
        due_at: Option<DateTime<Utc>>,
        /// Since when it waits for admission.
        ready_at: Option<DateTime<Utc>>,
        /// Whether it goes behind replies.
        bulk: bool,
        /// Pacing of the pair.
        pair_tat: DateTime<Utc>,
        /// Messages outside the line that wait for the contact.
        held: i32,
        /// Messages outside the line whose time has not come.
        scheduled: i32,
    }
    "UPDATE lanes l SET state = r.state, last_message_id = r.last_message_id, next_position = r.next_position,
            queued = r.queued, lease = r.lease, attempt_id = r.attempt_id, due_at = r.due_at, ready_at = r.ready_at,
            bulk = r.bulk, pair_tat = r.pair_tat, held = r.held, scheduled = r.scheduled
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::int[], $6::bigint[], $7::uuid[],
            $8::timestamptz[], $9::timestamptz[], $10::bool[], $11::timestamptz[], $12::int[], $13::int[])
        AS r (conversation_id, state, last_message_id, next_position, queued, lease, attempt_id, due_at, ready_at,
            bulk, pair_tat, held, scheduled)
        WHERE l.conversation_id = r.conversation_id AND l.conversation_id = ANY($1)"
}

rows! {
    /// One thing that happened to a message.
    Timeline of TimelineRow {
        /// The message.
        message_id: Uuid,
        /// When.
        at: DateTime<Utc>,
        /// Stable word.
        event: &'static str,
        /// Number of the try it belongs to.
        attempt: Option<i32>,
        /// JSON with more.
        detail: Option<String>,
    }
    "INSERT INTO message_timeline (message_id, at, event, attempt, detail)
        SELECT r.message_id, r.at, r.event, r.attempt, r.detail::jsonb
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[], $5::text[]) WITH ORDINALITY
        AS r (message_id, at, event, attempt, detail, n) ORDER BY n"
}

rows! {
    /// An entry of the event log, numbered after the commit.
    Events of EventRow {
        /// Its id.
        id: Uuid,
        /// The organization.
        organization_id: Uuid,
        /// What happened, such as `message.sent`.
        kind: &'static str,
        /// The inbox.
        inbox_id: Option<Uuid>,
        /// The conversation.
        conversation_id: Option<Uuid>,
        /// The message.
        message_id: Option<Uuid>,
        /// JSON that suffices to act on.
        payload: String,
    }
    "INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, message_id, payload)
        SELECT r.id, r.organization_id, r.kind, r.inbox_id, r.conversation_id, r.message_id, r.payload::json
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[]) WITH ORDINALITY
        AS r (id, organization_id, kind, inbox_id, conversation_id, message_id, payload, n) ORDER BY n"
}

rows! {
    /// A try that begins; committed before the provider is called.
    NewAttempts of NewAttempt {
        /// Its id, which the provider echoes.
        id: Uuid,
        /// The organization.
        organization_id: Uuid,
        /// The conversation.
        conversation_id: Uuid,
        /// The message.
        message_id: Uuid,
        /// The message's generation.
        generation: i32,
        /// Its number within the generation.
        number: i32,
        /// The lane's lease.
        lease: i64,
        /// Who tries.
        worker: String,
        /// The inbox that it goes through, where that is another than the conversation's.
        inbox_id: Option<Uuid>,
    }
    "INSERT INTO attempts (id, organization_id, conversation_id, message_id, generation, number, lease, worker, inbox_id)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::bigint[], $8::text[],
            $9::uuid[])"
}

rows! {
    /// How a try ended, or that nobody knows. A state is never replaced by a weaker one.
    AttemptStates of AttemptState {
        /// The try.
        id: Uuid,
        /// `accepted`, `transient`, `refused`, `uncertain` or `abandoned`.
        state: &'static str,
        /// The provider's id of the message.
        provider_message_id: Option<String>,
        /// The provider's error code.
        provider_code: Option<String>,
        /// What was seen.
        detail: Option<String>,
    }
    "UPDATE attempts a SET state = r.state, provider_message_id = coalesce(r.provider_message_id, a.provider_message_id),
            provider_code = r.provider_code, detail = r.detail, ended_at = now()
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
        AS r (id, state, provider_message_id, provider_code, detail)
        WHERE a.id = r.id AND a.id = ANY($1) AND a.state <> 'accepted'"
}

rows! {
    /// An audit entry.
    Audit of AuditRow {
        /// Its id.
        id: Uuid,
        /// The organization.
        organization_id: Uuid,
        /// Kind of actor.
        actor_type: &'static str,
        /// The actor.
        actor_id: Option<Uuid>,
        /// What was done, such as `message.create`.
        action: &'static str,
        /// To what.
        resource_id: Uuid,
        /// The request.
        trace_id: Option<Uuid>,
        /// JSON of what more there is to tell.
        detail: Option<String>,
    }
    "INSERT INTO audit_log (id, organization_id, actor_type, actor_id, action, resource_id, trace_id, detail)
        SELECT id, organization_id, actor_type, actor_id, action, resource_id, trace_id, detail::jsonb
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::uuid[], $8::text[])
        AS r (id, organization_id, actor_type, actor_id, action, resource_id, trace_id, detail)"
}

rows! {
    /// The first answer to a request that named an idempotency key.
    Answers of AnswerRow {
        /// The credential.
        credential_id: Uuid,
        /// The route.
        route: &'static str,
        /// The client's key.
        key: String,
        /// SHA-256 of the body.
        request_hash: Vec<u8>,
        /// HTTP status.
        status: i16,
        /// The answer's body.
        body: Vec<u8>,
        /// The answer's `Location`.
        location: Option<String>,
    }
    // A key past its age is free again; one that is not must fail the statement, which the null does.
    "INSERT INTO idempotency_keys AS k (credential_id, route, key, request_hash, status, body, location)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bytea[], $7::text[])
        ON CONFLICT (credential_id, route, key) DO UPDATE SET
            request_hash = CASE WHEN k.created_at <= now() - interval '24 hours' THEN excluded.request_hash END,
            status = excluded.status, body = excluded.body, sealed = false, location = excluded.location,
            created_at = now()"
}

rows! {
    /// A channel event that has been worked off.
    Processed of ProcessedRow {
        /// The event.
        id: i64,
        /// What became of it.
        effect: String,
    }
    // What tells of an erased contact is not kept.
    "UPDATE channel_events e SET processed_at = now(), effect = r.effect,
            payload = CASE WHEN r.effect = 'erased' THEN '{}' ELSE e.payload END,
            lane_key = CASE WHEN r.effect = 'erased' THEN gen_random_uuid() ELSE e.lane_key END
        FROM unnest($1::bigint[], $2::text[]) AS r (id, effect) WHERE e.id = r.id AND e.id = ANY($1)"
}
