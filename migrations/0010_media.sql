-- Files: uploads of clients and what contacts sent. Their bytes lie in a store of objects, on disk or S3.

CREATE TABLE media (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    -- 'pending': a contact's file that is still to be fetched; uploads are 'ready' from the start.
    state text NOT NULL CHECK (state IN ('pending', 'ready', 'failed')),
    -- Where the bytes lie in the store.
    object_key text,
    filename text CHECK (length(filename) <= 255),
    mime_type text NOT NULL CHECK (length(mime_type) BETWEEN 1 AND 255),
    size bigint CHECK (size >= 0),
    sha256 bytea CHECK (length(sha256) = 32),
    -- What a contact's file is fetched for, and what its provider calls it.
    inbox_id uuid,
    conversation_id uuid,
    message_id uuid,
    provider_media_id text,
    provider_sha256 text,
    -- Tries begun; also the generation of the claim: the record of an older one changes nothing.
    attempts int NOT NULL DEFAULT 0,
    -- Nobody may claim it before: it is claimed, or waits after a failed try.
    not_before timestamptz,
    -- When the relay sends a pointer to it: at once, when a retry is due or a claim's lease is over, and again when nobody took
    -- the last one. Null once it is done.
    due_at timestamptz,
    failure text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When retention looks next whether a message still refers to it.
    look_at timestamptz NOT NULL DEFAULT now() + interval '30 days',
    UNIQUE (organization_id, id),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'ready') = (object_key IS NOT NULL)),
    CHECK (state <> 'ready' OR (size IS NOT NULL AND sha256 IS NOT NULL)),
    CHECK ((state = 'failed') = (failure IS NOT NULL)),
    CHECK (state = 'ready' OR (message_id IS NOT NULL AND provider_media_id IS NOT NULL
        AND inbox_id IS NOT NULL AND conversation_id IS NOT NULL))
) WITH (fillfactor = 85);

CREATE INDEX media_due_idx ON media (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX media_look_idx ON media (look_at);

-- Which messages refer to which files. Written with the message, which names no file of another organization.
CREATE TABLE message_media (
    organization_id uuid NOT NULL,
    media_id uuid NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (media_id, message_id),
    FOREIGN KEY (organization_id, media_id) REFERENCES media (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX message_media_message_idx ON message_media (message_id);

-- Objects that no row of media answers for: being written, or to be deleted. The row goes away in the transaction that makes
-- the object known, or once the object is gone; so whatever dies in between leaves no object behind for ever.
CREATE TABLE stray_objects (
    object_key text PRIMARY KEY,
    delete_after timestamptz NOT NULL
);

CREATE INDEX stray_objects_delete_idx ON stray_objects (delete_after);
