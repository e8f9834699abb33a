//! The handlers: one folder for each noun, one file for each verb.

pub mod api_keys;
pub mod audit;
pub mod channel_webhooks;
pub mod connections;
pub mod contacts;
pub mod conversations;
pub mod customers;
pub mod events;
pub mod health;
pub mod inbox_embeds;
pub mod inboxes;
pub mod media;
pub mod messages;
pub mod phone_numbers;
pub mod shared_links;
pub mod shared_pages;
pub mod shared_sessions;
pub mod teams;
pub mod users;
pub mod webhooks;
pub mod whatsapp;
