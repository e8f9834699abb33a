-- Inboxes shared with people outside: by link, or embedded in another product; and the sessions that these are exchanged for.
-- The new tables are small; media gets a column that is null for what is there.

CREATE TABLE shared_inbox_links (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    -- The one number whose inbox is shared.
    phone_number_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- What the visitor may do; nothing that is not listed.
    permissions text[] NOT NULL CHECK (cardinality(permissions) > 0),
    -- What the public URL is made from now; its signature is derived, and stored nowhere.
    rotation_id uuid NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, phone_number_id) REFERENCES phone_numbers (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id)
);

-- Every public URL that a link has had, so that an old one is recognized as such.
CREATE TABLE shared_inbox_link_rotations (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    link_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, link_id) REFERENCES shared_inbox_links (organization_id, id)
);

CREATE INDEX shared_inbox_link_rotations_link_idx ON shared_inbox_link_rotations (link_id);

CREATE TABLE inbox_embeds (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text CHECK (length(name) BETWEEN 1 AND 200),
    scope_type text NOT NULL CHECK (scope_type IN ('project', 'customer', 'phone_number')),
    customer_id uuid,
    phone_number_id uuid,
    -- Only what is assigned to this user is seen.
    assigned_user_id uuid,
    -- Who may show it in a frame; none listed means anybody.
    allowed_origins text[] NOT NULL DEFAULT '{}',
    default_mode text NOT NULL DEFAULT 'system' CHECK (default_mode IN ('system', 'light', 'dark')),
    permissions text[] NOT NULL CHECK (cardinality(permissions) > 0),
    -- SHA-256 of the token; the token itself is shown once and stored nowhere.
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    CHECK ((scope_type = 'customer') = (customer_id IS NOT NULL)),
    CHECK ((scope_type = 'phone_number') = (phone_number_id IS NOT NULL)),
    CONSTRAINT inbox_embeds_customer_fkey
        FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
    FOREIGN KEY (organization_id, phone_number_id) REFERENCES phone_numbers (organization_id, id),
    CONSTRAINT inbox_embeds_assigned_user_fkey
        FOREIGN KEY (organization_id, assigned_user_id) REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id)
);

-- A session's token proves its id, so that nothing of it is stored here.
CREATE TABLE shared_inbox_sessions (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    link_id uuid,
    embed_id uuid,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    CHECK (num_nonnulls(link_id, embed_id) = 1),
    FOREIGN KEY (organization_id, link_id) REFERENCES shared_inbox_links (organization_id, id),
    FOREIGN KEY (organization_id, embed_id) REFERENCES inbox_embeds (organization_id, id)
);

CREATE INDEX shared_inbox_sessions_link_idx ON shared_inbox_sessions (link_id, id) WHERE link_id IS NOT NULL;
CREATE INDEX shared_inbox_sessions_embed_idx ON shared_inbox_sessions (embed_id, id) WHERE embed_id IS NOT NULL;
CREATE INDEX shared_inbox_sessions_expires_idx ON shared_inbox_sessions (expires_at);

-- The link or embed through which a file was uploaded: its visitors may send no other.
ALTER TABLE media ADD COLUMN guest_id uuid;
