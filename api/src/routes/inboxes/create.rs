//! `POST /v1/inboxes`: proves access to the account at the provider, then connects its numbers, all or none.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use common::channels::Channel;
use common::channels::whatsapp::account::PhoneNumberInfo;
use common::db::connections::{self, Connection};
use common::db::idempotency::Answer;
use common::db::inboxes::{self, NewInbox, NewPhoneNumber, RESOURCE_KEY};
use common::domain::ids::ConnectionId;
use common::domain::principal::Principal;
use common::problem::{FieldError, Problem};
use common::trace::TraceId;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pages::{self, InstagramInbox, MessengerInbox, Pages};
use super::rcs::{self, RcsInbox};
use super::text::{self, TextInbox};
use super::{InboxView, NAME, already_connected, note_connected};
use crate::auth::{Allowed, rights::InboxCreate};
use crate::extract::{IdempotencyKey, Json, Object, Trace};
use crate::idempotency::{Once, Stopped};
use crate::provider;
use crate::state::AppState;
use crate::text::Checks;

/// Most ids of a list.
pub(super) const MOST: usize = 100;
/// Provider look-ups at once.
pub(super) const AT_ONCE: usize = 8;

/// The resources to connect: exactly one channel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "whatsapp": { "resourceIds": ["123456789012345"], "phoneNumberIds": ["112233445566778"] },
}))]
pub struct CreateInbox {
    /// WhatsApp numbers.
    #[schema(value_type = Option<WhatsAppInbox>)]
    whatsapp: Option<Object<WhatsAppInbox>>,
    /// Facebook pages.
    #[schema(value_type = Option<MessengerInbox>)]
    messenger: Option<Object<MessengerInbox>>,
    /// Instagram accounts.
    #[schema(value_type = Option<InstagramInbox>)]
    instagram: Option<Object<InstagramInbox>>,
    /// Numbers, short codes or names for texts.
    #[schema(value_type = Option<TextInbox>)]
    text: Option<Object<TextInbox>>,
    /// RCS agents.
    #[schema(value_type = Option<RcsInbox>)]
    rcs: Option<Object<RcsInbox>>,
}

/// WhatsApp numbers to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WhatsAppInbox {
    /// Business accounts that the numbers belong to; each needs a connection.
    #[schema(min_items = 1, max_items = 100)]
    resource_ids: Vec<String>,
    /// Ids of the numbers.
    #[schema(min_items = 1, max_items = 100)]
    phone_number_ids: Vec<String>,
}

/// The new inboxes.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInboxes {
    /// One for each number, in the order asked for.
    pub(super) inboxes: Vec<InboxView>,
}

