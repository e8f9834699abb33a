-- Telling people: what each wants to be told, how far the event log has been read, and each email.

-- Without a row, everything is on.
CREATE TABLE notification_preferences (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    assignments boolean NOT NULL DEFAULT true,
    messages boolean NOT NULL DEFAULT true,
    -- The way there; off means no email at all.
    email boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
);

-- The last number of each organization's event log that was read. Whoever reads on holds the row's lock.
CREATE TABLE notification_cursors (
    organization_id uuid PRIMARY KEY,
    seq bigint NOT NULL
) WITH (fillfactor = 50);

-- Nobody is told of what happened before there were notifications.
INSERT INTO notification_cursors (organization_id, seq) SELECT organization_id, last_seq FROM event_sequences;

-- One row for each email. It collects while it waits; what happens after it was begun goes into the next one.
--
--   waiting ──due──▶ sending ──▶ sent, failed, or dropped because there was nothing left to tell
--                     └──▶ sending, due again later, unless another waits by then
--
-- No reference to the conversation: its row is locked by every message, and a row without one is dropped.
CREATE TABLE notifications (
    -- Also the email's Message-ID, the same at each try.
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'dropped')),
    -- Whether it tells of the assignment, of messages (then the newest one), or of both.
    assigned boolean NOT NULL,
    message_id uuid,
    -- When to send it; while it is being sent, when another process may.
    due_at timestamptz NOT NULL,
    -- Tries begun; the record of an earlier one moves nothing.
    attempts int NOT NULL DEFAULT 0,
    -- Why the last try failed or the end was not 'sent', as a word, and in the mail server's words.
    reason text,
    detail text CHECK (length(detail) <= 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK (assigned OR message_id IS NOT NULL),
    CHECK ((state IN ('sent', 'failed', 'dropped')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('failed', 'dropped') OR reason IS NOT NULL),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
) WITH (fillfactor = 85);

-- A burst is one email.
CREATE UNIQUE INDEX notifications_waiting_key ON notifications (conversation_id, user_id) WHERE state = 'waiting';
CREATE INDEX notifications_due_idx ON notifications (due_at) WHERE ended_at IS NULL;
CREATE INDEX notifications_ended_idx ON notifications (ended_at) WHERE ended_at IS NOT NULL;
