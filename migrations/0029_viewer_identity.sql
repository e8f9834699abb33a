-- Who looks at an embed, as the product that holds it proves by signed tokens. Only nullable columns and constant defaults.

ALTER TABLE inbox_embeds
    -- Public Ed25519 keys, each {"kid", "x"}; x as a JWK has it. Several, so that they can be rotated.
    ADD COLUMN viewer_keys jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(viewer_keys) = 'array'),
    -- Nobody gets in without such a token.
    ADD COLUMN require_viewer_identity boolean NOT NULL DEFAULT false;

ALTER TABLE shared_inbox_sessions
    -- The viewer's id in the product that holds the embed, and how people know the viewer.
    ADD COLUMN viewer_id text,
    ADD COLUMN viewer_name text,
    ADD COLUMN viewer_email text,
    -- The key that proved it, its x: the session ends when the embed has that key no more.
    ADD COLUMN viewer_key text,
    -- All that the viewer may do of what the embed permits; null for all of it.
    ADD COLUMN viewer_permissions text[],
    ADD CHECK ((viewer_id IS NULL) = (viewer_key IS NULL)),
    ADD CHECK (viewer_id IS NULL OR embed_id IS NOT NULL);

-- The viewer who sent a message through an embed.
ALTER TABLE messages ADD COLUMN sender_viewer_id text;
