-- One message and its outbox row, by separate statements of one transaction.
\set n random(0, :conversations - 1)
BEGIN;
INSERT INTO messages (id, conversation_id, content)
    VALUES (new_id(), (:prefix || lpad(to_hex(:n::bigint), 12, '0'))::uuid, :content::jsonb)
    RETURNING id \gset
INSERT INTO outbox (topic, key, payload) VALUES ('outbound', :id::uuid, :payload::jsonb);
END;