/// Connect inboxes
///
/// Connects numbers of WhatsApp business accounts, Facebook pages, Instagram accounts, senders of texts, or RCS agents, all or none.
/// Each account needs a connection, and the provider must list each number under one of the accounts, which proves that the
/// connection gives access to it. A page or Instagram account is proven by its token, which must be its own, and its webhooks are
/// subscribed to; an agent by its service account, which must be let use it. Names and short codes for texts are in no such list:
/// they belong to the account with the messaging service, or to the only one
/// connected.
#[utoipa::path(
    post, path = "/v1/inboxes", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:create"]))),
    request_body = CreateInbox,
    responses(
        (status = 200, description = "Connected", body = CreatedInboxes),
        (status = 502, description = "The provider cannot be asked right now (`provider_unavailable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn create_inboxes(
    caller: Allowed<InboxCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateInbox>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/inboxes", key, &body);
    once.answer(&state.pool, create(&state, &caller, &once, input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: CreateInbox,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let asked = match the_one_channel(input)? {
        Asked::Whatsapp(asked) => asked,
        Asked::Pages(asked) => return pages::create(state, caller, once, &asked, trace).await,
        Asked::Text(asked) => return text::create(state, caller, once, &asked, trace).await,
        Asked::Rcs(asked) => return rcs::create(state, caller, once, &asked, trace).await,
    };
    check(&asked)?;
    let connections = connections_of(state, caller, &asked.resource_ids).await?;
    let numbers = numbers_of(state, connections, &asked.phone_number_ids).await?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let mut created = Vec::with_capacity(numbers.len());
    for number in &numbers {
        created.push(connect(&tx, caller, number, trace).await?);
    }
    let answer = once.fill(&tx, StatusCode::OK, &CreatedInboxes { inboxes: created }, None).await?;
    tx.commit().await?;
    Ok(answer)
}

/// What is asked for.
enum Asked {
    Whatsapp(WhatsAppInbox),
    Pages(Pages),
    Text(TextInbox),
    Rcs(RcsInbox),
}

/// The channel that is asked for, if it is exactly one that is supported.
fn the_one_channel(input: CreateInbox) -> Result<Asked, Problem> {
    let refused = |detail: &str, field: &str, message: &str| {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unsupported_channel", detail);
        Err(problem.field(field, "unsupported_channel", message))
    };
    let channels = [
        ("whatsapp", input.whatsapp.is_some()),
        ("text", input.text.is_some()),
        ("messenger", input.messenger.is_some()),
        ("instagram", input.instagram.is_some()),
        ("rcs", input.rcs.is_some()),
    ];
    let mut named = channels.into_iter().filter_map(|(name, given)| given.then_some(name));
    let first = named.next();
    if let (Some(first), Some(other)) = (first, named.next()) {
        return refused("A request connects one channel", other, &format!("must not come with {first}"));
    }
    let asked = [
        input.whatsapp.map(|asked| Asked::Whatsapp(asked.0)),
        input.messenger.map(|asked| Asked::Pages(asked.0.into())),
        input.instagram.map(|asked| Asked::Pages(asked.0.into())),
        input.text.map(|asked| Asked::Text(asked.0)),
        input.rcs.map(|asked| Asked::Rcs(asked.0)),
    ];
    match (asked.into_iter().flatten().next(), first) {
        (Some(asked), _) => Ok(asked),
        (None, Some(name)) => {
            let detail = "The channel is not supported; connect whatsapp, messenger, instagram, text or rcs";
            refused(detail, name, "is not supported")
        }
        (None, None) => {
            refused("The request names no channel", "whatsapp", "is needed: one channel must be named")
        }
    }
}

fn check(asked: &WhatsAppInbox) -> Result<(), Problem> {
    let mut checks = Checks::default();
    for (name, ids) in [("resourceIds", &asked.resource_ids), ("phoneNumberIds", &asked.phone_number_ids)] {
        let field = format!("whatsapp.{name}");
        checks.ensure(
            (1..=MOST).contains(&ids.len()),
            &field,
            "length",
            &format!("must have 1 to {MOST} ids"),
        );
        for (index, id) in ids.iter().enumerate().take(MOST) {
            let field = format!("{field}[{index}]");
            checks.digits(&field, id);
            checks.ensure(!ids[..index].contains(id), &field, "duplicate", "is there already");
        }
    }
    checks.finish()
}

async fn connections_of(
    state: &AppState,
    caller: &Principal,
    resources: &[String],
) -> Result<Vec<Connection>, Problem> {
    let client = state.db().await?;
    let found =
        connections::list_by_external_id(&client, caller.organization, Channel::Whatsapp, resources).await?;
    let missing = |(index, resource): (usize, &String)| {
        let known = found.iter().any(|connection| connection.external_id == *resource);
        (!known).then(|| field_error("resourceIds", index, "no_connection", "has no connection"))
    };
    let errors: Vec<FieldError> = resources.iter().enumerate().filter_map(missing).collect();
    if errors.is_empty() {
        return Ok(found);
    }
    let detail = "There is no connection to this account; create it first";
    Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_connection", detail) })
}

/// A number with the connection that gives access to it.
struct Number {
    connection: ConnectionId,
    info: PhoneNumberInfo,
}

/// The numbers asked for, in that order, as the provider lists them.
async fn numbers_of(
    state: &AppState,
    connections: Vec<Connection>,
    asked: &[String],
) -> Result<Vec<Number>, Problem> {
    let lists = stream::iter(connections.into_iter().map(|connection| async move {
        let numbers = provider::phone_numbers(state, &connection).await?;
        Ok::<_, Problem>(numbers.into_iter().map(move |info| Number { connection: connection.id, info }))
    }));
    let lists: Vec<_> = lists.buffer_unordered(AT_ONCE).try_collect().await?;
    let mut listed: HashMap<String, Number> =
        lists.into_iter().flatten().map(|number| (number.info.id.clone(), number)).collect();
    let (mut numbers, mut errors) = (Vec::new(), Vec::new());
    for (index, id) in asked.iter().enumerate() {
        match listed.remove(id) {
            Some(number) => numbers.push(number),
            None => errors.push(field_error(
                "phoneNumberIds",
                index,
                "not_in_account",
                "is not listed by the provider",
            )),
        }
    }
    if errors.is_empty() {
        return Ok(numbers);
    }
    let detail = "The provider does not list this number under the account";
    Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_in_account", detail) })
}

fn field_error(list: &str, index: usize, code: &str, message: &str) -> FieldError {
    FieldError { field: format!("whatsapp.{list}[{index}]"), code: code.into(), message: message.into() }
}

async fn connect(
    tx: &deadpool_postgres::Transaction<'_>,
    caller: &Principal,
    number: &Number,
    trace: TraceId,
) -> Result<InboxView, Stopped> {
    let info = &number.info;
    let name = info.verified_name.as_deref().filter(|name| !name.trim().is_empty());
    let name: String = name.unwrap_or(&info.display_phone_number).chars().take(NAME).collect();
    let new = NewInbox {
        connection: number.connection,
        channel: Channel::Whatsapp,
        external_id: &info.id,
        name: if name.is_empty() { &info.id } else { &name },
        created_by: caller.user,
    };
    let inserted = inboxes::insert(tx, caller.organization, new).await;
    let inbox = inserted.map_err(|error| match error.constraint() {
        Some(RESOURCE_KEY) => already_connected(&info.id, "whatsapp.phoneNumberIds"),
        _ => error.into(),
    })?;
    let stored = NewPhoneNumber {
        provider_id: &info.id,
        display_phone_number: &info.display_phone_number,
        verified_name: info.verified_name.as_deref(),
    };
    inboxes::insert_phone_number(tx, caller.organization, inbox.id, stored).await?;
    note_connected(tx, caller, &inbox, trace).await?;
    Ok(inbox.into())
}
