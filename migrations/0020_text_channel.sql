-- What texting needs: a messaging service that sends for a number, and contacts' own word against all messages.

ALTER TABLE inboxes
    -- The provider's messaging service that messages of this inbox go through, if one does; they keep the inbox's own sender.
    ADD COLUMN messaging_service_id text;

ALTER TABLE contacts
    -- The time of the newest word on messages altogether, in whichever direction: an older one changes nothing.
    ADD COLUMN opted_out_changed_at timestamptz;
