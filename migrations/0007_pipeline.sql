-- The machinery: outbox, duties, pacing, dead letters.

-- Pointers to work that is due now. A row goes away when the broker has confirmed its pointer.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    part smallint NOT NULL,
    -- Routing key of the queue, such as outbound.whatsapp.first.
    route text NOT NULL,
    lane uuid NOT NULL,
    inbox_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (part, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Who holds a duty: an outbox partition (outbox.0 …), the scheduler, the sequencer and so on.
CREATE TABLE duties (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Processes that are alive; intake counts as healthy while an api is.
CREATE TABLE processes (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- One row: since when intake as a whole may be trusted to bring evidence.
CREATE TABLE intake_health (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    behind_at timestamptz NOT NULL DEFAULT now(),
    -- When somebody last looked: what nobody watched is not trusted.
    checked_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO intake_health DEFAULT VALUES;

-- How much of a sender's budget has been leased for the second that began at `second` (Unix time).
CREATE TABLE sender_budgets (
    inbox_id uuid PRIMARY KEY,
    second bigint NOT NULL,
    granted int NOT NULL
) WITH (fillfactor = 50);

-- What could not be worked off, for people to look at, replay or discard.
CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    organization_id uuid,
    -- 'queue' for a broker message, 'channel_event' for a row of that table.
    source text NOT NULL CHECK (source IN ('queue', 'channel_event')),
    route text NOT NULL,
    channel_event_id bigint,
    body bytea,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz,
    discarded_at timestamptz,
    CHECK ((source = 'channel_event') = (channel_event_id IS NOT NULL)),
    CHECK ((source = 'queue') = (body IS NOT NULL))
);

CREATE INDEX dead_letters_open_idx ON dead_letters (id) WHERE replayed_at IS NULL AND discarded_at IS NULL;
