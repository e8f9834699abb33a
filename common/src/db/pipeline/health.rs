//! Whether inboxes work: what providers' answers say of them, their gates, and an event for each change that clients can see.

use uuid::Uuid;

use super::rows::rows;
use crate::channels::{Action, ChannelError};
use crate::domain::ids::InboxId;

rows! {
    /// What was learned of an inbox. Whoever comes second finds the row as the first one left it, so that each change is told once.
    InboxStandings of InboxStanding {
        /// The inbox.
        inbox_id: Uuid,
        /// `open` or `closed`; none leaves the gate as it is.
        gate: Option<&'static str>,
        /// What a closed gate shows, and why.
        state: Option<&'static str>,
        /// The reason.
        reason: Option<&'static str>,
        /// What a check found although the inbox sends, parted by commas; none if nobody looked.
        found: Option<String>,
        /// The event's id.
        event_id: Uuid,
        /// The inbox's id as clients see it.
        inbox: String,
    }
    // Everything is taken from the locked row: what the update itself sees first may be older, and constraints would be checked by it.
    "WITH r AS (
            SELECT DISTINCT ON (inbox_id) * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[])
            AS r (inbox_id, gate, state, reason, found, event_id, inbox) ORDER BY inbox_id
        ), old AS (
            SELECT id, gate, state, reasons, found, gate_failures, gate_probe_at, updated_at FROM inboxes WHERE id = ANY($1) AND deleted_at IS NULL
            ORDER BY id FOR NO KEY UPDATE
        ), known AS (
            SELECT o.id, o.gate AS old_gate, o.state AS old_state, o.reasons AS old_reasons, o.found AS old_found,
                o.gate_failures AS failures, o.gate_probe_at AS probe_at, o.updated_at AS old_updated, r.event_id, r.inbox,
                r.state AS closed_state, r.reason, coalesce(r.gate, o.gate) AS gate,
                coalesce(string_to_array(r.found, ','), o.found) AS found, r.gate = 'closed' AS closes
            FROM old o JOIN r ON r.inbox_id = o.id
        ), new AS (
            SELECT *, CASE WHEN gate = 'open' THEN CASE WHEN found = '{}' THEN 'active' ELSE 'degraded' END
                    WHEN closes THEN closed_state ELSE old_state END AS state,
                CASE WHEN gate = 'open' THEN found WHEN closes THEN ARRAY[reason] ELSE old_reasons END AS reasons
            FROM known
        ), changed AS (
            UPDATE inboxes i SET gate = n.gate, state = n.state, reasons = n.reasons, found = n.found,
                updated_at = CASE WHEN (n.state, n.reasons) = (n.old_state, n.old_reasons) THEN n.old_updated ELSE now() END,
                gate_failures = CASE WHEN n.gate = n.old_gate THEN n.failures WHEN n.gate = 'open' THEN 0 ELSE n.failures + 1 END,
                gate_probe_at = CASE WHEN n.gate = n.old_gate THEN n.probe_at WHEN n.gate = 'open' THEN NULL
                    ELSE now() + least(600, 2 * 2 ^ least(n.failures, 9)) * interval '1 second' END
            FROM new n WHERE i.id = n.id AND i.id = ANY($1)
                AND (n.gate, n.state, n.reasons, n.found) IS DISTINCT FROM (n.old_gate, n.old_state, n.old_reasons, n.old_found)
            RETURNING i.id, i.organization_id, i.channel, i.name, i.state, i.reasons, n.old_state, n.old_reasons, n.event_id, n.inbox
        )
        INSERT INTO events (id, organization_id, type, inbox_id, payload)
        SELECT event_id, organization_id, 'inbox.status_changed', id, jsonb_build_object(
            'inbox', jsonb_build_object('id', inbox, 'channel', channel, 'name', name,
                'status', jsonb_build_object('state', state, 'reasons', reasons)),
            'previousStatus', jsonb_build_object('state', old_state, 'reasons', old_reasons))
        FROM changed WHERE (state, reasons) IS DISTINCT FROM (old_state, old_reasons)"
}

impl InboxStanding {
    fn of(inbox: Uuid) -> Self {
        let shown = InboxId(inbox).to_string();
        Self {
            inbox_id: inbox,
            gate: None,
            state: None,
            reason: None,
            found: None,
            event_id: Uuid::now_v7(),
            inbox: shown,
        }
    }

    /// The provider takes what it sends.
    pub fn open(inbox: Uuid) -> Self {
        Self { gate: Some("open"), ..Self::of(inbox) }
    }

    /// The provider refuses credentials or account: nothing of it is sent.
    pub fn closed(inbox: Uuid, error: &ChannelError) -> Self {
        let state = if error.action == Action::Auth { "disconnected" } else { "degraded" };
        Self {
            gate: Some("closed"),
            state: Some(state),
            reason: Some(error.inbox_reason()),
            ..Self::of(inbox)
        }
    }

    /// A check found this amiss, or nothing. While the gate is not open it is kept, and shown once that is.
    pub fn checked(inbox: Uuid, found: &[&'static str]) -> Self {
        Self { found: Some(found.join(",")), ..Self::of(inbox) }
    }
}
