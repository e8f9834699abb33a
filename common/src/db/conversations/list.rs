//! Pages of conversations: whatever the filters, each is read in order from an index, and no more rows than it needs.
//!
//! The list of a whole organization has an index of its own. A narrower one is merged from its inboxes: each gives its first
//! rows from the index that fits the filters, which holds for one inbox as for a hundred.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{SELECT, read};
use crate::db::Error;
use crate::domain::ids::{ContactId, ConversationId, InboxId, OrganizationId, UserId};
use crate::domain::principal::Reach;
use crate::domain::view::{ConversationState, ConversationView};

/// Which conversations to list, and where to go on.
#[derive(Debug, Clone)]
pub struct Filter {
    /// With a message at or after this time.
    pub since: Option<DateTime<Utc>>,
    /// On one of these channels, or in one of `channel_inboxes`; both empty means everywhere.
    pub channels: Vec<String>,
    /// In one of these inboxes, or on one of `channels`.
    pub channel_inboxes: Vec<InboxId>,
    /// In this inbox.
    pub inbox: Option<InboxId>,
    /// In one of these inboxes, which are all that the caller may see.
    pub reach: Option<Vec<Uuid>>,
    /// Whose they are.
    pub assigned: Option<Assigned>,
    /// With messages that nobody has read.
    pub unread_only: bool,
    /// In this state.
    pub state: ConversationState,
    /// Newest first.
    pub descending: bool,
    /// The last one of the page before.
    pub after: Option<Position>,
}

/// Whose conversations are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// This person's.
    To(UserId),
    /// Nobody's.
    ToNobody,
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the conversation last had a message.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: ConversationId,
}

/// A conversation with its exact place for the next page.
pub type Placed = (ConversationView, Position);

/// A statement with its parameters, which grows by the conditions in use; each combination is prepared once for each
/// connection, and has a plan of its own.
#[derive(Default)]
pub struct Statement {
    /// The text.
    pub sql: String,
    params: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Statement {
    /// The parameters, in order.
    pub fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(|param| param.as_ref() as &(dyn ToSql + Sync)).collect()
    }

    /// Adds SQL.
    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// Adds SQL that ends in a parameter.
    pub(super) fn bind(&mut self, sql: &str, param: impl ToSql + Sync + Send + 'static) {
        self.params.push(Box::new(param));
        let number = self.params.len();
        let _infallible = write!(self.sql, "{sql}${number}");
    }
}

impl Filter {
    /// Whether the conversations of some inboxes are asked for, or those that only an inbox's indexes have in order.
    fn by_inbox(&self) -> bool {
        self.names_inboxes() || self.unread_only || self.assigned.is_some()
    }

    fn names_inboxes(&self) -> bool {
        self.inbox.is_some()
            || self.reach.is_some()
            || !self.channels.is_empty()
            || !self.channel_inboxes.is_empty()
    }

