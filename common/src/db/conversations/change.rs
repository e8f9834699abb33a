//! What clients change about a conversation: read, archived or not, and whose it is. Under the conversation's lock, with its
//! event and its audit entry.

use deadpool_postgres::{Object, Pool, Transaction};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::audit::{self, Entry};
use crate::db::{Error, read_receipts};
use crate::domain::ids::{ConversationId, InboxId, UserId};
use crate::domain::principal::Principal;
use crate::domain::view::ConversationState;
use crate::trace::TraceId;

/// Who asks for a change.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The caller.
    pub principal: &'a Principal,
    /// The request.
    pub trace: TraceId,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The organization has no such conversation.
    #[error("no such conversation")]
    NoConversation,
    /// The organization has no such user, or the user was removed.
    #[error("no such user")]
    NoUser,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A conversation whose lock is held.
struct Locked<'a> {
    tx: &'a Transaction<'a>,
    by: By<'a>,
    id: ConversationId,
    inbox: InboxId,
}

impl<'a> Locked<'a> {
    /// Takes the conversation's lock, which messages take too: what comes in meanwhile counts after this.
    async fn lock(tx: &'a Transaction<'a>, by: By<'a>, id: ConversationId) -> Result<Self, Refused> {
        let sql = "SELECT inbox_id FROM lanes l WHERE conversation_id = $2 AND organization_id = $1 AND EXISTS (
                SELECT 1 FROM conversations c JOIN contacts k ON k.organization_id = c.organization_id AND k.id = c.contact_id
                WHERE c.organization_id = $1 AND c.id = $2 AND k.erased_at IS NULL
                    AND ($3::uuid[] IS NULL OR c.inbox_id = ANY($3)) AND ($4::uuid IS NULL OR c.assignee_id = $4)
            ) FOR NO KEY UPDATE OF l";
        let statement = tx.prepare_cached(sql).await?;
        let (organization, reach) = (by.principal.organization, &by.principal.sees);
        let row =
            tx.query_opt(&statement, &[&organization.0, &id.0, &reach.inboxes, &reach.assignee]).await?;
        let row = row.ok_or(Refused::NoConversation)?;
        Ok(Self { tx, by, id, inbox: InboxId(row.try_get(0)?) })
    }

    /// An entry of the event log and one of the audit log.
    async fn note(
        &self,
        event: &str,
        payload: &Value,
        action: &'static str,
        detail: Option<Value>,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, payload)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let statement = self.tx.prepare_cached(sql).await?;
        let organization = self.by.principal.organization;
        let id = Uuid::now_v7();
        self.tx
            .execute(&statement, &[&id, &organization.0, &event, &self.inbox.0, &self.id.0, payload])
            .await?;
        self.audit(action, detail).await
    }

    async fn audit(&self, action: &'static str, detail: Option<Value>) -> Result<(), Error> {
        let entry = Entry::by(self.by.principal, action, self.id, self.by.trace);
        let entry = match detail {
            Some(detail) => entry.detail(detail),
            None => entry,
        };
        audit::insert(self.tx, &entry).await
    }

    /// The conversation in an event, with what changed.
    fn payload(&self, name: &str, value: Value) -> Value {
        let mut conversation = json!({ "id": self.id, "inboxId": self.inbox });
        if let Some(fields) = conversation.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
        json!({ "conversation": conversation })
    }
}

/// Marks all messages as read. With `receipt`, the provider is told by and by.
///
/// # Errors
/// When there is no such conversation, or the database fails; then nothing is changed.
pub async fn mark_read(pool: &Pool, by: By<'_>, id: ConversationId, receipt: bool) -> Result<(), Refused> {
    let mut client = connect(pool).await?;
    let tx = client.transaction().await?;
    let locked = Locked::lock(&tx, by, id).await?;
    let sql = "UPDATE conversations SET unread_count = 0, updated_at = now()
        WHERE organization_id = $1 AND id = $2 AND unread_count > 0";
    let statement = tx.prepare_cached(sql).await?;
    let organization = by.principal.organization;
    let changed = tx.execute(&statement, &[&organization.0, &id.0]).await? == 1;
    let asked = receipt && read_receipts::ask(&tx, organization, id, by.trace).await?;
    let detail = receipt.then(|| json!({ "receipt": asked }));
    if changed {
        let payload = locked.payload("unreadCount", json!(0));
        locked.note("conversation.updated", &payload, "conversation.read", detail).await?;
    } else if asked {
        locked.audit("conversation.read", detail).await?;
    }
    Ok(tx.commit().await?)
}

