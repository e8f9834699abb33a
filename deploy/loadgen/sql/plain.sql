-- The plain tables of the first four limits, as a textbook has them: references are checked, a conversation's messages are
-- found by an index, and an outbox row carries what is to be published.
CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    last_message_id uuid,
    last_message_at timestamptz NOT NULL DEFAULT now(),
    next_position bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 80);

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations (id),
    direction text NOT NULL DEFAULT 'outbound' CHECK (direction IN ('inbound', 'outbound')),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'delivered', 'read', 'failed')),
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX messages_conversation_idx ON messages (conversation_id, created_at, id);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key uuid NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE timeline (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL,
    event text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE idempotency (
    key text PRIMARY KEY,
    answer bytea NOT NULL
);

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    payload jsonb NOT NULL
);

-- Time-ordered, as the product's ids are: random ones would spread the writes over every page of an index.
CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        || substring(uuid_send(gen_random_uuid()) FROM 7), 'hex')::uuid
$$;

-- PREFIX and COUNT are filled in: the ids of the conversations differ in their last twelve digits.
INSERT INTO conversations (id) SELECT ('PREFIX' || lpad(to_hex(n), 12, '0'))::uuid FROM generate_series(0, COUNT - 1) AS n;
