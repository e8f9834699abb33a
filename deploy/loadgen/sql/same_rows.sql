-- The very rows that accept writes for one reply, by one statement per transaction; the lane is locked and read first.
\set n random(0, :conversations - 1)
WITH lane AS MATERIALIZED (
    SELECT l.conversation_id, l.organization_id, l.inbox_id, l.state, l.next_position, l.queued, l.due_at, i.created_by
    FROM lanes l
    JOIN conversations c ON c.organization_id = l.organization_id AND c.id = l.conversation_id
    JOIN inboxes i ON i.id = l.inbox_id
    WHERE l.conversation_id = (:prefix || lpad(to_hex(:n::bigint), 12, '0'))::uuid
        AND c.window_expires_at > now() AND i.deleted_at IS NULL
    FOR NO KEY UPDATE OF l
), reply AS MATERIALIZED (
    SELECT lane.*, created_by AS sender_id, new_id() AS message_id, gen_random_uuid() AS trace_id FROM lane
), message AS (
    INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type, sender_id,
        sender_name, at, trace_id, lane_position, expires_at)
    SELECT message_id, organization_id, conversation_id, 'outbound', 'pending', :content::jsonb, 'apiKey', sender_id,
        'Load', now(), trace_id, next_position, now() + interval '24 hours' FROM reply
), moved AS (
    UPDATE lanes l SET last_message_id = r.message_id, next_position = r.next_position + 1, queued = r.queued + 1,
        state = CASE r.state WHEN 'idle' THEN 'admitted' ELSE r.state END,
        due_at = CASE r.state WHEN 'idle' THEN now() + interval '30 seconds' ELSE r.due_at END
    FROM reply r WHERE l.conversation_id = r.conversation_id
), touched AS (
    UPDATE conversations c SET last_message_id = r.message_id, last_message_direction = 'outbound',
        last_message_preview = :preview, last_message_at = now(), state = 'open', updated_at = now()
    FROM reply r WHERE c.organization_id = r.organization_id AND c.id = r.conversation_id
), timeline AS (
    INSERT INTO message_timeline (message_id, at, event) SELECT message_id, clock_timestamp(), 'accepted' FROM reply
), event AS (
    INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, message_id, payload)
    SELECT new_id(), organization_id, 'message.created', inbox_id, conversation_id, message_id, :payload::json FROM reply
), audited AS (
    INSERT INTO audit_log (id, organization_id, actor_type, actor_id, action, resource_id, trace_id)
    SELECT new_id(), organization_id, 'apiKey', sender_id, 'message.create', message_id, trace_id FROM reply
), answered AS (
    INSERT INTO idempotency_keys (credential_id, route, key, request_hash, status, body, location)
    SELECT sender_id, 'POST /v1/conversations/reply', gen_random_uuid()::text, sha256(uuid_send(message_id)), 202,
        convert_to(:answer, 'UTF8'), '/v1/messages/' || message_id FROM reply
)
INSERT INTO outbox (part, route, lane, inbox_id)
    SELECT 0, 'outbound.whatsapp.first', conversation_id, inbox_id FROM reply WHERE state = 'idle';
