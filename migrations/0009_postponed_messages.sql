-- Messages that stand outside their lane: scheduled for later, or held until the contact next writes.

-- All nullable and without a default, or with a constant one: no table is rewritten.
ALTER TABLE messages
    -- When it is to be released, as the client asked.
    ADD COLUMN scheduled_at timestamptz,
    -- Why it stands outside its lane: 'scheduled' or 'held'; null in line or ended.
    ADD COLUMN postponed text,
    -- What to do if the reply window is closed when it is about to leave: "hold" or {"template": content}; null: it fails.
    ADD COLUMN closed_window jsonb;

ALTER TABLE lanes
    -- Messages of the conversation that stand outside: a contact who writes releases the held ones.
    ADD COLUMN held int NOT NULL DEFAULT 0,
    ADD COLUMN scheduled int NOT NULL DEFAULT 0;

-- Holds for what is written from now on; what is there is zero by its default and need not be read to know it.
ALTER TABLE lanes ADD CONSTRAINT lanes_postponed_check CHECK (held >= 0 AND scheduled >= 0) NOT VALID;

-- When somebody must look at them next. A table of its own, so that the messages need no further index.
CREATE TABLE postponements (
    message_id uuid PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('scheduled', 'held')),
    -- The scheduled time; of held ones the time when they are given up.
    look_at timestamptz NOT NULL,
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX postponements_due_idx ON postponements (look_at, message_id);
CREATE INDEX postponements_conversation_idx ON postponements (conversation_id, message_id);
