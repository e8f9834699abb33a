//! A Switchboard whose notification worker runs, the people it tells, and the emails they get.

use std::collections::BTreeMap;

use common::domain::ids::{ConversationId, UserId};
use common::testing::eventually;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Options, Process, SOON, System};

/// A Switchboard that tells people.
pub struct Desk {
    /// Everything else.
    pub system: System,
    /// The notification worker.
    pub worker: Process,
}

/// What became of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its state.
    pub state: String,
    /// Why, if not sent.
    pub reason: Option<String>,
    /// Tries begun.
    pub attempts: i32,
}

impl Desk {
    /// Starts it with short leases and these variables.
    ///
    /// # Errors
    /// When a part cannot be started.
    pub async fn start(variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let usual = [
            ("SWITCHBOARD_LEASE_SECONDS", "6"),
            ("SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS", "3"),
            ("SWITCHBOARD_NOTIFICATION_DELAY_SECONDS", "3600"),
        ];
        let environment: BTreeMap<String, String> =
            usual.iter().chain(variables).map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let system =
            System::start(Options { environment, without: vec!["outbound"], ..Options::default() }).await?;
        let worker = system.start_worker("notifications")?;
        Ok(Self { system, worker })
    }

    /// One more user, whose address begins with their name.
    pub async fn user(&self, name: &str) -> UserId {
        let (user, email) = (UserId::new(), format!("{name}@example.com"));
        let sql =
            "INSERT INTO users (id, organization_id, name, email, role) VALUES ($1, $2, $3, $4, 'agent')";
        let client = self.system.database.pool().get().await.expect("a connection");
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&user.0, &self.system.workspace.organization.0, &name, &email];
        client.execute(sql, &params).await.expect("a user");
        user
    }

    /// A conversation with this address.
    pub async fn conversation(&self, address: &str) -> ConversationId {
        self.system.workspace.conversation(self.system.database.pool(), address).await
    }

    /// Assigns a conversation: its row, and the event that tells of it, in one transaction.
    pub async fn assign(&self, conversation: ConversationId, user: UserId) {
        let workspace = &self.system.workspace;
        let payload = json!({
            "conversation": { "id": conversation, "inboxId": workspace.inbox, "assignee": { "userId": user, "name": "x" } },
            "previousAssigneeId": null, "by": { "type": "apiKey", "id": workspace.key, "name": "Test key" },
        });
        let sql = "WITH assigned AS (
                UPDATE conversations SET assignee_id = $3 WHERE organization_id = $1 AND id = $2
            )
            INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, payload)
            VALUES ($4, $1, 'conversation.assigned', $5, $2, $6)";
        let client = self.system.database.pool().get().await.expect("a connection");
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
            &workspace.organization.0,
            &conversation.0,
            &user.0,
            &Uuid::now_v7(),
            &workspace.inbox.0,
            &payload,
        ];
        client.execute(sql, &params).await.expect("assigned");
    }

    /// Makes a conversation a user's without telling anybody.
    pub async fn give(&self, conversation: ConversationId, user: UserId) {
        self.sql(&format!(
            "UPDATE conversations SET assignee_id = '{}' WHERE id = '{}'",
            user.0, conversation.0
        ))
        .await;
    }

    /// Runs SQL.
    pub async fn sql(&self, sql: &str) {
        let client = self.system.database.pool().get().await.expect("a connection");
        client.batch_execute(sql).await.expect("executed");
    }

    /// A number by SQL.
    pub async fn number(&self, sql: &str) -> i64 {
        let client = self.system.database.pool().get().await.expect("a connection");
        client.query_one(sql, &[]).await.expect("a number").get(0)
    }

    /// Waits until so many events are in the log, and all of them were read.
    pub async fn read(&self, events: i64) {
        let sql = "SELECT coalesce(min(c.seq), 0) FROM notification_cursors c
            WHERE NOT EXISTS (SELECT FROM events WHERE seq IS NULL) AND EXISTS
                (SELECT FROM event_sequences s WHERE s.organization_id = c.organization_id AND s.last_seq = c.seq)";
        eventually("the event log is read", SOON, async || {
            let seq = self.number(sql).await;
            if seq >= events { Ok(()) } else { Err(seq) }
        })
        .await;
    }

    /// Makes every email that waits due.
    pub async fn hurry(&self) {
        self.sql("UPDATE notifications SET due_at = now() WHERE state = 'waiting'").await;
    }

    /// Waits until the only email of a user in a conversation has ended, and says how.
    pub async fn told(&self, conversation: ConversationId, user: UserId) -> Told {
        let sql = "SELECT state, reason, attempts, ended_at IS NOT NULL FROM notifications
            WHERE conversation_id = $1 AND user_id = $2";
        eventually("the email has ended", SOON, async || {
            let client = self.system.database.pool().get().await.map_err(|error| error.to_string())?;
            let rows =
                client.query(sql, &[&conversation.0, &user.0]).await.map_err(|error| error.to_string())?;
            let seen: Vec<Told> = rows
                .iter()
                .map(|row| Told { state: row.get(0), reason: row.get(1), attempts: row.get(2) })
                .collect();
            match (rows.first(), seen.first()) {
                (Some(row), Some(told)) if rows.len() == 1 && row.get::<_, bool>(3) => Ok(told.clone()),
                _ => Err(format!("{seen:?}")),
            }
        })
        .await
    }

    /// The emails so far to a user by name, oldest first.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn emails(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        let path = format!("/mail?recipient={name}@example.com");
        let caught = self.system.client.sandbox_get(&path).await?;
        Ok(caught["emails"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until a user has so many emails.
    pub async fn until_emails(&self, name: &str, count: usize) -> Vec<Value> {
        eventually("the emails have come", SOON, async || {
            let emails = self.emails(name).await.map_err(|error| error.to_string())?;
            if emails.len() >= count { Ok(emails) } else { Err(format!("{emails:?}")) }
        })
        .await
    }

    /// Orders a fault of the mail server.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn mail_fault(&self, rule: &Value) -> anyhow::Result<()> {
        self.system.client.sandbox_post("/mail/faults", rule).await.map(|_| ())
    }
}
