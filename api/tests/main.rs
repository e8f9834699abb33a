//! Tests of the API over HTTP, on real PostgreSQL and RabbitMQ, with the sandbox as the provider. One file for each noun.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod access;
mod assignment;
mod bad_input;
mod channel_webhooks;
mod connections;
mod contacts;
mod contents;
mod conversation_changes;
mod conversations;
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
mod search;
mod seed_001;
mod starts;
mod support;
mod texts;
mod uploads;
