-- What providers say of inboxes, windows whose end was told, and emails to owners.
-- Defaults are constants, or the table is small: nothing here rewrites a large one.

ALTER TABLE inboxes
    -- What the last check found although the inbox sends: shown while its gate is open.
    ADD COLUMN found text[] NOT NULL DEFAULT '{}',
    -- When to ask the provider again.
    ADD COLUMN check_at timestamptz NOT NULL DEFAULT now() + interval '5 minutes';

CREATE INDEX inboxes_check_idx ON inboxes (channel, check_at) WHERE gate = 'open' AND deleted_at IS NULL;

-- How much of its pace a sender has while the provider says that its account nears a limit, and until when (Unix time).
ALTER TABLE sender_budgets
    ADD COLUMN percent int NOT NULL DEFAULT 100 CHECK (percent BETWEEN 1 AND 100),
    ADD COLUMN percent_until bigint NOT NULL DEFAULT 0;

-- The end of the reply window of which 'conversation.window_closing' has told.
ALTER TABLE conversations ADD COLUMN window_told timestamptz;

-- An email tells of a conversation, or of an endpoint that was disabled.
ALTER TABLE notifications
    ALTER COLUMN conversation_id DROP NOT NULL,
    ADD COLUMN webhook_id uuid,
    -- When the endpoint was disabled: enabled and disabled again, it is another matter.
    ADD COLUMN webhook_disabled_at timestamptz,
    DROP CONSTRAINT notifications_check,
    ADD CONSTRAINT notifications_subject_check CHECK (CASE WHEN webhook_id IS NULL
        THEN conversation_id IS NOT NULL AND (assigned OR message_id IS NOT NULL)
        ELSE conversation_id IS NULL AND message_id IS NULL AND webhook_disabled_at IS NOT NULL END) NOT VALID;
