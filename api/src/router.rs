//! Every route, by audience. The description of the API is generated from this page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::header;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::middleware::surround;
use crate::routes::{
    api_keys, audit, channel_webhooks, connections, contacts, conversations, customers, events, health,
    inbox_embeds, inboxes, media, messages, phone_numbers, shared_links, shared_pages, shared_sessions,
    teams, users, webhooks, whatsapp,
};
use crate::state::AppState;
use crate::{cors, openapi, problems, web};

/// Every operation, with its description.
pub fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::base())
        // Clients, by API key.
        .merge(setting_up())
        .merge(people())
        .merge(conversing())
        .merge(sharing())
        // Visitors, by the token of a link or embed, and then by that of a session.
        .routes(routes!(shared_sessions::create::create_shared_session))
        .routes(routes!(shared_sessions::get::get_shared_session, shared_sessions::end::end_shared_session))
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

/// What an organization sends and receives through.
fn setting_up() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(connections::list::list_connections, connections::create::create_connection))
        .routes(routes!(
            connections::get::get_connection,
            connections::update::update_connection,
            connections::delete::delete_connection
        ))
        .routes(routes!(inboxes::list::list_inboxes, inboxes::create::create_inboxes))
        .routes(routes!(
            inboxes::get::get_inbox,
            inboxes::update::update_inbox,
            inboxes::delete::delete_inbox
        ))
        .routes(routes!(inboxes::team::set_inbox_team, inboxes::team::clear_inbox_team))
        .routes(routes!(inboxes::templates::list_templates))
        .routes(routes!(whatsapp::phone_numbers::list_waba_phone_numbers))
        .routes(routes!(phone_numbers::list::list_phone_numbers))
        .routes(routes!(phone_numbers::get::get_phone_number, phone_numbers::update::update_phone_number))
        .routes(routes!(customers::list::list_customers, customers::create::create_customer))
        .routes(routes!(
            customers::get::get_customer,
            customers::update::update_customer,
            customers::delete::delete_customer
        ))
}

/// Who works with it.
fn people() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(teams::list::list_teams, teams::create::create_team))
        .routes(routes!(teams::get::get_team, teams::update::update_team, teams::delete::delete_team))
        .routes(routes!(teams::members::add_team_member, teams::members::remove_team_member))
        .routes(routes!(api_keys::list::list_api_keys, api_keys::create::create_api_key))
        .routes(routes!(
            api_keys::get::get_api_key,
            api_keys::update::update_api_key,
            api_keys::revoke::revoke_api_key
        ))
        .routes(routes!(api_keys::rotate::rotate_api_key))
        .routes(routes!(users::list::list_users, users::create::create_user))
        .routes(routes!(users::me::get_me, users::me::update_me))
        .routes(routes!(users::get::get_user, users::update::update_user, users::delete::delete_user))
        .routes(routes!(
            users::get_notification_preferences::get_my_notification_preferences,
            users::update_notification_preferences::update_my_notification_preferences
        ))
        .routes(routes!(
            users::get_notification_preferences::get_notification_preferences,
            users::update_notification_preferences::update_notification_preferences
        ))
}

/// What is said, and to whom.
fn conversing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
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
        // Pages of JSON shrink tenfold.
        .routes(routes!(conversations::list::list_conversations).layer(CompressionLayer::new()))
        .routes(routes!(conversations::get::get_conversation))
        .routes(routes!(messages::list::list_messages).layer(CompressionLayer::new()))
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
        // Read as a stream, with a limit of its own.
        .routes(routes!(media::upload::upload_media).layer(DefaultBodyLimit::disable()))
        .routes(routes!(media::get::get_media))
        .merge(events_out())
}

/// What is shared with people outside.
fn sharing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(shared_links::list::list_shared_links, shared_links::create::create_shared_link))
        .routes(routes!(
            shared_links::get::get_shared_link,
            shared_links::update::update_shared_link,
            shared_links::revoke::revoke_shared_link
        ))
        .routes(routes!(shared_links::rotate::rotate_shared_link))
        .routes(routes!(shared_links::sessions::list_link_sessions))
        .routes(routes!(shared_links::sessions::end_link_session))
        .routes(routes!(inbox_embeds::list::list_inbox_embeds, inbox_embeds::create::create_inbox_embed))
        .routes(routes!(
            inbox_embeds::get::get_inbox_embed,
            inbox_embeds::update::update_inbox_embed,
            inbox_embeds::revoke::revoke_inbox_embed
        ))
        .routes(routes!(inbox_embeds::sessions::list_embed_sessions))
        .routes(routes!(inbox_embeds::sessions::end_embed_session))
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
        .routes(routes!(audit::list::list_audit))
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
        .route("/shared/inbox/{token}", get(shared_pages::link::open_link))
        .route("/shared/inbox", get(shared_pages::link::go_on))
        .route("/embed/{token}", get(shared_pages::embed::open_embed))
        .route("/embed", get(shared_pages::embed::go_on))
        .route(web::ASSETS, get(web::asset).layer(CompressionLayer::new()))
        .merge(Router::from(documents))
        .layer(cors::layer(&state))
        .layer(from_fn(surround))
        .with_state(state)
}
