//! Rows that most tests need: an organization with an owner, a key, a connection and an inbox.

use deadpool_postgres::Pool;
use uuid::Uuid;

use crate::config::MasterKey;
use crate::crypto::{ApiKeyToken, Sealer};
use crate::domain::ids::{
    ApiKeyId, ConnectionId, ConversationId, InboxId, OrganizationId, PhoneNumberId, UserId,
};

/// The master key of tests.
pub fn master_key() -> MasterKey {
    MasterKey::new([7; 32])
}

/// An organization that is ready to send.
#[derive(Debug)]
pub struct Workspace {
    /// The organization.
    pub organization: OrganizationId,
    /// Its owner.
    pub user: UserId,
    /// The owner's key.
    pub key: ApiKeyId,
    /// The key itself.
    pub token: String,
    /// Its connection.
    pub connection: ConnectionId,
    /// Its inbox.
    pub inbox: InboxId,
    /// The inbox's phone number id.
    pub phone_number_id: String,
}

/// Inserts an organization whose WhatsApp connection leads to `api_url`, with the sandbox's default secrets and a phone
/// number id of its own.
///
/// # Panics
/// When a row cannot be inserted.
pub async fn workspace(pool: &Pool, api_url: &str) -> Workspace {
    workspace_signed_with(pool, api_url, "sandbox-app-secret").await
}

/// The same with another app secret.
///
/// # Panics
/// When a row cannot be inserted.
pub async fn workspace_signed_with(pool: &Pool, api_url: &str, app_secret: &str) -> Workspace {
    let (organization, user, key) = (OrganizationId::new(), UserId::new(), ApiKeyId::new());
    let (connection, inbox) = (ConnectionId::new(), InboxId::new());
    let number = format!("{}", Uuid::new_v4().as_u128() % 1_000_000_000_000_000);
    let minted = ApiKeyToken::mint();
    let secrets = serde_json::json!({
        "accessToken": "sandbox-access-token", "appSecret": app_secret, "verifyToken": "sandbox-verify-token",
    });
    let sealed = Sealer::new(&master_key()).seal(secrets.to_string().as_bytes(), connection.0.as_bytes());
    let sealed = sealed.expect("sealed");
    let client = pool.get().await.expect("connection");
    let (o, u) = (organization.0, user.0);
    client
        .execute("INSERT INTO organizations (id, name) VALUES ($1, 'Test')", &[&o])
        .await
        .expect("organization");
    let sql = "INSERT INTO users (id, organization_id, name, email, role) VALUES ($1, $2, 'Olu', 'olu@example.com', 'owner')";
    client.execute(sql, &[&u, &o]).await.expect("user");
    let sql = "INSERT INTO api_keys (id, organization_id, user_id, name, role, hash, hint)
        VALUES ($1, $2, $3, 'Test key', 'owner', $4, $5)";
    client.execute(sql, &[&key.0, &o, &u, &minted.hash.as_slice(), &minted.hint]).await.expect("key");
    let sql = "INSERT INTO connections (id, organization_id, channel, external_id, api_url, credentials, created_by)
        VALUES ($1, $2, 'whatsapp', $3, $4, $5, $6)";
    let waba = format!("waba-{number}");
    client.execute(sql, &[&connection.0, &o, &waba, &api_url, &sealed, &u]).await.expect("connection");
    let sql =
        "INSERT INTO inboxes (id, organization_id, connection_id, channel, external_id, name, created_by)
        VALUES ($1, $2, $3, 'whatsapp', $4, 'Support', $5)";
    client.execute(sql, &[&inbox.0, &o, &connection.0, &number, &u]).await.expect("inbox");
    let token = minted.token.expose().to_owned();
    Workspace { organization, user, key, token, connection, inbox, phone_number_id: number }
}

impl Workspace {
    /// Inserts the number of its inbox.
    ///
    /// # Panics
    /// When the row cannot be inserted.
    pub async fn phone_number(&self, pool: &Pool) -> PhoneNumberId {
        let id = PhoneNumberId::new();
        let client = pool.get().await.expect("connection");
        let sql =
            "INSERT INTO phone_numbers (id, organization_id, inbox_id, provider_id, display_phone_number)
            VALUES ($1, $2, $3, $4, '+54 9 11 5555-1234')";
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&id.0, &self.organization.0, &self.inbox.0, &self.phone_number_id];
        client.execute(sql, &params).await.expect("phone number");
        id
    }

    /// Inserts a conversation with a contact whose reply window is open.
    ///
    /// # Panics
    /// When a row cannot be inserted.
    pub async fn conversation(&self, pool: &Pool, address: &str) -> ConversationId {
        let (contact, conversation) = (Uuid::now_v7(), ConversationId::new());
        let client = pool.get().await.expect("connection");
        let sql = "WITH contact AS (
                INSERT INTO contacts (id, organization_id, name) VALUES ($1, $2, 'Ada')
            ), conversation AS (
                INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, window_expires_at)
                VALUES ($2, $3, $4, $1, 'whatsapp', $5, now() + interval '20 hours')
            ), address AS (
                INSERT INTO contact_addresses (inbox_id, address, organization_id, contact_id, conversation_id)
                VALUES ($4, $5, $2, $1, $3)
            )
            INSERT INTO lanes (conversation_id, organization_id, inbox_id) VALUES ($3, $2, $4)";
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&contact, &self.organization.0, &conversation.0, &self.inbox.0, &address];
        client.execute(sql, &params).await.expect("conversation");
        conversation
    }
}
