//! `POST /v1/inboxes` for Messenger and Instagram: proves that the token of each page or account is its own, has its webhooks sent
//! to us, then connects them, all or none.

use common::channels::{Channel, instagram, messenger};
use common::db::connections::{self, Connection};
use common::db::idempotency::Answer;
use common::db::inboxes::{self, NewInbox, RESOURCE_KEY};
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

/// Facebook pages to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "pageIds": ["500000000000001"] }))]
pub struct MessengerInbox {
    /// Ids of the pages; each needs a connection.
    #[schema(min_items = 1, max_items = 100)]
    page_ids: Vec<String>,
}

/// Instagram accounts to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "accountIds": ["600000000000001"] }))]
pub struct InstagramInbox {
    /// Ids of the professional accounts; each needs a connection.
    #[schema(min_items = 1, max_items = 100)]
    account_ids: Vec<String>,
}

/// What is asked for, of either channel.
pub(super) struct Pages {
    channel: Channel,
    field: &'static str,
    ids: Vec<String>,
}

impl From<MessengerInbox> for Pages {
    fn from(asked: MessengerInbox) -> Self {
        Self { channel: Channel::Messenger, field: "messenger.pageIds", ids: asked.page_ids }
    }
}

impl From<InstagramInbox> for Pages {
    fn from(asked: InstagramInbox) -> Self {
        Self { channel: Channel::Instagram, field: "instagram.accountIds", ids: asked.account_ids }
    }
}

/// A page or account that was proven, with its connection.
struct Found {
    connection: Connection,
    name: String,
}

/// Connects what is asked for.
pub(super) async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    asked: &Pages,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    asked.check()?;
    let connections = asked.connections(state, caller).await?;
    let proofs = connections.into_iter().map(|connection| prove(state, asked, connection));
    let proven: Vec<Found> = stream::iter(proofs).buffered(AT_ONCE).try_collect().await?;
    // Not before all are proven; and what is subscribed twice is subscribed once.
    let subscriptions = proven.into_iter().map(|found| subscribe(state, asked, found));
    let found: Vec<Found> = stream::iter(subscriptions).buffered(AT_ONCE).try_collect().await?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let mut created = Vec::with_capacity(found.len());
    for found in &found {
        created.push(connect(&tx, caller, asked, found, trace).await?);
    }
    let answer = once.fill(&tx, StatusCode::OK, &CreatedInboxes { inboxes: created }, None).await?;
    tx.commit().await?;
    Ok(answer)
}

impl Pages {
    fn check(&self) -> Result<(), Problem> {
        let mut checks = Checks::default();
        let message = format!("must have 1 to {MOST} ids");
        checks.ensure((1..=MOST).contains(&self.ids.len()), self.field, "length", &message);
        for (index, id) in self.ids.iter().enumerate().take(MOST) {
            let field = format!("{}[{index}]", self.field);
            checks.digits(&field, id);
            checks.ensure(!self.ids[..index].contains(id), &field, "duplicate", "is there already");
        }
        checks.finish()
    }

    /// The connection of each, in the order asked for.
    async fn connections(&self, state: &AppState, caller: &Principal) -> Result<Vec<Connection>, Problem> {
        let client = state.db().await?;
        let mut found =
            connections::list_by_external_id(&client, caller.organization, self.channel, &self.ids).await?;
        let (mut ordered, mut errors) = (Vec::with_capacity(self.ids.len()), Vec::new());
        for (index, id) in self.ids.iter().enumerate() {
            match found.iter().position(|connection| connection.external_id == *id) {
                Some(place) => ordered.push(found.swap_remove(place)),
                None => errors.push(FieldError {
                    field: format!("{}[{index}]", self.field),
                    code: "no_connection".into(),
                    message: "has no connection".into(),
                }),
            }
        }
        if errors.is_empty() {
            return Ok(ordered);
        }
        let detail = "There is no connection to this page or account; create it first";
        Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_connection", detail) })
    }
}

/// That the connection's token is still the page's or account's own, and what that is called.
async fn prove(state: &AppState, asked: &Pages, connection: Connection) -> Result<Found, Problem> {
    let (base, secrets) = provider::asking(state, &connection)?;
    let (id, token) = (&connection.external_id, &secrets.access_token);
    let name = provider::page_name(state, asked.channel, (&base, id, token)).await;
    let name = name.map_err(|error| provider::problem(&error, asked.field))?;
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.clone());
    Ok(Found { name: name.chars().take(NAME).collect(), connection })
}

async fn subscribe(state: &AppState, asked: &Pages, found: Found) -> Result<Found, Problem> {
    let (base, secrets) = provider::asking(state, &found.connection)?;
    let (id, token) = (&found.connection.external_id, &secrets.access_token);
    let subscribed = match asked.channel {
        Channel::Instagram => instagram::account::subscribe(&state.http, &base, token).await,
        _ => messenger::account::subscribe(&state.http, &base, id, token).await,
    };
    subscribed.map(|()| found).map_err(|error| provider::problem(&error, asked.field))
}

async fn connect(
    tx: &deadpool_postgres::Transaction<'_>,
    caller: &Principal,
    asked: &Pages,
    found: &Found,
    trace: TraceId,
) -> Result<InboxView, Stopped> {
    let external_id = &found.connection.external_id;
    let new = NewInbox {
        connection: found.connection.id,
        channel: asked.channel,
        external_id,
        name: &found.name,
        created_by: caller.user,
    };
    let inserted = inboxes::insert(tx, caller.organization, new).await;
    let inbox = inserted.map_err(|error| match error.constraint() {
        Some(RESOURCE_KEY) => already_connected(external_id, asked.field),
        _ => error.into(),
    })?;
    note_connected(tx, caller, &inbox, trace).await?;
    Ok(inbox.into())
}
