//! Every operation by method and path: its id names it in documents, spans and metrics.

use common::trace::TraceId;
use tracing::Span;

macro_rules! operations {
    ($($id:literal = $method:literal $path:literal,)+) => {
        /// Id, method and path of every operation.
        pub const ALL: &[(&str, &str, &str)] = &[$(($id, $method, $path)),+];

        /// The id of the operation that a matched path and method name.
        pub fn id(method: &str, path: &str) -> &'static str {
            // Answered like a GET, without the body.
            let method = if method == "HEAD" { "GET" } else { method };
            match (method, path) {
                $(($method, $path) => $id,)+
                _ => UNMATCHED,
            }
        }

        /// The span that an operation's work is done in.
        pub fn span(id: &str, trace: TraceId) -> Span {
            match id {
                $($id => tracing::info_span!(concat!("http.", $id), trace_id = %trace),)+
                _ => tracing::info_span!("http.unmatched", trace_id = %trace),
            }
        }
    };
}

/// The id of what is no operation: documents, and paths that there are not.
pub const UNMATCHED: &str = "unmatched";

operations! {
    "connections.create" = "POST" "/v1/connections",
    "connections.list" = "GET" "/v1/connections",
    "connections.get" = "GET" "/v1/connections/{id}",
    "connections.update" = "PATCH" "/v1/connections/{id}",
    "connections.delete" = "DELETE" "/v1/connections/{id}",
    "inboxes.create" = "POST" "/v1/inboxes",
    "inboxes.list" = "GET" "/v1/inboxes",
    "inboxes.get" = "GET" "/v1/inboxes/{id}",
    "inboxes.update" = "PATCH" "/v1/inboxes/{id}",
    "inboxes.delete" = "DELETE" "/v1/inboxes/{id}",
    "inboxes.set_team" = "PUT" "/v1/inboxes/{id}/team",
    "inboxes.clear_team" = "DELETE" "/v1/inboxes/{id}/team",
    "inboxes.templates" = "GET" "/v1/inboxes/{id}/whatsapp/templates",
    "whatsapp.phone_numbers" = "GET" "/v1/whatsapp/{wabaId}/phone-numbers",
    "phone_numbers.list" = "GET" "/v1/phone-numbers",
    "phone_numbers.get" = "GET" "/v1/phone-numbers/{id}",
    "phone_numbers.update" = "PATCH" "/v1/phone-numbers/{id}",
    "customers.create" = "POST" "/v1/customers",
    "customers.list" = "GET" "/v1/customers",
    "customers.get" = "GET" "/v1/customers/{id}",
    "customers.update" = "PATCH" "/v1/customers/{id}",
    "customers.delete" = "DELETE" "/v1/customers/{id}",
    "teams.create" = "POST" "/v1/teams",
    "teams.list" = "GET" "/v1/teams",
    "teams.get" = "GET" "/v1/teams/{id}",
    "teams.update" = "PATCH" "/v1/teams/{id}",
    "teams.delete" = "DELETE" "/v1/teams/{id}",
    "teams.add_member" = "PUT" "/v1/teams/{id}/members/{userId}",
    "teams.remove_member" = "DELETE" "/v1/teams/{id}/members/{userId}",
    "api_keys.create" = "POST" "/v1/api-keys",
    "api_keys.list" = "GET" "/v1/api-keys",
    "api_keys.get" = "GET" "/v1/api-keys/{id}",
    "api_keys.update" = "PATCH" "/v1/api-keys/{id}",
    "api_keys.revoke" = "DELETE" "/v1/api-keys/{id}",
    "api_keys.rotate" = "POST" "/v1/api-keys/{id}/rotate",
    "contacts.list" = "GET" "/v1/contacts",
    "contacts.get" = "GET" "/v1/contacts/{id}",
    "contacts.update" = "PATCH" "/v1/contacts/{id}",
    "contacts.erase" = "DELETE" "/v1/contacts/{id}",
    "contacts.merge" = "POST" "/v1/contacts/{id}/merge",
    "contacts.block" = "POST" "/v1/contacts/{id}/block",
    "contacts.unblock" = "POST" "/v1/contacts/{id}/unblock",
    "contacts.opt_out" = "POST" "/v1/contacts/{id}/opt-out",
    "contacts.opt_in" = "POST" "/v1/contacts/{id}/opt-in",
    "contacts.conversations" = "GET" "/v1/contacts/{id}/conversations",
    "conversations.list" = "GET" "/v1/conversations",
    "conversations.get" = "GET" "/v1/conversations/{chatId}",
    "conversations.reply" = "POST" "/v1/conversations/reply",
    "conversations.read" = "PATCH" "/v1/conversations/{chatId}/read",
    "conversations.archive" = "PATCH" "/v1/conversations/{chatId}/archive",
    "conversations.unarchive" = "PATCH" "/v1/conversations/{chatId}/unarchive",
    "conversations.assignable_users" = "GET" "/v1/conversations/assignable-users",
    "conversations.assign" = "POST" "/v1/conversations/{chatId}/assignee",
    "conversations.unassign" = "DELETE" "/v1/conversations/{chatId}/assignee",
    "messages.list" = "GET" "/v1/conversations/{chatId}/messages",
    "messages.start" = "POST" "/v1/messages",
    "messages.media" = "GET" "/v1/conversations/{chatId}/media",
    "messages.get" = "GET" "/v1/messages/{id}",
    "messages.cancel" = "POST" "/v1/messages/{id}/cancel",
    "messages.retry" = "POST" "/v1/messages/{id}/retry",
    "users.create" = "POST" "/v1/users",
    "users.list" = "GET" "/v1/users",
    "users.me" = "GET" "/v1/users/me",
    "users.update_me" = "PATCH" "/v1/users/me",
    "users.get" = "GET" "/v1/users/{id}",
    "users.update" = "PATCH" "/v1/users/{id}",
    "users.delete" = "DELETE" "/v1/users/{id}",
    "users.get_my_notification_preferences" = "GET" "/v1/users/me/notification-preferences",
    "users.update_my_notification_preferences" = "PATCH" "/v1/users/me/notification-preferences",
    "users.get_notification_preferences" = "GET" "/v1/users/{id}/notification-preferences",
    "users.update_notification_preferences" = "PATCH" "/v1/users/{id}/notification-preferences",
    "webhooks.list" = "GET" "/v1/webhooks",
    "webhooks.create" = "POST" "/v1/webhooks",
    "webhooks.get" = "GET" "/v1/webhooks/{id}",
    "webhooks.update" = "PATCH" "/v1/webhooks/{id}",
    "webhooks.delete" = "DELETE" "/v1/webhooks/{id}",
    "webhooks.rotate_secret" = "POST" "/v1/webhooks/{id}/rotate-secret",
    "webhooks.test" = "POST" "/v1/webhooks/{id}/test",
    "webhooks.deliveries" = "GET" "/v1/webhooks/{id}/deliveries",
    "webhooks.delivery" = "GET" "/v1/webhooks/{id}/deliveries/{deliveryId}",
    "webhooks.redeliver" = "POST" "/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver",
    "webhooks.replay" = "POST" "/v1/webhooks/{id}/replays",
    "webhooks.get_replay" = "GET" "/v1/webhooks/{id}/replays/{replayId}",
    "shared_links.create" = "POST" "/v1/shared-inbox-links",
    "shared_links.list" = "GET" "/v1/shared-inbox-links",
    "shared_links.get" = "GET" "/v1/shared-inbox-links/{id}",
    "shared_links.update" = "PATCH" "/v1/shared-inbox-links/{id}",
    "shared_links.revoke" = "DELETE" "/v1/shared-inbox-links/{id}",
    "shared_links.rotate" = "POST" "/v1/shared-inbox-links/{id}/rotate",
    "shared_links.sessions" = "GET" "/v1/shared-inbox-links/{id}/sessions",
    "shared_links.end_session" = "DELETE" "/v1/shared-inbox-links/{id}/sessions/{sessionId}",
    "inbox_embeds.create" = "POST" "/platform/v1/inbox_embeds",
    "inbox_embeds.list" = "GET" "/platform/v1/inbox_embeds",
    "inbox_embeds.get" = "GET" "/platform/v1/inbox_embeds/{id}",
    "inbox_embeds.update" = "PATCH" "/platform/v1/inbox_embeds/{id}",
    "inbox_embeds.revoke" = "DELETE" "/platform/v1/inbox_embeds/{id}",
    "inbox_embeds.sessions" = "GET" "/platform/v1/inbox_embeds/{id}/sessions",
    "inbox_embeds.end_session" = "DELETE" "/platform/v1/inbox_embeds/{id}/sessions/{session_id}",
    "shared_sessions.create" = "POST" "/v1/shared-inbox/sessions",
    "shared_sessions.get" = "GET" "/v1/shared-inbox/session",
    "shared_sessions.end" = "DELETE" "/v1/shared-inbox/session",
    "events.follow" = "GET" "/v1/events",
    "audit.list" = "GET" "/v1/audit",
    "media.create" = "POST" "/v1/media",
    "media.get" = "GET" "/v1/media/{id}",
    "media.link" = "GET" "/media/{signed}",
    "channel_webhooks.verify" = "GET" "/channels/{channel}/webhook",
    "channel_webhooks.receive" = "POST" "/channels/{channel}/webhook",
    "health.live" = "GET" "/healthz",
    "health.ready" = "GET" "/readyz",
}
