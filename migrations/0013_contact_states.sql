-- What an organization, or a contact, decides about contact: names, blocks, opt-outs, merges, erasure.

ALTER TABLE contacts
    -- Who gave the name: what a client set stays, whatever the contact's profile says later.
    ADD COLUMN name_source text NOT NULL DEFAULT 'channel',
    ADD COLUMN blocked_at timestamptz,
    -- Wants no messages at all, or no marketing.
    ADD COLUMN opted_out_at timestamptz,
    ADD COLUMN marketing_opted_out_at timestamptz,
    -- The time of the newest word on marketing, in whichever direction: an older one changes nothing.
    ADD COLUMN marketing_changed_at timestamptz,
    -- Merged away: this id stands for that contact. Never a chain: what leads here is led on by the merge.
    ADD COLUMN merged_into uuid,
    -- To be forgotten: nothing is shown or sent any more; the row stays, with nothing in it.
    ADD COLUMN erased_at timestamptz;

-- Not validated: the rows there are have the columns' defaults, and need not be read under a lock to know it.
ALTER TABLE contacts
    ADD CONSTRAINT contacts_name_source_check CHECK (name_source IN ('channel', 'client')) NOT VALID,
    ADD CONSTRAINT contacts_merged_into_fkey FOREIGN KEY (organization_id, merged_into)
        REFERENCES contacts (organization_id, id) NOT VALID,
    ADD CONSTRAINT contacts_blank_check CHECK ((merged_into IS NULL AND erased_at IS NULL)
        OR (name IS NULL AND avatar_url IS NULL AND attributes = '{}')) NOT VALID;

-- Conversations of a contact that is being forgotten are in no list, until they are gone. Every row satisfies the narrower
-- constraint that this replaces.
ALTER TABLE conversations
    DROP CONSTRAINT conversations_state_check,
    ADD CONSTRAINT conversations_state_check CHECK (state IN ('open', 'archived', 'erased')) NOT VALID;

-- Contacts that are being forgotten. Worked off in bounded steps; the row goes away with the last one.
CREATE TABLE erasures (
    contact_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    -- What was the contact's when it was marked: conversations, and digests of its addresses (lanes of channel events).
    conversations uuid[] NOT NULL,
    lane_keys uuid[] NOT NULL,
    -- 'queue': what waits is ended, what is in flight awaited · 'rows': messages and conversations ·
    -- 'channel_events', 'events': those tables are gone through, for they have no index that leads to a contact.
    stage text NOT NULL DEFAULT 'queue' CHECK (stage IN ('queue', 'rows', 'channel_events', 'events')),
    -- How far the stage's table has been gone through, up to where it is to be, and whether that has begun: it is read once
    -- for all who wait.
    reached bigint NOT NULL,
    last bigint NOT NULL,
    passing boolean NOT NULL DEFAULT false,
    -- Since when there may be anything of the contact.
    since timestamptz NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id)
);
