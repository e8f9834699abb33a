//! `POST /v1/inboxes` for RCS: proves once more that each agent may be used, then connects them, all or none.

use common::channels::Channel;
use common::db::connections::{self, Connection};
use common::db::idempotency::Answer;
use common::db::inboxes::{self, NewInbox, NewPhoneNumber, RESOURCE_KEY};
use common::domain::ids::InboxId;
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

/// RCS agents to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "agentIds": ["acme_support"] }))]
pub struct RcsInbox {
    /// Ids of the agents; each needs a connection.
    #[schema(min_items = 1, max_items = 100)]
    agent_ids: Vec<String>,
    /// An inbox for texts, through which contacts are written to whom RCS does not reach.
    #[schema(value_type = Option<String>, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    fallback_inbox_id: Option<String>,
}

/// Connects what is asked for.
pub(super) async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    asked: &RcsInbox,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    check(asked)?;
    let fallback = fallback(state, caller, asked.fallback_inbox_id.as_deref()).await?;
    let agents = prove(state, connections_of(state, caller, &asked.agent_ids).await?).await?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let mut created = Vec::with_capacity(agents.len());
    for agent in &agents {
        created.push(connect(&tx, caller, (agent, fallback), trace).await?);
    }
    let answer = once.fill(&tx, StatusCode::OK, &CreatedInboxes { inboxes: created }, None).await?;
    tx.commit().await?;
    Ok(answer)
}

fn check(asked: &RcsInbox) -> Result<(), Problem> {
    let mut checks = Checks::default();
    let message = format!("must have 1 to {MOST} ids");
    checks.ensure((1..=MOST).contains(&asked.agent_ids.len()), "rcs.agentIds", "length", &message);
    for (index, id) in asked.agent_ids.iter().enumerate().take(MOST) {
        let field = format!("rcs.agentIds[{index}]");
        checks.token(&field, id, 255);
        checks.ensure(!asked.agent_ids[..index].contains(id), &field, "duplicate", "is there already");
    }
    checks.finish()
}

/// The inbox that takes over, if one is named: one for texts of the same organization.
async fn fallback(
    state: &AppState,
    caller: &Principal,
    named: Option<&str>,
) -> Result<Option<InboxId>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let found = match named.parse::<InboxId>() {
        Ok(id) => {
            let client = state.db().await?;
            inboxes::find(&client, caller.organization, id).await?
        }
        Err(_) => None,
    };
    let texts = found.filter(|inbox| inbox.channel == Channel::Text);
    let refused = || {
        let message = "must be an inbox for texts of this organization";
        Problem::invalid("rcs.fallbackInboxId", "invalid_fallback", message)
    };
    texts.map(|inbox| Some(inbox.id)).ok_or_else(refused)
}

/// The connections of the agents asked for, in that order.
async fn connections_of(
    state: &AppState,
    caller: &Principal,
    agents: &[String],
) -> Result<Vec<Connection>, Problem> {
    let client = state.db().await?;
    let mut known =
        connections::list_by_external_id(&client, caller.organization, Channel::Rcs, agents).await?;
    let (mut found, mut errors) = (Vec::with_capacity(agents.len()), Vec::new());
    for (index, agent) in agents.iter().enumerate() {
        match known.iter().position(|connection| connection.external_id == *agent) {
            Some(place) => found.push(known.swap_remove(place)),
            None => {
                let (field, code) = (format!("rcs.agentIds[{index}]"), "no_connection".to_owned());
                errors.push(FieldError { field, code, message: "has no connection".into() });
            }
        }
    }
    if errors.is_empty() {
        return Ok(found);
    }
    let detail = "There is no connection to this agent; create it first";
    Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_connection", detail) })
}

/// The connections, in their order, each of which still gives access to its agent.
async fn prove(state: &AppState, agents: Vec<Connection>) -> Result<Vec<Connection>, Problem> {
    let proofs = agents.into_iter().map(|agent| async move {
        provider::prove_connected_agent(state, &agent).await?;
        Ok::<_, Problem>(agent)
    });
    stream::iter(proofs).buffered(AT_ONCE).try_collect().await
}

async fn connect(
    tx: &deadpool_postgres::Transaction<'_>,
    caller: &Principal,
    (agent, fallback): (&Connection, Option<InboxId>),
    trace: TraceId,
) -> Result<InboxView, Stopped> {
    let id = agent.external_id.as_str();
    let name: String = id.chars().take(NAME).collect();
    let new = NewInbox {
        connection: agent.id,
        channel: Channel::Rcs,
        external_id: id,
        name: &name,
        created_by: caller.user,
    };
    let inserted = inboxes::insert(tx, caller.organization, new).await;
    let mut inbox = inserted.map_err(|error| match error.constraint() {
        Some(RESOURCE_KEY) => already_connected(id, "rcs.agentIds"),
        _ => error.into(),
    })?;
    if let Some(fallback) = fallback {
        inbox = inboxes::set_fallback(tx, caller.organization, inbox.id, fallback).await?;
    }
    // What shared links name: an agent is written to as a number is.
    let stored = NewPhoneNumber { provider_id: id, display_phone_number: id, verified_name: None };
    inboxes::insert_phone_number(tx, caller.organization, inbox.id, stored).await?;
    note_connected(tx, caller, &inbox, trace).await?;
    Ok(inbox.into())
}
