-- The event log that webhooks, streams and notifications read.

CREATE TABLE events (
    -- Drawn under the conversation's lock, so that it follows the order of commits within a conversation.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    -- The organization's number, given after the commit by the one sequencer; readers follow it and never skip.
    seq bigint,
    type text NOT NULL,
    inbox_id uuid,
    conversation_id uuid,
    message_id uuid,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Never looked into here, only handed on: json is checked and kept as it is, which costs less than jsonb.
    payload json NOT NULL
) WITH (fillfactor = 85);

CREATE INDEX events_unnumbered_idx ON events (position) WHERE seq IS NULL;
CREATE UNIQUE INDEX events_seq_key ON events (organization_id, seq) WHERE seq IS NOT NULL;

-- The last number given in each organization.
CREATE TABLE event_sequences (
    organization_id uuid PRIMARY KEY,
    last_seq bigint NOT NULL
) WITH (fillfactor = 50);
