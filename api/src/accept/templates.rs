//! Compares template messages with their templates, as the provider lists them, before they are accepted.

use std::time::Duration;

use common::channels::Channel;
use common::channels::whatsapp::fit;
use common::db;
use common::db::connections::{self, Connection};
use common::db::conversations;
use common::domain::content::{Content, Template};
use common::domain::ids::OrganizationId;
use common::domain::postponed::ClosedWindow;
use common::problem::{FieldError, Problem};
use http::StatusCode;

use super::{Asker, Draft, Target};
use crate::state::AppState;

/// How long a request waits for the provider's list. One that is not there in time refuses nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The target, unless the draft's template has gaps that nothing fills: then none, with a problem that names each.
///
/// # Errors
/// When the database fails.
pub async fn compare(
    state: &AppState,
    asker: &Asker,
    target: Target,
    draft: &Draft,
) -> Result<Target, Problem> {
    let organization = asker.organization();
    let fallback = match &draft.closed_window {
        ClosedWindow::Template(content) => template(content),
        ClosedWindow::Fail | ClosedWindow::Hold => None,
    };
    let content = template(&draft.content);
    if content.is_none() && fallback.is_none() {
        return Ok(target);
    }
    if !is_within(state, asker, &target).await? {
        // The acceptor says so.
        return Ok(target);
    }
    let Some(connection) = connection(state, organization, &target).await? else { return Ok(target) };
    if connection.channel != Channel::Whatsapp {
        return Ok(target);
    }
    let known = state.lookups.templates_within(state, &connection, PATIENCE).await;
    let Some(known) = known else { return Ok(target) };
    let places = [(content, "content"), (fallback, "fallbackTemplate")];
    let given = places.into_iter().filter_map(|(template, field)| template.map(|it| (it, field)));
    let errors: Vec<FieldError> =
        given.flat_map(|(template, field)| fit::misfits(template, &known, field)).collect();
    let Some(first) = errors.first() else { return Ok(target) };
    let detail = format!("{} {}", first.field, first.message);
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "template_mismatch", detail);
    Ok(Target::Nowhere(Box::new(Problem { errors, ..problem })))
}

fn template(content: &Content) -> Option<&Template> {
    match content {
        Content::Template(template) => Some(template),
        _ => None,
    }
}

/// Whether a visitor may see the conversation: what becomes of its templates elsewhere is not told to it.
async fn is_within(state: &AppState, asker: &Asker, target: &Target) -> Result<bool, Problem> {
    let (Asker::Session(name), Target::Conversation(id)) = (asker, target) else { return Ok(true) };
    let (_, caller) = state.sessions.find(name).await?;
    Ok(conversations::exists(&state.db().await?, caller.organization, &caller.sees, *id).await?)
}

/// The connection that the message would leave by.
async fn connection(
    state: &AppState,
    organization: OrganizationId,
    target: &Target,
) -> Result<Option<Connection>, db::Error> {
    let client = state.pool.get().await?;
    match target {
        Target::Conversation(id) => connections::find_of_conversation(&client, organization, *id).await,
        Target::Beginning(beginning) => {
            connections::find_of_inbox(&client, organization, beginning.inbox).await
        }
        Target::Nowhere(_) => Ok(None),
    }
}
