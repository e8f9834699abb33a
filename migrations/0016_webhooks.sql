-- Outbound webhooks: where events are posted to, each posting, and each try at one.

CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    description text CHECK (length(description) <= 500),
    -- Types of events, or '*' for all.
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
    -- Events of these inboxes only; none listed means every event.
    inbox_ids uuid[] NOT NULL DEFAULT '{}',
    -- JSON of further headers, sealed with the row's id as context; their names are shown.
    headers bytea,
    header_names text[] NOT NULL DEFAULT '{}',
    -- The header that takes the plain hex HMAC, if one is wanted.
    hex_signature_header text,
    -- Whether a conversation's events are posted one by one, each when the one before it has ended.
    ordered boolean NOT NULL DEFAULT false,
    -- The text of the secret, sealed with the row's id as context; the one before it signs too, for a while.
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_until timestamptz,
    -- The number of the last event before this endpoint was there.
    since_seq bigint NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text CHECK (disabled_reason IN ('request', 'gone', 'failing')),
    disabled_at timestamptz,
    -- Postings of it wait for their pruning.
    deleted_at timestamptz,
    -- Tries that failed since the last that did not, and since when.
    failures int NOT NULL DEFAULT 0,
    failing_since timestamptz,
    -- The endpoint asked for a pause.
    held_until timestamptz,
    -- A pointer is on its way, or a worker at work; after this, the sweep sends another.
    pointed_until timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (enabled = (disabled_reason IS NULL) AND enabled = (disabled_at IS NULL)),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id)
) WITH (fillfactor = 60);

-- One row for each event and endpoint. The event is read when it is posted, so that what was erased meanwhile is not told.
--
--   pending ──due──▶ sending ──▶ delivered, or failed after the last try
--      ▲               │
--      └── tried again ┘ ; a new round of tries begins when it is asked for
--
-- Whoever moves a row holds the lock of its endpoint.
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    -- The event's number; none of a test.
    seq bigint,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    conversation_id uuid,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'delivered', 'failed')),
    -- When to post it; while it is being posted, when another worker may; none while one of its conversation is before it.
    due_at timestamptz,
    -- Tries begun, and those of this round; the record of an earlier try moves nothing.
    attempts int NOT NULL DEFAULT 0,
    tries int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK ((state IN ('delivered', 'failed')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'sending' OR due_at IS NOT NULL),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, webhook_id) REFERENCES webhooks (organization_id, id)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX webhook_deliveries_event_key ON webhook_deliveries (webhook_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (webhook_id, due_at) WHERE ended_at IS NULL;
CREATE INDEX webhook_deliveries_sending_idx ON webhook_deliveries (webhook_id) WHERE state = 'sending';
-- Who is next of a conversation.
CREATE INDEX webhook_deliveries_line_idx ON webhook_deliveries (webhook_id, conversation_id, seq) WHERE ended_at IS NULL;
CREATE INDEX webhook_deliveries_list_idx ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_failed_idx ON webhook_deliveries (webhook_id, id) WHERE state = 'failed';
CREATE INDEX webhook_deliveries_conversation_idx ON webhook_deliveries (conversation_id);
CREATE INDEX webhook_deliveries_created_idx ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
    delivery_id uuid NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number int NOT NULL,
    started_at timestamptz NOT NULL,
    -- Nothing of what follows is there while nobody knows how it ended.
    ended_at timestamptz,
    outcome text,
    -- The HTTP status, the beginning of the body, and what went wrong otherwise.
    status smallint,
    response text CHECK (length(response) <= 2048),
    error text CHECK (length(error) <= 500),
    PRIMARY KEY (delivery_id, number)
);

-- The last number of each organization's event log from which postings were made. Whoever reads on holds the row's lock.
CREATE TABLE webhook_cursors (
    organization_id uuid PRIMARY KEY,
    seq bigint NOT NULL
) WITH (fillfactor = 50);

INSERT INTO webhook_cursors (organization_id, seq) SELECT organization_id, last_seq FROM event_sequences;

-- Events that are to be posted again, worked off bit by bit: those of a time, or whatever has failed.
CREATE TABLE webhook_replays (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('range', 'failed')),
    -- Of a range: its times, and the last number within it.
    from_time timestamptz,
    to_time timestamptz,
    last_seq bigint,
    -- How far it is: the number of an event, or a failed posting; and the last one there was.
    reached_seq bigint NOT NULL DEFAULT 0,
    reached_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    last_id uuid,
    queued bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK (kind <> 'range' OR (from_time IS NOT NULL AND to_time IS NOT NULL AND last_seq IS NOT NULL)),
    CHECK (kind <> 'failed' OR last_id IS NOT NULL),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, webhook_id) REFERENCES webhooks (organization_id, id)
);

CREATE INDEX webhook_replays_waiting_idx ON webhook_replays (id) WHERE ended_at IS NULL;