    fn direction(&self) -> &'static str {
        if self.descending { "DESC" } else { "ASC" }
    }

    /// `inboxes` narrowed to those asked for.
    pub(super) fn push_inboxes(&self, statement: &mut Statement, column: &str) {
        if let Some(inbox) = self.inbox {
            statement.bind(&format!(" AND {column} = "), inbox.0);
        }
        if let Some(reach) = &self.reach {
            statement.bind(&format!(" AND {column} = ANY("), reach.clone());
            statement.push(")");
        }
        if !self.channels.is_empty() || !self.channel_inboxes.is_empty() {
            let ids: Vec<Uuid> = self.channel_inboxes.iter().map(|id| id.0).collect();
            statement.bind(" AND (channel = ANY(", self.channels.clone());
            statement.bind(&format!(") OR {column} = ANY("), ids);
            statement.push("))");
        }
    }

    /// The conditions on `conversations c` beside its inbox.
    pub(super) fn push_conditions(&self, statement: &mut Statement) {
        statement.bind("c.state = ", self.state.as_str());
        match self.assigned {
            None => (),
            // As the index has it.
            Some(assigned) => {
                let nobody = "coalesce(c.assignee_id, '00000000-0000-0000-0000-000000000000')";
                let whose = match assigned {
                    Assigned::To(user) => user.0,
                    Assigned::ToNobody => Uuid::nil(),
                };
                statement.bind(&format!(" AND {nobody} = "), whose);
            }
        }
        if self.unread_only {
            statement.push(" AND c.unread_count > 0");
        }
        if let Some(since) = self.since {
            statement.bind(" AND c.last_message_at >= ", since);
        }
        if let Some(after) = self.after {
            let comparison = if self.descending { "<" } else { ">" };
            statement.bind(&format!(" AND (c.last_message_at, c.id) {comparison} ("), after.at);
            statement.bind(", ", after.id.0);
            statement.push(")");
        }
    }

    /// Adds the order of a list and its end. The limit is no parameter: a plan made without it would be one for all rows.
    pub(super) fn push_order(&self, statement: &mut Statement, table: &str, limit: Option<usize>) {
        let direction = self.direction();
        let order = format!(" ORDER BY {table}.last_message_at {direction}, {table}.id {direction}");
        statement.push(&order);
        if let Some(limit) = limit {
            statement.push(&format!(" LIMIT {limit}"));
        }
    }

    /// The first `limit` conversations that fit: `id`, `last_message_at`, `contact_id`, `address`.
    pub(super) fn push_page(&self, statement: &mut Statement, organization: OrganizationId, limit: usize) {
        const COLUMNS: &str =
            "SELECT c.id, c.last_message_at, c.contact_id, c.address FROM conversations c WHERE ";
        if !self.by_inbox() {
            statement.push(COLUMNS);
            statement.bind("c.organization_id = ", organization.0);
            statement.push(" AND ");
            self.push_conditions(statement);
            return self.push_order(statement, "c", Some(limit));
        }
        statement.push("SELECT m.* FROM (SELECT id FROM inboxes");
        statement.bind(" WHERE organization_id = ", organization.0);
        self.push_inboxes(statement, "id");
        // An inbox's conversations are its organization's: the reference carries it along.
        statement.push(") i CROSS JOIN LATERAL (");
        statement.push(COLUMNS);
        statement.push("c.inbox_id = i.id AND ");
        self.push_conditions(statement);
        self.push_order(statement, "c", Some(limit));
        statement.push(") m");
        self.push_order(statement, "m", Some(limit));
    }
}

/// The statement that lists the first conversations of an organization that fit, at least `size` of them if there are.
pub fn statement(organization: OrganizationId, filter: &Filter, size: usize) -> Statement {
    // Two limits, so that there are not a hundred statements.
    let limit = if size <= 26 { 26 } else { size.max(101) };
    let mut statement = Statement::default();
    statement.push(&format!("{SELECT} JOIN ("));
    filter.push_page(&mut statement, organization, limit);
    statement.bind(") p ON p.id = c.id WHERE c.organization_id = ", organization.0);
    filter.push_order(&mut statement, "c", None);
    statement
}

/// A page of the organization's conversations, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<Placed>, Error> {
    let mut found = run(client, &statement(organization, filter, limit)).await?;
    found.truncate(limit);
    Ok(found)
}

/// A page of a contact's conversations within reach, the latest first, in whichever state.
///
/// # Errors
/// When the database fails.
pub async fn list_of_contact(
    client: &impl GenericClient,
    (organization, reach): (OrganizationId, &Reach),
    contact: ContactId,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Placed>, Error> {
    let mut statement = Statement::default();
    statement.push(SELECT);
    statement.bind(" WHERE c.organization_id = ", organization.0);
    statement.bind(" AND c.contact_id = ", contact.0);
    if let Some(inboxes) = &reach.inboxes {
        statement.bind(" AND c.inbox_id = ANY(", inboxes.clone());
        statement.push(")");
    }
    if let Some(user) = reach.assignee {
        statement.bind(" AND c.assignee_id = ", user);
    }
    if let Some(after) = after {
        statement.bind(" AND (c.last_message_at, c.id) < (", after.at);
        statement.bind(", ", after.id.0);
        statement.push(")");
    }
    statement.bind(" ORDER BY c.last_message_at DESC, c.id DESC LIMIT ", limit);
    run(client, &statement).await
}

/// Runs a statement that selects whole conversations.
pub(super) async fn run(client: &impl GenericClient, statement: &Statement) -> Result<Vec<Placed>, Error> {
    let prepared = client.prepare_cached(&statement.sql).await?;
    let now = Utc::now();
    let rows = client.query(&prepared, &statement.params()).await?;
    rows.iter()
        .map(|row| {
            let view = read(row, now)?;
            let position = Position { at: view.last_message_date.0, id: view.id };
            Ok((view, position))
        })
        .collect()
}
