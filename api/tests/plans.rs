//! That lists and search are answered from indexes in a large installation, by the planner as it comes and by our sessions' plans.

use chrono::{TimeDelta, Utc};
use common::db::conversations::list::{self, Statement};
use common::db::conversations::{Assigned, Filter, Position, search};
use common::domain::ids::{ConversationId, OrganizationId, UserId};
use common::domain::search::Term;
use common::domain::view::ConversationState;
use common::testing::{TestDatabase, Workspace, workspace};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Tables that no list may read from end to end.
const LARGE: [&str; 5] = ["conversations", "messages", "message_search", "contacts", "contact_addresses"];

struct Large {
    database: TestDatabase,
    workspace: Workspace,
    user: UserId,
}

/// Conversations with ten messages each, in twenty inboxes: one in twenty unread, three in ten assigned, one in ten archived.
async fn large(conversations: u32) -> Large {
    let database = TestDatabase::create().await;
    let workspace = workspace(database.pool(), "http://127.0.0.1:9").await;
    let (o, prefix) = (workspace.organization.0, &workspace.organization.0.simple().to_string()[24..]);
    let sql = format!(
        "SET statement_timeout = 0; SET enable_seqscan = on; SET enable_hashjoin = on;
        INSERT INTO users (id, organization_id, name, email, role)
        SELECT gen_random_uuid(), '{o}', 'User ' || n, 'user' || n || '@example.com', 'agent' FROM generate_series(1, 19) n;
        INSERT INTO inboxes (id, organization_id, connection_id, channel, external_id, name, created_by)
        SELECT gen_random_uuid(), '{o}', connection_id, channel, 'number-' || n, 'Inbox ' || n, created_by
        FROM inboxes, generate_series(1, 19) n;
        CREATE TEMPORARY TABLE i AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM inboxes;
        CREATE TEMPORARY TABLE u AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM users;
        CREATE TEMPORARY TABLE c AS
            SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS contact FROM generate_series(1, {conversations}) n;
        INSERT INTO contacts (id, organization_id, name)
        SELECT contact, '{o}', 'Contact ' || md5(n::text) FROM c;
        INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, state, unread_count,
            assignee_id, last_message_at)
        SELECT '{o}', c.id, i.id, c.contact, 'whatsapp', '1555' || lpad(c.n::text, 7, '0'),
            CASE WHEN c.n % 10 = 9 THEN 'archived' ELSE 'open' END, CASE WHEN c.n % 19 = 0 THEN 2 ELSE 0 END,
            u.id, now() - c.n * interval '1 second'
        FROM c JOIN i ON i.n = c.n % 20 LEFT JOIN u ON u.n = c.n % 61;
        INSERT INTO contact_addresses (inbox_id, address, organization_id, contact_id, conversation_id)
        SELECT inbox_id, address, organization_id, contact_id, id FROM conversations;
        CREATE TEMPORARY TABLE m AS
            SELECT gen_random_uuid() AS id, c.id AS conversation_id, c.n, t FROM c, generate_series(1, 10) t;
        INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type, sender_id, at,
            trace_id)
        SELECT id, '{o}', conversation_id, 'inbound', 'delivered', '{{\"type\":\"text\",\"text\":\"hello\"}}', 'contact', '{o}',
            now(), '{o}' FROM m;
        INSERT INTO message_search (organization_id, conversation_id, message_id, document)
        SELECT '{o}', conversation_id, id, ('{prefix}hello {prefix}word' || (n * 7 + t) % 5000 || ' {prefix}'
            || CASE WHEN n % 10000 = 17 AND t = 1 THEN 'needle' ELSE 'hay' END)::tsvector FROM m;
        VACUUM ANALYZE",
    );
    let client = plain(&database).await;
    // A vacuum runs by itself.
    let (filling, vacuum) = sql.rsplit_once(';').unwrap();
    client.batch_execute(filling).await.unwrap();
    client.batch_execute(vacuum).await.unwrap();
    let row = client
        .query_one("SELECT assignee_id FROM conversations WHERE assignee_id IS NOT NULL LIMIT 1", &[])
        .await
        .unwrap();
    Large { workspace, user: UserId(row.get(0)), database }
}

