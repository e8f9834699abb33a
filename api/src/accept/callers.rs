//! Who asks for what a round decides upon, as the database has it in the round's own transaction.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Utc;
use common::db::Error;
use common::db::pipeline::load::{LoadedLane, Message};
use common::db::shared_sessions::{Ended, Session};
use common::domain::content::Content;
use common::domain::permissions::Permission;
use common::domain::postponed::ClosedWindow;
use common::domain::principal::Principal;
use common::problem::Problem;
use http::StatusCode;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Asker;
use super::round::Item;
use crate::auth::{ended, not_permitted};

/// Whose the conversations are that visitors ask for something in.
pub(super) const ASSIGNEES: &str =
    "SELECT id, assignee_id FROM conversations WHERE id = ANY($1) AND assignee_id IS NOT NULL";

/// The sessions of a round's visitors, and what these may see.
pub(super) struct Callers {
    sessions: HashMap<Uuid, Session>,
    assignees: HashMap<Uuid, Uuid>,
}

impl Callers {
    pub(super) fn read(sessions: &[Row], assignees: &[Row]) -> Result<Self, Error> {
        let now = Utc::now();
        let sessions =
            sessions.iter().map(|row| Session::read(row, now).map(|session| (session.id.0, session)));
        let assignees = assignees.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(Self {
            sessions: sessions.collect::<Result<_, Error>>()?,
            assignees: assignees.collect::<Result<_, Error>>()?,
        })
    }

    pub(super) fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// Who asks.
    ///
    /// # Errors
    /// 401 when the session does not hold any more.
    pub(super) fn of(&self, item: &Item<'_>) -> Result<Arc<Principal>, Problem> {
        match &item.asked.asker {
            Asker::Known(principal) => Ok(principal.clone()),
            Asker::Session(name) => match self.sessions.get(&name.session.0) {
                Some(session) => session.principal.clone().map_err(ended),
                None => Err(ended(Ended::Unknown)),
            },
        }
    }

    /// Whether the caller may see this lane's conversation.
    pub(super) fn sees(&self, caller: &Principal, loaded: &LoadedLane) -> bool {
        let lane = &loaded.lane;
        let assignee = self.assignees.get(&lane.conversation).copied();
        lane.organization == caller.organization.0 && caller.sees.conversation(lane.inbox, assignee)
    }
}

/// 403 unless the caller may send this, and the template that may go in its place.
pub(super) fn may_send(
    caller: &Principal,
    content: &Content,
    closed_window: &ClosedWindow,
) -> Result<(), Problem> {
    let fallback = match closed_window {
        ClosedWindow::Template(_) => Some(Permission::SendTemplates),
        ClosedWindow::Fail | ClosedWindow::Hold => None,
    };
    let needed = [Some(Permission::to_send(content)), fallback].into_iter().flatten();
    match needed.into_iter().find(|permission| !caller.permits(*permission)) {
        Some(permission) => Err(not_permitted(permission)),
        None => Ok(()),
    }
}

/// 403 unless the caller may do something about this message: of a visitor, one that came through the same link or embed.
pub(super) fn may_touch(caller: &Principal, message: &Message) -> Result<(), Problem> {
    may_send(caller, &message.content, &message.closed_window)?;
    if caller.credential.guest().is_none_or(|guest| message.sender.id == guest) {
        return Ok(());
    }
    let detail = "Only a message that was sent through the same link or embed can be retried or canceled";
    Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_permission", detail))
}
