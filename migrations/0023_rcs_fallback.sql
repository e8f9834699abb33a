-- RCS does not reach every phone: the inbox for texts that takes over then, and which attempts went through it.

ALTER TABLE inboxes
    -- Whom this inbox's channel does not reach is written to through that one. Set when the inbox is connected, and not changed.
    ADD COLUMN fallback_inbox_id uuid,
    ADD CONSTRAINT inboxes_fallback_fkey FOREIGN KEY (organization_id, fallback_inbox_id)
        REFERENCES inboxes (organization_id, id) NOT VALID;
ALTER TABLE inboxes VALIDATE CONSTRAINT inboxes_fallback_fkey;

ALTER TABLE attempts
    -- The inbox that it went through, where that is another than the conversation's.
    ADD COLUMN inbox_id uuid;
