-- The very rows that accept writes for one reply, by separate statements of one transaction.
\set n random(0, :conversations - 1)
BEGIN;
SELECT l.conversation_id, l.organization_id, l.inbox_id, l.state, l.next_position, i.created_by AS sender_id,
        new_id() AS message_id, gen_random_uuid() AS trace_id
    FROM lanes l
    JOIN conversations c ON c.organization_id = l.organization_id AND c.id = l.conversation_id
    JOIN inboxes i ON i.id = l.inbox_id
    WHERE l.conversation_id = (:prefix || lpad(to_hex(:n::bigint), 12, '0'))::uuid
        AND c.window_expires_at > now() AND i.deleted_at IS NULL
    FOR NO KEY UPDATE OF l \gset
INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type, sender_id,
        sender_name, at, trace_id, lane_position, expires_at)
    VALUES (:message_id::uuid, :organization_id::uuid, :conversation_id::uuid, 'outbound', 'pending', :content::jsonb,
        'apiKey', :sender_id::uuid, 'Load', now(), :trace_id::uuid, :next_position::bigint, now() + interval '24 hours');
UPDATE lanes SET last_message_id = :message_id::uuid, next_position = next_position + 1, queued = queued + 1,
        due_at = CASE state WHEN 'idle' THEN now() + interval '30 seconds' ELSE due_at END,
        state = CASE state WHEN 'idle' THEN 'admitted' ELSE state END
    WHERE conversation_id = :conversation_id::uuid;
UPDATE conversations SET last_message_id = :message_id::uuid, last_message_direction = 'outbound',
        last_message_preview = :preview, last_message_at = now(), state = 'open', updated_at = now()
    WHERE organization_id = :organization_id::uuid AND id = :conversation_id::uuid;
INSERT INTO message_timeline (message_id, at, event) VALUES (:message_id::uuid, clock_timestamp(), 'accepted');
INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, message_id, payload)
    VALUES (new_id(), :organization_id::uuid, 'message.created', :inbox_id::uuid, :conversation_id::uuid,
        :message_id::uuid, :payload::json);
INSERT INTO audit_log (id, organization_id, actor_type, actor_id, action, resource_id, trace_id)
    VALUES (new_id(), :organization_id::uuid, 'apiKey', :sender_id::uuid, 'message.create', :message_id::uuid, :trace_id::uuid);
INSERT INTO idempotency_keys (credential_id, route, key, request_hash, status, body, location)
    VALUES (:sender_id::uuid, 'POST /v1/conversations/reply', gen_random_uuid()::text, sha256(uuid_send(:message_id::uuid)),
        202, convert_to(:answer, 'UTF8'), '/v1/messages/' || :message_id);
INSERT INTO outbox (part, route, lane, inbox_id)
    SELECT 0, 'outbound.whatsapp.first', :conversation_id::uuid, :inbox_id::uuid WHERE :state = 'idle';
END;
