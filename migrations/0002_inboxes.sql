-- Provider accounts, the inboxes connected through them, and their numbers.

CREATE TABLE connections (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    channel text NOT NULL CHECK (channel IN ('whatsapp', 'messenger', 'instagram', 'text', 'rcs')),
    -- The provider's id of the account: WhatsApp business account, page, account SID or agent.
    external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
    -- Replaces the provider's base address (a proxy, or the sandbox).
    api_url text,
    -- JSON of the channel's secrets, sealed under the master key with the row's id as context.
    credentials bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    CONSTRAINT connections_external_id_key UNIQUE (organization_id, channel, external_id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id)
);

CREATE TABLE inboxes (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    connection_id uuid NOT NULL,
    customer_id uuid,
    team_id uuid,
    channel text NOT NULL CHECK (channel IN ('whatsapp', 'messenger', 'instagram', 'text', 'rcs')),
    -- The provider's id of the resource that sends and receives: phone number id, page id and so on.
    external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- What the API shows as status.
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'degraded', 'disconnected')),
    reasons text[] NOT NULL DEFAULT '{}',
    -- The gate: closed while the provider refuses our credentials or account, half open while one message tries.
    gate text NOT NULL DEFAULT 'open' CHECK (gate IN ('open', 'half_open', 'closed')),
    gate_probe_at timestamptz,
    gate_failures int NOT NULL DEFAULT 0,
    -- What to do with an attempt whose outcome stays unknown.
    unknown_outcome text NOT NULL DEFAULT 'resend' CHECK (unknown_outcome IN ('resend', 'park')),
    -- Messages a second that this sender may send.
    pace int NOT NULL DEFAULT 80 CHECK (pace BETWEEN 1 AND 10000),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (organization_id, id),
    CHECK ((gate = 'open') = (gate_probe_at IS NULL)),
    FOREIGN KEY (organization_id, connection_id) REFERENCES connections (organization_id, id),
    FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id)
);

-- A resource belongs to one organization at a time.
CREATE UNIQUE INDEX inboxes_resource_key ON inboxes (channel, external_id) WHERE deleted_at IS NULL;
CREATE INDEX inboxes_organization_idx ON inboxes (organization_id, id) WHERE deleted_at IS NULL;
CREATE INDEX inboxes_connection_idx ON inboxes (connection_id);
CREATE INDEX inboxes_gate_idx ON inboxes (gate_probe_at) WHERE gate_probe_at IS NOT NULL;

CREATE TABLE phone_numbers (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    customer_id uuid,
    -- The provider's phone number id.
    provider_id text NOT NULL,
    display_phone_number text NOT NULL,
    verified_name text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    UNIQUE (inbox_id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes (organization_id, id),
    FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id)
);
