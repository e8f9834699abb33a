//! Messages of ours that a provider's report on all up to one may move.

/// How far back a report is followed: what is unread is among the newest.
pub const LOOKED_AT: i64 = 1000;

/// Which messages of these conversations, by place of the report: those that the provider had taken by its time, or up to its
/// message. A try that was taken counts from when it was begun: the provider's own time lies between that and its answer. What
/// the business sent past us counts from the provider's time.
pub const UP_TO: &str = "SELECT w.place, m.id
    FROM unnest($1::uuid[], $2::bool[], $3::timestamptz[], $4::uuid[]) WITH ORDINALITY AS w (conversation, read, until, last, place)
    CROSS JOIN LATERAL (
        SELECT id, status, at, generation FROM messages
        WHERE conversation_id = w.conversation AND direction = 'outbound' AND provider_message_id IS NOT NULL
            AND (w.last IS NULL OR id <= w.last)
        ORDER BY id DESC LIMIT $5) m
    LEFT JOIN LATERAL (
        SELECT max(started_at) AS started FROM attempts
        WHERE message_id = m.id AND generation = m.generation AND state = 'accepted') a ON true
    WHERE (m.status = 'sent' OR w.read AND m.status = 'delivered')
        AND (w.until IS NULL OR coalesce(a.started, m.at) <= w.until)
    ORDER BY w.place, m.id";