/// A session with the server's own settings.
async fn plain(database: &TestDatabase) -> Client {
    let (client, connection) = tokio_postgres::connect(database.url().expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn everything() -> Filter {
    Filter {
        since: None,
        channels: Vec::new(),
        channel_inboxes: Vec::new(),
        inbox: None,
        reach: None,
        assigned: None,
        unread_only: false,
        state: ConversationState::Open,
        descending: true,
        after: None,
    }
}

/// Every filter alone, and some together, with the index that has to answer it.
fn filters(of: &Large) -> Vec<(&'static str, Filter, &'static [&'static str])> {
    const STATE: &[&str] = &["conversations_state_idx"];
    const INBOX: &[&str] = &["conversations_inbox_idx"];
    const ASSIGNEE: &[&str] = &["conversations_assignee_idx"];
    const UNREAD: &[&str] = &["conversations_unread_idx"];
    const EITHER: &[&str] = &["conversations_assignee_idx", "conversations_unread_idx"];
    let (all, inbox) = (everything(), of.workspace.inbox);
    let since = Some(Utc::now() - TimeDelta::seconds(500));
    let deep = Some(Position { at: Utc::now() - TimeDelta::seconds(15_000), id: ConversationId::new() });
    let whatsapp = vec!["whatsapp".to_owned()];
    let mine = Some(Assigned::To(of.user));
    let archived = ConversationState::Archived;
    vec![
        ("none", all.clone(), STATE),
        ("oldest first", Filter { descending: false, ..all.clone() }, STATE),
        ("archived", Filter { state: archived, ..all.clone() }, STATE),
        ("dateFrom", Filter { since, ..all.clone() }, STATE),
        ("dateFrom, oldest first", Filter { since, descending: false, ..all.clone() }, STATE),
        ("a deep page", Filter { after: deep, ..all.clone() }, STATE),
        ("inboxId", Filter { inbox: Some(inbox), ..all.clone() }, INBOX),
        ("a channel", Filter { channels: whatsapp.clone(), ..all.clone() }, INBOX),
        (
            "an inbox among channelIds",
            Filter { channel_inboxes: vec![inbox], after: deep, ..all.clone() },
            INBOX,
        ),
        ("assigneeId", Filter { assigned: mine, ..all.clone() }, ASSIGNEE),
        (
            "unassigned",
            Filter { assigned: Some(Assigned::ToNobody), descending: false, ..all.clone() },
            ASSIGNEE,
        ),
        ("assigneeId in an inbox", Filter { assigned: mine, inbox: Some(inbox), ..all.clone() }, ASSIGNEE),
        ("unreadOnly", Filter { unread_only: true, ..all.clone() }, UNREAD),
        (
            "unreadOnly, dateFrom",
            Filter { unread_only: true, since, descending: false, ..all.clone() },
            UNREAD,
        ),
        ("unreadOnly on a channel", Filter { unread_only: true, channels: whatsapp, ..all.clone() }, UNREAD),
        ("unreadOnly of one person", Filter { unread_only: true, assigned: mine, ..all }, EITHER),
    ]
}

/// The plans of a statement: with these values and the server's settings, for any values with them, and for any with ours.
async fn plans(of: &Large, statement: &Statement) -> Vec<String> {
    let explained = |rows: Vec<tokio_postgres::Row>| {
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>().join("\n")
    };
    let client = plain(&of.database).await;
    let rows = client.query(&format!("EXPLAIN {}", statement.sql), &statement.params()).await.unwrap();
    let mut found = vec![explained(rows)];
    let nulls = vec!["NULL"; statement.params().len()].join(", ");
    let generic = "SET plan_cache_mode = force_generic_plan";
    let (prepare, execute) =
        (format!("PREPARE p AS {}", statement.sql), format!("EXPLAIN EXECUTE p ({nulls})"));
    client.batch_execute(&format!("{generic}; {prepare}")).await.unwrap();
    found.push(explained(client.query(&execute, &[]).await.unwrap()));
    let ours = of.database.pool().get().await.unwrap();
    ours.batch_execute(&prepare).await.unwrap();
    found.push(explained(ours.query(&execute, &[]).await.unwrap()));
    ours.batch_execute("DEALLOCATE p").await.unwrap();
    found
}

async fn assert_planned(of: &Large, name: &str, statement: &Statement, indexes: &[&str]) {
    for plan in plans(of, statement).await {
        for table in LARGE {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name} reads all {table}:\n{plan}");
        }
        let answered = indexes.is_empty() || indexes.iter().any(|index| plan.contains(index));
        assert!(answered, "{name} is not answered from {indexes:?}:\n{plan}");
    }
}

/// The pages of memory that a statement touches.
async fn pages(of: &Large, statement: &Statement) -> i64 {
    let client = plain(&of.database).await;
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", statement.sql);
    let plan: serde_json::Value = client.query_one(&sql, &statement.params()).await.unwrap().get(0);
    let top = &plan[0]["Plan"];
    top["Shared Hit Blocks"].as_i64().unwrap() + top["Shared Read Blocks"].as_i64().unwrap()
}

async fn lists_and_search_are_planned(conversations: u32) {
    let large = large(conversations).await;
    let organization: OrganizationId = large.workspace.organization;
    for (name, filter, indexes) in filters(&large) {
        for size in [26, 101] {
            let statement = list::statement(organization, &filter, size);
            assert_planned(&large, name, &statement, indexes).await;
            // A page of a hundred out of twenty inboxes: not what there is, but what is asked for.
            let touched = pages(&large, &statement).await;
            assert!(touched < 12_000, "{name} touches {touched} pages");
        }
    }
    let expected = ["contacts_search_idx", "message_search_document_idx", "contact_addresses_search_idx"];
    for (text, index) in [("needle", 1), ("hello", 1), ("15550000042", 2), ("c4ca4238", 0)] {
        let term = Term::parse(text).unwrap();
        let statements = search::candidates(organization, &term);
        for ((statement, _), index) in statements.iter().zip(expected) {
            assert_planned(&large, text, statement, &[index]).await;
        }
        assert_planned(&large, text, &search::newest(organization, &everything(), &term), &[]).await;
        let client = large.database.pool().get().await.unwrap();
        let found = search::search(&client, organization, &everything(), &term).await.unwrap();
        assert!(!found.is_empty(), "{text} is not found by {}", expected[index]);
    }
    let ids: Vec<Uuid> = (0..1_000).map(|_| Uuid::new_v4()).collect();
    assert_planned(
        &large,
        "chosen",
        &search::chosen(organization, &everything(), ids),
        &["conversations_pkey"],
    )
    .await;
}

#[tokio::test]
async fn every_filter_and_search_is_answered_from_an_index() {
    lists_and_search_are_planned(20_000).await;
}

#[tokio::test]
#[ignore = "long: makes a million messages"]
async fn every_filter_and_search_is_answered_from_an_index_at_a_hundred_thousand_conversations() {
    lists_and_search_are_planned(100_000).await;
}
