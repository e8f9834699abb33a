//! Tests of the API over HTTP, on real PostgreSQL and RabbitMQ, with the sandbox as the provider. One file for each noun.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod access;
mod api_keys;
mod assignment;
mod bad_input;
mod channel_webhooks;
mod connections;
mod contact_standing;
mod contacts;
mod contents;
mod conversation_changes;
mod conversations;
mod customers;
mod documents;
mod following;
mod idempotency;
mod inboxes;
mod media;
mod messages;
mod notification_preferences;
mod outage;
mod plans;
mod postponed;
mod routing;
mod search;
mod second_thoughts;
mod seed_001;
mod seed_002;
mod starts;
mod support;
mod teams;
mod template_checks;
mod uploads;
mod users;
