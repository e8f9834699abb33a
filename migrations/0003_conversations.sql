-- Contacts, their addresses, and conversations: one contact address on one inbox.

CREATE TABLE contacts (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text,
    avatar_url text,
    attributes jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);

-- A conversation row is what lists show. Its counters are kept on write; no list counts rows.
CREATE TABLE conversations (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    -- Where replies go: the provider's address of the contact.
    address text NOT NULL CHECK (length(address) BETWEEN 1 AND 255),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'archived')),
    unread_count int NOT NULL DEFAULT 0 CHECK (unread_count >= 0),
    assignee_id uuid,
    team_id uuid,
    last_message_id uuid,
    last_message_direction text CHECK (last_message_direction IN ('inbound', 'outbound')),
    last_message_preview text CHECK (length(last_message_preview) <= 200),
    last_message_at timestamptz NOT NULL DEFAULT now(),
    -- When free-form replies stop being allowed; null if the contact has never written.
    window_expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes (organization_id, id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, assignee_id) REFERENCES users (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id)
) WITH (fillfactor = 85);

CREATE INDEX conversations_latest_idx ON conversations (organization_id, last_message_at, id);
CREATE INDEX conversations_contact_idx ON conversations (organization_id, contact_id);

-- Every address that the provider links to a contact (phone number, business-scoped id) leads to one conversation.
CREATE TABLE contact_addresses (
    inbox_id uuid NOT NULL,
    address text NOT NULL CHECK (length(address) BETWEEN 1 AND 255),
    organization_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (inbox_id, address),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes (organization_id, id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id)
);

CREATE INDEX contact_addresses_conversation_idx ON contact_addresses (conversation_id);

-- The delivery state of a conversation. Its row lock is THE lock of the conversation: whoever writes one of its messages
-- holds it, and groups take locks in id order. Narrow, because it is rewritten for each step of each message.
--
--   idle ──accept──▶ admitted ──claim──▶ claimed ──sent, failed──▶ idle, or ready when more is queued
--     └──▶ ready ──admission──▶ admitted      ├──transient──▶ waiting ──due──▶ ready
--                                             └──no answer──▶ uncertain ──evidence, or due──▶ settled or ready
CREATE TABLE lanes (
    conversation_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'idle'
        CHECK (state IN ('idle', 'ready', 'admitted', 'claimed', 'waiting', 'uncertain')),
    -- The newest message in either direction; a new one's id is drawn above it under the lock.
    last_message_id uuid,
    -- Place that the next queued message takes.
    next_position bigint NOT NULL DEFAULT 1,
    -- Messages queued, the one in flight included.
    queued int NOT NULL DEFAULT 0 CHECK (queued >= 0),
    -- Generation of the claim; a record that carries an older one moves nothing.
    lease bigint NOT NULL DEFAULT 0,
    -- The attempt in flight or uncertain.
    attempt_id uuid,
    -- When the scheduler must look: retry due, lease end, evidence wait over, or admission to be repeated.
    due_at timestamptz,
    -- Since when the lane waits for admission, and whether it goes behind replies.
    ready_at timestamptz,
    bulk boolean NOT NULL DEFAULT false,
    -- Pacing of the pair (sender, contact): the theoretical arrival time of its next message.
    pair_tat timestamptz NOT NULL DEFAULT to_timestamp(0),
    CHECK ((state = 'idle') = (queued = 0)),
    CHECK ((state IN ('claimed', 'uncertain')) = (attempt_id IS NOT NULL)),
    CHECK ((state IN ('admitted', 'claimed', 'waiting', 'uncertain')) = (due_at IS NOT NULL)),
    CHECK ((state = 'ready') = (ready_at IS NOT NULL)),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id)
) WITH (fillfactor = 70);

CREATE INDEX lanes_due_idx ON lanes (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lanes_ready_idx ON lanes (inbox_id, bulk, ready_at) WHERE ready_at IS NOT NULL;
-- Lanes of an inbox that count against its sender's admission budget.
CREATE INDEX lanes_admitted_idx ON lanes (inbox_id) WHERE state IN ('admitted', 'claimed');
