-- outside a transaction
-- Each index is dropped first, for one that was interrupted stays behind and answers nothing.

-- Reply windows whose end is still to be told. One that was told is not in it.
DROP INDEX CONCURRENTLY IF EXISTS conversations_window_idx;
CREATE INDEX CONCURRENTLY conversations_window_idx ON conversations (window_expires_at)
    WHERE window_told IS DISTINCT FROM window_expires_at;

-- One email for each owner and time that an endpoint is disabled.
DROP INDEX CONCURRENTLY IF EXISTS notifications_webhook_key;
CREATE UNIQUE INDEX CONCURRENTLY notifications_webhook_key ON notifications (webhook_id, webhook_disabled_at, user_id)
    WHERE webhook_id IS NOT NULL;

-- The audit log of one resource, one actor, one kind of action.
DROP INDEX CONCURRENTLY IF EXISTS audit_log_resource_idx;
CREATE INDEX CONCURRENTLY audit_log_resource_idx ON audit_log (organization_id, resource_id, id);
DROP INDEX CONCURRENTLY IF EXISTS audit_log_actor_idx;
CREATE INDEX CONCURRENTLY audit_log_actor_idx ON audit_log (organization_id, actor_id, id);
DROP INDEX CONCURRENTLY IF EXISTS audit_log_action_idx;
CREATE INDEX CONCURRENTLY audit_log_action_idx ON audit_log (organization_id, action, id);
