//! `POST /v1/inboxes` for texts: finds the account of each sender at the provider, then connects them, all or none.

use common::channels::Channel;
use common::channels::text::account::Caller;
use common::channels::text::addresses::{self, SenderKind};
use common::db::connections::{self, Connection};
use common::db::idempotency::Answer;
use common::db::inboxes::{self, NewInbox, NewPhoneNumber, RESOURCE_KEY, Sending};
use common::domain::principal::Principal;
use common::problem::{FieldError, Problem};
use common::trace::TraceId;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::{AT_ONCE, CreatedInboxes, MOST};
use super::{InboxView, NAME, already_connected, note_connected};
use crate::idempotency::{Once, Stopped};
use crate::provider;
use crate::state::AppState;
use crate::text::Checks;

/// Senders of texts to connect: phone numbers, or short codes and names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "phoneNumbers": ["+15551234567"] }))]
pub struct TextInbox {
    /// Phone numbers, each with its plus sign and country code.
    #[serde(default)]
    #[schema(max_items = 100)]
    phone_numbers: Vec<String>,
    /// Short codes, and names of up to eleven letters and digits, which contacts cannot answer.
    #[serde(default)]
    #[schema(max_items = 100)]
    sender_ids: Vec<String>,
    /// The messaging service to send through.
    messaging_service_id: Option<String>,
}

/// A sender with the connection that gives access to it.
struct Found {
    /// Which of the accounts.
    account: usize,
    sender: String,
    kind: SenderKind,
    /// The provider's id of a phone number.
    number_id: Option<String>,
    name: Option<String>,
}

/// Connects what is asked for.
pub(super) async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    asked: &TextInbox,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    check(asked)?;
    let connections = {
        let client = state.db().await?;
        connections::list_by_channel(&client, caller.organization, Channel::Text, MOST as i64).await?
    };
    let accounts = open(state, connections, asked).await?;
    let mut found = numbers(state, &accounts, asked).await?;
    found.extend(names(&accounts, asked)?);
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let mut created = Vec::with_capacity(found.len());
    let service = asked.messaging_service_id.as_deref();
    for found in &found {
        let connection = &accounts[found.account].connection;
        created.push(connect(&tx, caller, (connection, found), service, trace).await?);
    }
    let answer = once.fill(&tx, StatusCode::OK, &CreatedInboxes { inboxes: created }, None).await?;
    tx.commit().await?;
    Ok(answer)
}

fn check(asked: &TextInbox) -> Result<(), Problem> {
    let mut checks = Checks::default();
    let number = asked.phone_numbers.len() + asked.sender_ids.len();
    let message = format!("must have 1 to {MOST} numbers, counted with senderIds");
    checks.ensure((1..=MOST).contains(&number), "text.phoneNumbers", "length", &message);
    for (index, number) in asked.phone_numbers.iter().enumerate().take(MOST) {
        let field = format!("text.phoneNumbers[{index}]");
        let message = "must be a phone number with its plus sign and country code";
        checks.ensure(addresses::is_e164(number), &field, "invalid", message);
        checks.ensure(
            !asked.phone_numbers[..index].contains(number),
            &field,
            "duplicate",
            "is there already",
        );
    }
    for (index, name) in asked.sender_ids.iter().enumerate().take(MOST) {
        let field = format!("text.senderIds[{index}]");
        let kind = addresses::sender_kind(name);
        let fits = matches!(kind, Some(SenderKind::ShortCode | SenderKind::Name));
        let message =
            "must be a short code of 3 to 6 digits, or a name of up to 11 letters, digits and spaces";
        checks.ensure(fits, &field, "invalid", message);
        checks.ensure(!asked.sender_ids[..index].contains(name), &field, "duplicate", "is there already");
    }
    if let Some(service) = &asked.messaging_service_id {
        checks.sid("text.messagingServiceId", service, "MG");
    }
    checks.finish()
}

/// A connected account.
struct Account {
    connection: Connection,
    caller: Caller,
}

/// The accounts that senders may belong to: all that are connected, or those with the messaging service.
async fn open(
    state: &AppState,
    connections: Vec<Connection>,
    asked: &TextInbox,
) -> Result<Vec<Account>, Problem> {
    if connections.is_empty() {
        let (detail, field) = ("There is no connection for texts; create it first", first_field(asked));
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_connection", detail);
        return Err(problem.field(field, "no_connection", "belongs to no account that is connected"));
    }
    let mut accounts = Vec::new();
    for connection in connections {
        let caller = provider::text_caller(state, &connection)?;
        if let Some(service) = &asked.messaging_service_id {
            let base = provider::services_base(state, connection.api_url.as_deref())?;
            let has = caller.has_service(&state.http, &base, service).await;
            if !has.map_err(|error| provider::problem(&error, "text.messagingServiceId"))? {
                continue;
            }
        }
        accounts.push(Account { connection, caller });
    }
    if accounts.is_empty() {
        let detail = "No connected account has this messaging service";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_in_account", detail);
        return Err(problem.field("text.messagingServiceId", "not_in_account", "is in no connected account"));
    }
    Ok(accounts)
}

