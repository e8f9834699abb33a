-- How long logs are kept, and where each organization's event log now begins.

-- Days for which an organization's logs are kept, where that is another number than the operator's settings have.
CREATE TABLE retention_policies (
    organization_id uuid PRIMARY KEY REFERENCES organizations (id),
    events_days int CHECK (events_days BETWEEN 1 AND 36500),
    deliveries_days int CHECK (deliveries_days BETWEEN 1 AND 36500),
    audit_days int CHECK (audit_days BETWEEN 1 AND 36500),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- The last number of each organization's event log that is no longer kept, and the latest time among those that are not. Whoever
-- purges locks the row; so does, shared, whoever asks for an old event to be posted again, so that it is still there then.
CREATE TABLE event_purges (
    organization_id uuid PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    at timestamptz
) WITH (fillfactor = 50);

-- Raw events that somebody may still replay are kept. The table is small.
CREATE INDEX dead_letters_channel_event_idx ON dead_letters (channel_event_id)
    WHERE channel_event_id IS NOT NULL AND replayed_at IS NULL AND discarded_at IS NULL;
