-- What the providers told us, as they told it, before anything is made of it.

-- One row for each message or status of a webhook. `id` is the stored order, in which a lane's rows are worked off.
CREATE TABLE channel_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message', 'status', 'other')),
    -- Digest of inbox and the contact's address: rows of one lane are worked off one after the other.
    lane_key uuid NOT NULL,
    payload jsonb NOT NULL,
    trace_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    processed_at timestamptz,
    -- Tries that failed; the row is set aside as a dead letter after a few.
    failures int NOT NULL DEFAULT 0,
    -- What became of it: applied, parked, duplicate, ignored, or dead with the reason.
    effect text
) WITH (fillfactor = 85);

CREATE INDEX channel_events_lane_idx ON channel_events (lane_key, id) WHERE processed_at IS NULL;

-- Deduplication: the first 128 bits of the SHA-256 of what makes an event unique. Small, and pruned by age.
CREATE TABLE channel_event_keys (
    inbox_id uuid NOT NULL,
    key uuid NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (inbox_id, key)
);

CREATE INDEX channel_event_keys_seen_idx ON channel_event_keys USING brin (seen_at);

-- Bodies that no rule of ours could take apart, whole: nothing is lost while someone finds out.
CREATE TABLE unparsed_webhooks (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL,
    -- The same body, repeated by the provider, is kept once.
    digest uuid NOT NULL UNIQUE,
    received_at timestamptz NOT NULL DEFAULT now()
);

-- How far the bodies that went through the fallback queue have been stored, by the process that put them there.
CREATE TABLE intake_progress (
    process_id uuid PRIMARY KEY,
    stored bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
