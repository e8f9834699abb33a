//! Every route, by audience. The description of the API is generated from this page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::header;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::middleware::surround;
use crate::routes::{
    channel_webhooks, connections, contacts, conversations, events, health, inboxes, media, messages, users,
    webhooks,
};
use crate::state::AppState;
use crate::{openapi, problems};

/// Every operation, with its description.
pub fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::base())
        // Clients, by API key.
        .routes(routes!(connections::list::list_connections, connections::create::create_connection))
        .routes(routes!(connections::get::get_connection))
        .routes(routes!(inboxes::list::list_inboxes, inboxes::create::create_inboxes))
        .routes(routes!(inboxes::get::get_inbox))
        .routes(routes!(contacts::list::list_contacts))
        .routes(routes!(
            contacts::get::get_contact,
            contacts::update::update_contact,
            contacts::erase::erase_contact
        ))
        .routes(routes!(contacts::merge::merge_contact))
        .routes(routes!(contacts::block::block_contact))
        .routes(routes!(contacts::block::unblock_contact))
        .routes(routes!(contacts::opt_out::opt_out_contact))
        .routes(routes!(contacts::opt_out::opt_in_contact))
        .routes(routes!(contacts::conversations::list_contact_conversations))
        .routes(routes!(conversations::list::list_conversations))
        .routes(routes!(conversations::get::get_conversation))
        .routes(routes!(messages::list::list_messages))
        .routes(routes!(conversations::read::read_conversation))
        .routes(routes!(conversations::archive::archive_conversation))
        .routes(routes!(conversations::unarchive::unarchive_conversation))
        .routes(routes!(conversations::assignable_users::list_assignable_users))
        .routes(routes!(
            conversations::assign::assign_conversation,
            conversations::unassign::unassign_conversation
        ))
        .routes(routes!(messages::media::list_conversation_media))
        .routes(routes!(conversations::reply::reply_to_conversation))
        .routes(routes!(messages::start::start_conversation))
        .routes(routes!(messages::get::get_message))
        .routes(routes!(messages::cancel::cancel_message))
        .routes(routes!(messages::retry::retry_message))
        .routes(routes!(
            users::get_notification_preferences::get_my_notification_preferences,
            users::update_notification_preferences::update_my_notification_preferences
        ))
        .routes(routes!(
            users::get_notification_preferences::get_notification_preferences,
            users::update_notification_preferences::update_notification_preferences
        ))
        // Read as a stream, with a limit of its own.
        .routes(routes!(media::upload::upload_media).layer(DefaultBodyLimit::disable()))
        .routes(routes!(media::get::get_media))
        .merge(events_out())
        // Browsers and providers, by signed links.
        .routes(routes!(media::link::get_linked_media))
        // Channels, by their signatures.
        .routes(routes!(
            channel_webhooks::verify::verify_channel_webhook,
            channel_webhooks::receive::receive_channel_webhook
        ))
        // Whoever watches over the process.
        .routes(routes!(health::get_health))
        .routes(routes!(health::get_readiness))
}

/// Events on their way to clients.
fn events_out() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::list::list_webhooks, webhooks::create::create_webhook))
        .routes(routes!(
            webhooks::get::get_webhook,
            webhooks::update::update_webhook,
            webhooks::delete::delete_webhook
        ))
        .routes(routes!(webhooks::rotate_secret::rotate_webhook_secret))
        .routes(routes!(webhooks::test::test_webhook))
        .routes(routes!(webhooks::deliveries::list_webhook_deliveries))
        .routes(routes!(webhooks::delivery::get_webhook_delivery))
        .routes(routes!(webhooks::redeliver::redeliver_webhook))
        .routes(routes!(webhooks::replay::replay_webhook))
        .routes(routes!(webhooks::replay::get_webhook_replay))
        .routes(routes!(events::follow::follow_events))
}

/// The whole public listener.
pub fn build(state: AppState) -> Router {
    let description = state.openapi.clone();
    let description = move || async move { ([(header::CONTENT_TYPE, "application/json")], description) };
    let documents = SwaggerUi::new("/docs").config(Config::from("/openapi.json"));
    Router::from(operations())
        // People.
        .route("/openapi.json", get(description))
        .route("/docs/problems", get(async || Html(problems::page()).into_response()))
        .merge(Router::from(documents))
        .layer(from_fn(surround))
        .with_state(state)
}
