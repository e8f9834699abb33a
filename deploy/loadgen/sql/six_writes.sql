-- The six writes of an accept on plain tables, by one statement per transaction.
\set n random(0, :conversations - 1)
WITH lane AS (
    UPDATE conversations SET last_message_id = new_id(), last_message_at = now(), next_position = next_position + 1
    WHERE id = (:prefix || lpad(to_hex(:n::bigint), 12, '0'))::uuid
    RETURNING id, last_message_id
), message AS (
    INSERT INTO messages (id, conversation_id, content) SELECT last_message_id, id, :content::jsonb FROM lane
), timeline AS (
    INSERT INTO timeline (message_id, event) SELECT last_message_id, 'accepted' FROM lane
), idempotency AS (
    INSERT INTO idempotency (key, answer) SELECT gen_random_uuid()::text, convert_to(:answer, 'UTF8') FROM lane
), event AS (
    INSERT INTO events (type, payload) SELECT 'message.created', :payload::jsonb FROM lane
)
INSERT INTO outbox (topic, key, payload) SELECT 'outbound', last_message_id, :payload::jsonb FROM lane;
