-- Teams that take new conversations in turn, inboxes that are gone, and keys that follow one another.
-- All of these tables are small.

ALTER TABLE teams
    -- How its new conversations find a person: they wait for somebody to take them, or go to its members in turn.
    ADD COLUMN mode text NOT NULL DEFAULT 'manual' CHECK (mode IN ('manual', 'roundRobin')),
    -- Whether it gets the new conversations of inboxes that have no team.
    ADD COLUMN fallback boolean NOT NULL DEFAULT false,
    -- Whose turn it was last. Moved under the row's lock, so that nobody is skipped and nobody comes twice.
    ADD COLUMN last_picked_id uuid,
    -- Conversations keep the id of the team that they went to.
    ADD COLUMN deleted_at timestamptz,
    ADD CHECK (deleted_at IS NULL OR NOT fallback);

DROP INDEX teams_name_key;
CREATE UNIQUE INDEX teams_name_key ON teams (organization_id, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX teams_fallback_key ON teams (organization_id) WHERE fallback;
CREATE INDEX team_members_user_idx ON team_members (organization_id, user_id);

-- Whether conversations may be given to them in turn.
ALTER TABLE users ADD COLUMN available boolean NOT NULL DEFAULT true;

ALTER TABLE inboxes
    -- A connection can go once its inboxes are gone; their history needs none.
    ALTER COLUMN connection_id DROP NOT NULL,
    -- When nothing was left to be sent through a deleted inbox.
    ADD COLUMN drained_at timestamptz,
    ADD CONSTRAINT inboxes_connection_check CHECK (connection_id IS NOT NULL OR deleted_at IS NOT NULL);

CREATE INDEX inboxes_draining_idx ON inboxes (id) WHERE deleted_at IS NOT NULL AND drained_at IS NULL;
-- A deleted inbox is still found by its resource, for what comes in about it afterwards.
CREATE INDEX inboxes_deleted_idx ON inboxes (channel, external_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- The key in whose place this one came.
ALTER TABLE api_keys ADD COLUMN replaces_id uuid;
