-- What contacts do besides writing: they react, edit, delete and change their numbers; and the business writes from its own phone.

ALTER TABLE messages
    -- What surrounds a message: that it was forwarded, the advertisement it came through. Null for nearly all.
    ADD COLUMN context jsonb,
    -- The provider's time of the newest edit, and of the deletion. `content` is then the newer one, or a mark.
    ADD COLUMN edited_at timestamptz,
    ADD COLUMN deleted_at timestamptz;

-- Not validated, which would read the whole table under a lock: every row there satisfies the narrower one that this replaces.
ALTER TABLE messages
    DROP CONSTRAINT messages_sender_type_check,
    ADD CONSTRAINT messages_sender_type_check
        CHECK (sender_type IN ('contact', 'user', 'apiKey', 'sharedLink', 'embed', 'businessApp')) NOT VALID;

ALTER TABLE conversations
    -- The address that the conversation began with, once replies go to another one: the lane of its channel events stays.
    ADD COLUMN lane_address text;

ALTER TABLE provider_ids
    -- Reactions that came before their message was recorded, oldest first.
    ADD COLUMN parked_reactions jsonb;
