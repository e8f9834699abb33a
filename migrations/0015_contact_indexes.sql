-- outside a transaction
-- Each index is dropped first, for one that was interrupted stays behind and answers nothing.

-- Contacts by the beginning of their name, whatever its case.
DROP INDEX CONCURRENTLY IF EXISTS contacts_name_idx;
CREATE INDEX CONCURRENTLY contacts_name_idx ON contacts (organization_id, lower(name) COLLATE "C", id)
    WHERE name IS NOT NULL;

-- What was merged into a contact.
DROP INDEX CONCURRENTLY IF EXISTS contacts_merged_idx;
CREATE INDEX CONCURRENTLY contacts_merged_idx ON contacts (organization_id, merged_into) WHERE merged_into IS NOT NULL;

-- Contacts by address, on whichever inbox.
DROP INDEX CONCURRENTLY IF EXISTS contact_addresses_address_idx;
CREATE INDEX CONCURRENTLY contact_addresses_address_idx ON contact_addresses (organization_id, address);

-- A conversation's files.
DROP INDEX CONCURRENTLY IF EXISTS messages_media_idx;
CREATE INDEX CONCURRENTLY messages_media_idx ON messages (conversation_id, id)
    WHERE content ->> 'type' IN ('image', 'video', 'audio', 'document', 'sticker');
