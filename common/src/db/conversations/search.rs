//! The newest conversations in which something is found: in the contact's name, its addresses, or the text of a message.
//!
//! Three indexes give candidates, each at most so many; the list's filters then choose among them. What is so common that an
//! index gives more than that is besides looked for in the newest conversations one by one: there it must be.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use uuid::Uuid;

use super::SELECT;
use super::list::{Filter, Placed, Statement, run};
use crate::db::Error;
use crate::domain::ids::OrganizationId;
use crate::domain::search::Term;

/// Most conversations that a search finds.
pub const MOST: usize = 50;
/// Most candidates by name and by address, and messages looked at.
const NAMES: usize = 5_000;
const MESSAGES: usize = 20_000;
/// How many of the newest conversations are gone through for what is too common, and the newest messages of each.
const NEWEST: usize = 1_000;
const NEWEST_MESSAGES: usize = 20;

/// The statements that find candidates, by the index whatever is looked for: what is selected first, a plan
/// cannot rest upon. Each answers a count and ids; and the count that is too many.
pub fn candidates(organization: OrganizationId, term: &Term) -> Vec<(Statement, usize)> {
    let mut names = Statement::default();
    names.push("SELECT count(*), array_agg(id) FROM (SELECT c.id FROM (");
    names.bind("SELECT id, organization_id FROM contacts WHERE organization_id = ", organization.0);
    push_name(&mut names, "name", term);
    names.push(&format!(" LIMIT {}) k", NAMES + 1));
    names.push(
        " CROSS JOIN LATERAL (SELECT id FROM conversations
            WHERE organization_id = k.organization_id AND contact_id = k.id LIMIT 100) c",
    );
    names.push(&format!(" LIMIT {}) f", NAMES + 1));
    let mut messages = Statement::default();
    messages.push("SELECT count(*), array_agg(DISTINCT conversation_id) FROM (");
    messages.bind("SELECT conversation_id FROM message_search WHERE organization_id = ", organization.0);
    messages.bind(" AND document @@ (SELECT ", term.query(organization));
    messages.push(&format!("::text::tsquery) LIMIT {}) f", MESSAGES + 1));
    let mut found = vec![(names, NAMES), (messages, MESSAGES)];
    if let Some(pattern) = term.address_pattern() {
        let mut addresses = Statement::default();
        addresses.push("SELECT count(*), array_agg(DISTINCT conversation_id) FROM (");
        addresses
            .bind("SELECT conversation_id FROM contact_addresses WHERE organization_id = ", organization.0);
        addresses.bind(" AND address ILIKE (SELECT ", pattern);
        addresses.push(&format!("::text) LIMIT {}) f", NAMES + 1));
        found.push((addresses, NAMES));
    }
    found
}

fn push_name(statement: &mut Statement, column: &str, term: &Term) {
    let mut patterns = term.name_patterns();
    statement.bind(&format!(" AND {column} ILIKE (SELECT "), patterns.remove(0));
    statement.push("::text)");
    if !patterns.is_empty() {
        statement.bind(&format!(" AND {column} ILIKE ALL("), patterns);
        statement.push(")");
    }
}

/// The statement that looks through the newest conversations that fit.
pub fn newest(organization: OrganizationId, filter: &Filter, term: &Term) -> Statement {
    let mut statement = Statement::default();
    statement.push("SELECT w.id FROM (");
    filter.push_page(&mut statement, organization, NEWEST);
    statement
        .bind(") w CROSS JOIN LATERAL (SELECT name FROM contacts WHERE organization_id = ", organization.0);
    statement.push(" AND id = w.contact_id LIMIT 1) k LEFT JOIN LATERAL (SELECT true AS found FROM (");
    statement.push(&format!(
        "SELECT document FROM message_search WHERE conversation_id = w.id ORDER BY message_id DESC LIMIT {NEWEST_MESSAGES}"
    ));
    statement.bind(") d WHERE d.document @@ ", term.query(organization));
    statement.push("::text::tsquery LIMIT 1) t ON true WHERE t.found OR (true");
    push_name(&mut statement, "k.name", term);
    statement.bind(") OR w.address ILIKE ", term.address_pattern());
    statement.push(&format!(" LIMIT {NEWEST}"));
    statement
}

/// The statement that chooses the newest of these conversations that fit.
pub fn chosen(organization: OrganizationId, filter: &Filter, ids: Vec<Uuid>) -> Statement {
    let mut statement = Statement::default();
    statement.push(&format!("{SELECT} JOIN ("));
    statement.bind("SELECT m.id FROM unnest(", ids);
    statement.bind(
        "::uuid[]) AS f (id) CROSS JOIN LATERAL (SELECT c.id, c.last_message_at FROM conversations c
        WHERE c.organization_id = ",
        organization.0,
    );
    filter.push_inboxes(&mut statement, "c.inbox_id");
    statement.push(" AND c.id = f.id AND ");
    filter.push_conditions(&mut statement);
    statement.push(" LIMIT 1) m");
    filter.push_order(&mut statement, "m", Some(MOST));
    statement.bind(") p ON p.id = c.id WHERE c.organization_id = ", organization.0);
    filter.push_order(&mut statement, "c", None);
    statement
}

/// The newest conversations that fit and in which the term is found, newest first, at most `MOST`.
///
/// # Errors
/// When the database fails.
pub async fn search(
    client: &impl GenericClient,
    organization: OrganizationId,
    filter: &Filter,
    term: &Term,
) -> Result<Vec<Placed>, Error> {
    let (mut ids, mut common) = (Vec::new(), false);
    for (statement, most) in candidates(organization, term) {
        let prepared = client.prepare_cached(&statement.sql).await?;
        let row = client.query_one(&prepared, &statement.params()).await?;
        let (count, found): (i64, Option<Vec<Uuid>>) = (row.try_get(0)?, row.try_get(1)?);
        common |= count > most as i64;
        ids.extend(found.unwrap_or_default());
    }
    let newest_first = Filter { descending: true, after: None, ..filter.clone() };
    if common {
        let statement = newest(organization, &newest_first, term);
        let prepared = client.prepare_cached(&statement.sql).await?;
        let rows = client.query(&prepared, &statement.params()).await?;
        ids.extend(rows.iter().map(|row: &Row| row.get::<_, Uuid>(0)));
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    run(client, &chosen(organization, &newest_first, ids)).await
}