/// Archives a conversation, or brings it back.
///
/// # Errors
/// When there is no such conversation, or the database fails; then nothing is changed.
pub async fn set_state(
    pool: &Pool,
    by: By<'_>,
    id: ConversationId,
    state: ConversationState,
) -> Result<(), Refused> {
    let mut client = connect(pool).await?;
    let tx = client.transaction().await?;
    let locked = Locked::lock(&tx, by, id).await?;
    let sql = "UPDATE conversations SET state = $3, updated_at = now()
        WHERE organization_id = $1 AND id = $2 AND state <> $3";
    let statement = tx.prepare_cached(sql).await?;
    let organization = by.principal.organization;
    if tx.execute(&statement, &[&organization.0, &id.0, &state.as_str()]).await? == 1 {
        let action = match state {
            ConversationState::Archived => "conversation.archive",
            ConversationState::Open => "conversation.unarchive",
        };
        let payload = locked.payload("state", json!(state));
        locked.note("conversation.updated", &payload, action, None).await?;
    }
    Ok(tx.commit().await?)
}

/// Gives a conversation to a user of the organization, in place of whoever has it, within an open transaction.
///
/// # Errors
/// When there is no such conversation or user, or the database fails.
pub async fn assign(
    tx: &Transaction<'_>,
    by: By<'_>,
    id: ConversationId,
    user: Option<UserId>,
) -> Result<(), Refused> {
    let locked = Locked::lock(tx, by, id).await?;
    let user = user.ok_or(Refused::NoUser)?;
    // Shared, so that a removal that is under way is waited for.
    let sql =
        "SELECT name FROM users WHERE organization_id = $1 AND id = $2 AND disabled_at IS NULL FOR SHARE";
    let statement = tx.prepare_cached(sql).await?;
    let found = tx.query_opt(&statement, &[&by.principal.organization.0, &user.0]).await?;
    let name: String = found.ok_or(Refused::NoUser)?.try_get(0)?;
    locked.set_assignee(Some((user, name))).await?;
    Ok(())
}

/// Leaves a conversation to nobody.
///
/// # Errors
/// When there is no such conversation, or the database fails; then nothing is changed.
pub async fn unassign(pool: &Pool, by: By<'_>, id: ConversationId) -> Result<(), Refused> {
    let mut client = connect(pool).await?;
    let tx = client.transaction().await?;
    Locked::lock(&tx, by, id).await?.set_assignee(None).await?;
    Ok(tx.commit().await?)
}

impl Locked<'_> {
    /// Writes the assignee and one event, unless it is the same already.
    async fn set_assignee(&self, assignee: Option<(UserId, String)>) -> Result<(), Error> {
        let sql = "WITH old AS (SELECT assignee_id FROM conversations WHERE organization_id = $1 AND id = $2)
            UPDATE conversations c SET assignee_id = $3, updated_at = now() FROM old
            WHERE c.organization_id = $1 AND c.id = $2 AND c.assignee_id IS DISTINCT FROM $3 RETURNING old.assignee_id";
        let statement = self.tx.prepare_cached(sql).await?;
        let id = assignee.as_ref().map(|(user, _)| user.0);
        let organization = self.by.principal.organization;
        let Some(row) = self.tx.query_opt(&statement, &[&organization.0, &self.id.0, &id]).await? else {
            return Ok(());
        };
        let previous = row.try_get::<_, Option<Uuid>>(0)?.map(UserId);
        let (event, action) = match assignee {
            Some(_) => ("conversation.assigned", "conversation.assign"),
            None => ("conversation.unassigned", "conversation.unassign"),
        };
        let shown = assignee.as_ref().map(|(user, name)| json!({ "userId": user, "name": name }));
        let mut payload = self.payload("assignee", json!(shown));
        payload["previousAssigneeId"] = json!(previous);
        payload["by"] = self.author();
        let detail = json!({ "assigneeId": assignee.map(|(user, _)| user), "previousAssigneeId": previous });
        self.note(event, &payload, action, Some(detail)).await
    }

    /// The caller, and the user whose key it is.
    fn author(&self) -> Value {
        let principal = self.by.principal;
        let mut author = json!(principal.sender().view());
        author["userId"] = json!(principal.user);
        author
    }
}

async fn connect(pool: &Pool) -> Result<Object, Error> {
    Ok(pool.get().await?)
}
