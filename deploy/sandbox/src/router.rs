//! Every route of the sandbox, by who calls it.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, delete, get, patch, post};

use crate::control::{
    accounts, channels, contacts, events, faults, files, held, known_contacts, ledger, mail, settings, stats,
};
use crate::graph::{
    business_profile, media, message_templates, messages, node, phone_numbers, subscribed_apps,
};
use crate::pages::control as pages;
use crate::rcs::{control as rcs_control, create as rcs_create, phones, token};
use crate::sandbox::Sandbox;
use crate::text::{create, list, media as text_media, numbers};
use crate::web;

const LARGEST_UPLOAD: usize = 101 << 20;
const LARGEST_MESSAGE: usize = 1 << 20;
const LARGEST_CONTROL: usize = 64 << 20;

/// All routes.
pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    graph().merge(texts()).merge(rcs()).merge(control()).fallback(any(node::unsupported)).with_state(sandbox)
}

/// What the business calls: the provider's own API.
fn graph() -> Router<Arc<Sandbox>> {
    let subscribed_apps = post(subscribed_apps::subscribe)
        .get(subscribed_apps::list_subscriptions)
        .delete(subscribed_apps::unsubscribe);
    let upload = post(media::upload_media).layer(DefaultBodyLimit::max(LARGEST_UPLOAD));
    Router::new()
        .route("/{version}/{id}/messages", post(messages::send_message))
        .route("/{version}/{id}/phone_numbers", get(phone_numbers::list_phone_numbers))
        .route("/{version}/{id}/message_templates", get(message_templates::list_message_templates))
        .route("/{version}/{id}/subscribed_apps", subscribed_apps)
        .route(
            "/{version}/{id}/whatsapp_business_profile",
            get(business_profile::get_profile).post(business_profile::update_profile),
        )
        .route("/{version}/{id}", get(node::get_node).delete(node::delete_node).post(node::unsupported))
        .layer(DefaultBodyLimit::max(LARGEST_MESSAGE))
        .route("/{version}/{id}/media", upload)
        .route("/media/{id}", get(media::download_media))
}

/// What the business calls to send texts.
fn texts() -> Router<Arc<Sandbox>> {
    let messages = get(list::list_messages).post(create::create_message);
    let message = get(list::fetch_message).post(list::change_message).delete(list::delete_message);
    Router::new()
        .route("/2010-04-01/Accounts/{file}", get(numbers::fetch_account))
        .route("/2010-04-01/Accounts/{account}/Messages.json", messages)
        .route("/2010-04-01/Accounts/{account}/Messages/{message}", message)
        .route("/2010-04-01/Accounts/{account}/Messages/{message}/Media.json", get(text_media::list_media))
        .route("/2010-04-01/Accounts/{account}/Messages/{message}/Media/{file}", get(text_media::find_media))
        .route("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json", get(numbers::list_numbers))
        .route("/v1/Services/{service}", get(numbers::fetch_service))
        .route("/text-files/{id}", get(text_media::download_media))
        .layer(DefaultBodyLimit::max(LARGEST_MESSAGE))
}

/// What the business calls to write by RCS.
fn rcs() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/token", post(token::give_token))
        .route("/v1/phones/{phone}/agentMessages", post(rcs_create::create_message))
        .route("/v1/phones/{phone}/agentEvents", post(phones::create_event))
        .route("/v1/phones/{phone}/capabilities", get(phones::get_capabilities))
        .route("/rcs-files/{id}", get(text_media::download_media))
        .layer(DefaultBodyLimit::max(LARGEST_MESSAGE))
}

/// What tests and people call.
fn control() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/healthz", get(stats::get_health))
        .route("/phone", get(web::show_phone))
        .route("/assets/{version}/{*path}", get(web::asset))
        .route("/ledger", get(ledger::read_ledger).delete(ledger::clear_ledger))
        .route("/ledger/summary", get(ledger::summarise_ledger))
        .route("/mail", get(mail::list_mail).delete(mail::clear_mail))
        .route("/mail/page", get(web::show_mail))
        .route("/mail/{n}/html", get(mail::show_html))
        .route(
            "/mail/faults",
            get(mail::list_mail_faults).post(mail::create_mail_fault).delete(mail::delete_mail_faults),
        )
        .route("/contacts", get(known_contacts::list_contacts))
        .route("/contacts/{address}/messages", post(contacts::speak).get(contacts::list_messages))
        .route("/contacts/{address}/read", post(contacts::read_messages))
        .route("/control/accounts", get(accounts::list_accounts).post(accounts::put_account))
        .route("/control/accounts/{id}", patch(accounts::patch_account))
        .route("/control/text-accounts", get(numbers::list_accounts).post(numbers::put_account))
        .route("/control/text-accounts/{id}", patch(numbers::patch_account))
        .route("/control/rcs-agents", get(rcs_control::list_agents).post(rcs_control::put_agent))
        .route("/control/rcs-agents/{id}", patch(rcs_control::patch_agent))
        .route("/control/rcs-agents/{id}/service-account", get(rcs_control::get_service_account))
        .route("/control/rcs-tokens", delete(rcs_control::revoke_tokens))
        .route("/control/pages", get(pages::list_pages).post(pages::put_page))
        .route("/control/pages/{id}", patch(pages::patch_page))
        .route("/page-files/{id}", get(text_media::download_media))
        .route(
            "/control/faults",
            get(faults::list_faults).post(faults::create_fault).delete(faults::delete_faults),
        )
        .route("/control/channels", get(channels::list_channels))
        .route("/control/events", get(events::watch))
        .route("/control/files/{id}", get(files::download_file))
        .route("/control/faults/{id}", delete(faults::delete_fault))
        .route("/control/held", get(held::list_held).delete(held::release_held))
        .route("/control/settings", get(settings::get_settings).patch(settings::patch_settings))
        .route("/control/stats", get(stats::get_stats))
        .layer(DefaultBodyLimit::max(LARGEST_CONTROL))
}
