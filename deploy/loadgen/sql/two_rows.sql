-- One message and its outbox row, by one statement per transaction.
\set n random(0, :conversations - 1)
WITH message AS (
    INSERT INTO messages (id, conversation_id, content)
    VALUES (new_id(), (:prefix || lpad(to_hex(:n::bigint), 12, '0'))::uuid, :content::jsonb)
    RETURNING id
)
INSERT INTO outbox (topic, key, payload) SELECT 'outbound', id, :payload::jsonb FROM message;