fn first_field(asked: &TextInbox) -> &'static str {
    if asked.phone_numbers.is_empty() { "text.senderIds" } else { "text.phoneNumbers" }
}

/// The phone numbers asked for, in that order, each with the account that has it.
async fn numbers(state: &AppState, accounts: &[Account], asked: &TextInbox) -> Result<Vec<Found>, Problem> {
    let numbers = asked.phone_numbers.clone().into_iter();
    let lookups = numbers.map(|number| async move { find_number(state, accounts, &number).await });
    let looked_up: Vec<Option<Found>> = stream::iter(lookups).buffered(AT_ONCE).try_collect().await?;
    let missing = |(index, found): (usize, &Option<Found>)| {
        let field = format!("text.phoneNumbers[{index}]");
        let message = "is not listed by the provider".to_owned();
        found.is_none().then(|| FieldError { field, code: "not_in_account".into(), message })
    };
    let errors: Vec<FieldError> = looked_up.iter().enumerate().filter_map(missing).collect();
    if errors.is_empty() {
        return Ok(looked_up.into_iter().flatten().collect());
    }
    let detail = "The provider does not list this number under a connected account";
    Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_in_account", detail) })
}

async fn find_number(state: &AppState, accounts: &[Account], number: &str) -> Result<Option<Found>, Problem> {
    for (place, account) in accounts.iter().enumerate() {
        let asked = account.caller.number(&state.http, number).await;
        let Some(info) = asked.map_err(|error| provider::problem(&error, "text.phoneNumbers"))? else {
            continue;
        };
        return Ok(Some(Found {
            account: place,
            kind: addresses::sender_kind(&info.number).unwrap_or(SenderKind::Number),
            sender: info.number,
            number_id: Some(info.sid),
            name: info.name,
        }));
    }
    Ok(None)
}

/// Short codes and names, of the only account that they can belong to.
fn names(accounts: &[Account], asked: &TextInbox) -> Result<Vec<Found>, Problem> {
    if accounts.len() > 1 && !asked.sender_ids.is_empty() {
        let detail =
            "Several accounts may have these senders; name a messagingServiceId of the one that does";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_connection", detail);
        return Err(problem.field("text.senderIds", "ambiguous", "may belong to several connected accounts"));
    }
    let found = |sender: &String| {
        let kind = addresses::sender_kind(sender).unwrap_or(SenderKind::Name);
        Found { account: 0, sender: sender.clone(), kind, number_id: None, name: None }
    };
    Ok(asked.sender_ids.iter().map(found).collect())
}

async fn connect(
    tx: &deadpool_postgres::Transaction<'_>,
    caller: &Principal,
    (connection, found): (&Connection, &Found),
    service: Option<&str>,
    trace: TraceId,
) -> Result<InboxView, Stopped> {
    let external_id = addresses::resource(&connection.external_id, &found.sender);
    let name = found.name.as_deref().filter(|name| !name.trim().is_empty());
    let name: String = name.unwrap_or(&found.sender).chars().take(NAME).collect();
    let new = NewInbox {
        connection: connection.id,
        channel: Channel::Text,
        external_id: &external_id,
        name: &name,
        created_by: caller.user,
    };
    let inserted = inboxes::insert(tx, caller.organization, new).await;
    let inbox = inserted.map_err(|error| match error.constraint() {
        Some(RESOURCE_KEY) => already_connected(&found.sender, "text.phoneNumbers"),
        _ => error.into(),
    })?;
    let sending = Sending { pace: found.kind.pace(), messaging_service: service };
    let inbox = inboxes::set_sending(tx, caller.organization, inbox.id, sending).await?;
    let stored = NewPhoneNumber {
        provider_id: found.number_id.as_deref().unwrap_or(&external_id),
        display_phone_number: &found.sender,
        verified_name: found.name.as_deref(),
    };
    inboxes::insert_phone_number(tx, caller.organization, inbox.id, stored).await?;
    note_connected(tx, caller, &inbox, trace).await?;
    Ok(inbox.into())
}
