-- Fifty messages and their outbox rows, by one statement per transaction.
\set n random(0, :conversations - 50)
WITH message AS (
    INSERT INTO messages (id, conversation_id, content)
    SELECT new_id(), (:prefix || lpad(to_hex(:n::bigint + i), 12, '0'))::uuid, :content::jsonb
    FROM generate_series(0, 49) AS i
    RETURNING id
)
INSERT INTO outbox (topic, key, payload) SELECT 'outbound', id, :payload::jsonb FROM message;
