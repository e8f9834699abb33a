-- outside a transaction
-- Every filter of the conversation list by index, search, and read receipts.
-- Each statement can be repeated, for what was done before one of them failed stays done.

-- Trigrams of names and addresses, each organization's apart. Both extensions are trusted: the database's owner may create them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- The list of an organization, in either order.
DROP INDEX CONCURRENTLY IF EXISTS conversations_state_idx;
CREATE INDEX CONCURRENTLY conversations_state_idx ON conversations (organization_id, state, last_message_at, id);
DROP INDEX CONCURRENTLY IF EXISTS conversations_latest_idx;

-- Every narrower list is merged from its inboxes, each read in order: of all, of one person's or nobody's, of the unread.
DROP INDEX CONCURRENTLY IF EXISTS conversations_inbox_idx;
CREATE INDEX CONCURRENTLY conversations_inbox_idx ON conversations (inbox_id, state, last_message_at, id);
DROP INDEX CONCURRENTLY IF EXISTS conversations_assignee_idx;
CREATE INDEX CONCURRENTLY conversations_assignee_idx ON conversations
    (inbox_id, (coalesce(assignee_id, '00000000-0000-0000-0000-000000000000')), state, last_message_at, id);
DROP INDEX CONCURRENTLY IF EXISTS conversations_unread_idx;
CREATE INDEX CONCURRENTLY conversations_unread_idx ON conversations (inbox_id, state, last_message_at, id)
    WHERE unread_count > 0;

-- Written when a contact appears or is renamed, not with each message; a short pending list keeps that quick.
DROP INDEX CONCURRENTLY IF EXISTS contacts_search_idx;
CREATE INDEX CONCURRENTLY contacts_search_idx ON contacts USING gin (organization_id, name gin_trgm_ops)
    WITH (gin_pending_list_limit = 256);
DROP INDEX CONCURRENTLY IF EXISTS contact_addresses_search_idx;
CREATE INDEX CONCURRENTLY contact_addresses_search_idx ON contact_addresses
    USING gin (organization_id, address gin_trgm_ops) WITH (gin_pending_list_limit = 256);

-- The words of each message, written by the relay behind the event log: accepting a message does not wait for it.
-- Each word begins with the end of its organization's id, so that one organization's look-up never reads another's entries.
-- New rows gather in a short list that every look-up reads through, and go into the index together: a page that many of them
-- share is then written once.
CREATE TABLE IF NOT EXISTS message_search (
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    document tsvector NOT NULL,
    PRIMARY KEY (conversation_id, message_id)
);

DROP INDEX CONCURRENTLY IF EXISTS message_search_document_idx;
CREATE INDEX CONCURRENTLY message_search_document_idx ON message_search USING gin (document)
    WITH (gin_pending_list_limit = 512);

-- The last event of each organization whose message is in message_search.
CREATE TABLE IF NOT EXISTS search_progress (
    organization_id uuid PRIMARY KEY,
    seq bigint NOT NULL
) WITH (fillfactor = 50);

-- What the provider is still to be told: that a conversation has been read up to a message. One row for each conversation,
-- gone once it was told.
CREATE TABLE IF NOT EXISTS read_receipts (
    conversation_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    channel text NOT NULL,
    message_id uuid NOT NULL,
    provider_message_id text NOT NULL,
    trace_id uuid NOT NULL,
    -- Tries that failed, and when the next one is due.
    failures int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, conversation_id) REFERENCES conversations (organization_id, id)
);

CREATE INDEX IF NOT EXISTS read_receipts_due_idx ON read_receipts (channel, due_at);
