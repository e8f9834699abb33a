-- Messages, the tries at delivering them, and the timeline that proves what happened.

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    status text NOT NULL CHECK (status IN ('pending', 'sent', 'delivered', 'read', 'failed')),
    content jsonb NOT NULL,
    sender_type text NOT NULL CHECK (sender_type IN ('contact', 'user', 'apiKey', 'sharedLink', 'embed')),
    sender_id uuid NOT NULL,
    sender_name text,
    reply_to uuid,
    reactions jsonb,
    -- The provider's time inbound, acceptance outbound.
    at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    provider_message_id text,
    client_reference text CHECK (length(client_reference) <= 255),
    failure jsonb,
    trace_id uuid NOT NULL,
    -- Queued for delivery at this place of its lane; null when inbound or settled.
    lane_position bigint,
    -- A manual retry begins a new generation of the same message.
    generation int NOT NULL DEFAULT 1,
    -- Tries recorded, and refused ones in a row (for the backoff), of this generation. A try in flight is in `attempts` alone.
    attempts int NOT NULL DEFAULT 0,
    failures int NOT NULL DEFAULT 0,
    expires_at timestamptz,
    CHECK (direction = 'outbound' OR lane_position IS NULL),
    CHECK (lane_position IS NULL OR status = 'pending'),
    CHECK (lane_position IS NULL OR expires_at IS NOT NULL),
    CHECK ((status = 'failed') = (failure IS NOT NULL)),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id)
) WITH (fillfactor = 90);

CREATE INDEX messages_conversation_idx ON messages (conversation_id, id);
CREATE UNIQUE INDEX messages_lane_key ON messages (conversation_id, lane_position) WHERE lane_position IS NOT NULL;

-- One row for each try, committed as 'sending' before the provider is called.
CREATE TABLE attempts (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    generation int NOT NULL,
    number int NOT NULL,
    -- The lane's lease under which it was begun.
    lease bigint NOT NULL,
    state text NOT NULL DEFAULT 'sending'
        CHECK (state IN ('sending', 'accepted', 'transient', 'refused', 'uncertain', 'abandoned')),
    worker text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    provider_message_id text,
    provider_code text,
    detail text,
    CONSTRAINT attempts_number_key UNIQUE (message_id, generation, number)
) WITH (fillfactor = 85);

-- Each thing that happened to a message, in order. Insert-only.
CREATE TABLE message_timeline (
    id bigint GENERATED ALWAYS AS IDENTITY,
    message_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event text NOT NULL,
    attempt int,
    detail jsonb,
    PRIMARY KEY (message_id, id)
);

-- Where the record of a send and the provider's statuses meet: both upsert the row, and whoever comes second applies
-- what it finds. Inbound messages are here too, which makes their ids unique and quotes resolvable.
CREATE TABLE provider_ids (
    inbox_id uuid NOT NULL,
    provider_id text NOT NULL CHECK (length(provider_id) BETWEEN 1 AND 255),
    -- Null while only statuses have been seen.
    message_id uuid,
    conversation_id uuid,
    -- Statuses that came before the record, oldest first.
    parked jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (inbox_id, provider_id),
    CHECK ((message_id IS NULL) = (conversation_id IS NULL))
);

CREATE INDEX provider_ids_parked_idx ON provider_ids (created_at) WHERE message_id IS NULL;
