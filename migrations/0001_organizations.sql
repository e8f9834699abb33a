-- Organizations (the tenant), the people in them, and how they prove who they are.
-- Every table that belongs to an organization has UNIQUE (organization_id, id), so that references carry the organization
-- along and can never cross tenants.

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email text NOT NULL CHECK (email LIKE '%_@_%' AND length(email) <= 320),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'agent')),
    avatar_url text,
    -- A removed user keeps their history; their keys stop working.
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);

CREATE UNIQUE INDEX users_email_key ON users (organization_id, lower(email));

CREATE TABLE teams (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);

CREATE UNIQUE INDEX teams_name_key ON teams (organization_id, lower(name));

CREATE TABLE team_members (
    organization_id uuid NOT NULL,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'agent')),
    -- Scopes narrow the role; an empty list means all that the role has.
    scopes text[] NOT NULL DEFAULT '{}',
    -- SHA-256 of the key; the key itself is shown once and stored nowhere.
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    hint text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
);

CREATE INDEX api_keys_user_idx ON api_keys (organization_id, user_id);

-- A customer of an organization: whoever its phone numbers serve.
CREATE TABLE customers (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    external_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);

CREATE UNIQUE INDEX customers_external_id_key ON customers (organization_id, external_id) WHERE external_id IS NOT NULL;

-- One row for each write that a person or program asked for. Insert-only.
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor_type text NOT NULL CHECK (actor_type IN ('apiKey', 'operator', 'sharedLink', 'embed')),
    -- The key, link or embed; null for the operator's command line.
    actor_id uuid,
    action text NOT NULL,
    resource_id uuid NOT NULL,
    trace_id uuid,
    -- What changed, without secrets, message text or addresses.
    detail jsonb
);

CREATE INDEX audit_log_organization_idx ON audit_log (organization_id, id);

-- The first answer to each request that named an Idempotency-Key; pruned after 24 hours.
CREATE TABLE idempotency_keys (
    credential_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of the body: the same key with another body is a conflict.
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    status smallint NOT NULL,
    -- The answer's body; sealed under the master key where it holds a secret.
    body bytea NOT NULL,
    sealed boolean NOT NULL DEFAULT false,
    location text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (credential_id, route, key)
);

CREATE INDEX idempotency_keys_created_idx ON idempotency_keys USING brin (created_at);
