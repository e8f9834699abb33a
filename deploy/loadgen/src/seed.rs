//! Fills a migrated database: organizations, keys, senders, and conversations whose reply window is open.

use base64::Engine as _;
use common::channels::{Credentials, MetaCredentials};
use common::config::{MasterKey, Secret};
use common::crypto::{ApiKeyToken, Sealer};
use common::domain::ids::{ConnectionId, ConversationId};
use tokio_postgres::Client;
use uuid::Uuid;

/// First part of every conversation's id; twelve hexadecimal digits of its number follow.
pub const CONVERSATION: &str = "0198c0de-0000-7000-8000-";
const CONTACT: &str = "0198c0de-0000-7000-8001-";

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Organizations, each with one provider account and one API key.
    pub organizations: usize,
    /// Senders, evenly over the organizations.
    pub senders: usize,
    /// Conversations, evenly over the senders.
    pub conversations: usize,
    /// Whether the product's empty tables are vacuumed too. PostgreSQL then plans for "no rows at all", and sessions that
    /// keep such plans scan whole tables later, unless the statements leave no choice.
    pub vacuum_empty: bool,
}

/// The tables that are filled.
pub const FILLED: &str =
    "organizations, users, api_keys, connections, inboxes, phone_numbers, contacts, conversations,
    contact_addresses, lanes";

/// An organization's account at the provider.
#[derive(Debug, Clone)]
pub struct Account {
    /// The provider's id of it.
    pub waba: String,
    /// Its phone number ids.
    pub senders: Vec<String>,
    /// The API key of the organization.
    pub key: String,
}

/// What was filled in.
#[derive(Debug, Clone)]
pub struct Seed {
    /// How much there is.
    pub shape: Shape,
    /// An account for each organization; sender `s` belongs to account `s % accounts.len()`.
    pub accounts: Vec<Account>,
}

/// The access token of every account.
pub const ACCESS_TOKEN: &str = "loadgen-access-token";
/// The app secret of every account.
pub const APP_SECRET: &str = "loadgen-app-secret";

const KEY: [u8; 32] = [42; 32];

/// The master key, as configuration takes it.
pub fn master_key() -> String {
    base64::engine::general_purpose::STANDARD.encode(KEY)
}

impl Seed {
    /// The id of a conversation as clients name it.
    pub fn conversation(&self, number: usize) -> ConversationId {
        let base = Uuid::parse_str(&format!("{CONVERSATION}000000000000")).unwrap_or_default();
        ConversationId(Uuid::from_u128(base.as_u128() + number as u128))
    }
}

/// An organization with an owner.
pub struct Tenant {
    /// Its id.
    pub organization: Uuid,
    /// The owner's id.
    pub user: Uuid,
    /// The owner's API key.
    pub key: String,
}

/// Makes an organization, its owner and a key.
pub async fn tenant(client: &Client) -> anyhow::Result<Tenant> {
    let (organization, user, token) = (Uuid::now_v7(), Uuid::now_v7(), ApiKeyToken::mint());
    client.execute("INSERT INTO organizations (id, name) VALUES ($1, 'Load')", &[&organization]).await?;
    let sql = "INSERT INTO users (id, organization_id, name, email, role) VALUES ($1, $2, 'Load', 'load@example.com', 'owner')";
    client.execute(sql, &[&user, &organization]).await?;
    let sql = "INSERT INTO api_keys (id, organization_id, user_id, name, role, hash, hint)
        VALUES ($1, $2, $3, 'Load', 'owner', $4, $5)";
    client
        .execute(sql, &[&Uuid::now_v7(), &organization, &user, &token.hash.as_slice(), &token.hint])
        .await?;
    Ok(Tenant { organization, user, key: token.token.expose().to_owned() })
}

/// Fills the database; `api_url` is where the provider is.
pub async fn fill(client: &Client, shape: Shape, api_url: Option<&str>) -> anyhow::Result<Seed> {
    let sealer = Sealer::new(&MasterKey::new(KEY));
    let mut accounts = Vec::new();
    let mut inboxes: Vec<(Uuid, Uuid)> = vec![Default::default(); shape.senders];
    for place in 0..shape.organizations {
        let connection = ConnectionId::new();
        let Tenant { organization, user, key } = tenant(client).await?;
        let account = Account {
            waba: format!("7{place:014}"),
            senders: (place..shape.senders).step_by(shape.organizations).map(phone_number_id).collect(),
            key,
        };
        let sealed = credentials().seal(&sealer, connection)?;
        let sql = "INSERT INTO connections (id, organization_id, channel, external_id, api_url, credentials, created_by)
            VALUES ($1, $2, 'whatsapp', $3, $4, $5, $6)";
        client.execute(sql, &[&connection.0, &organization, &account.waba, &api_url, &sealed, &user]).await?;
        for sender in (place..shape.senders).step_by(shape.organizations) {
            let inbox = Uuid::now_v7();
            let sql = "WITH inbox AS (
                    INSERT INTO inboxes (id, organization_id, connection_id, channel, external_id, name, created_by)
                    VALUES ($1, $2, $3, 'whatsapp', $4, 'Load', $5))
                INSERT INTO phone_numbers (id, organization_id, inbox_id, provider_id, display_phone_number)
                    VALUES ($6, $2, $1, $4, $7)";
            let (number, shown, id) = (phone_number_id(sender), display(sender), Uuid::now_v7());
            client.execute(sql, &[&inbox, &organization, &connection.0, &number, &user, &id, &shown]).await?;
            inboxes[sender] = (organization, inbox);
        }
        accounts.push(account);
    }
    converse(client, shape, &inboxes).await?;
    Ok(Seed { shape, accounts })
}

/// Conversation `n` belongs to sender `n % senders`.
async fn converse(client: &Client, shape: Shape, inboxes: &[(Uuid, Uuid)]) -> anyhow::Result<()> {
    let (organizations, inboxes): (Vec<Uuid>, Vec<Uuid>) = inboxes.iter().copied().unzip();
    let rows = "WITH r AS (
        SELECT n, o.organization_id, o.inbox_id, ($3 || lpad(to_hex(n), 12, '0'))::uuid AS conversation_id,
            ($4 || lpad(to_hex(n), 12, '0'))::uuid AS contact_id, '4915550' || lpad(n::text, 8, '0') AS address
        FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS o (organization_id, inbox_id, place)
        CROSS JOIN LATERAL generate_series(o.place - 1, $5::bigint - 1, cardinality($1)::bigint) AS n)";
    let inserts = [
        "INSERT INTO contacts (id, organization_id, name) SELECT contact_id, organization_id, 'Contact ' || n FROM r",
        "INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, window_expires_at)
            SELECT organization_id, conversation_id, inbox_id, contact_id, 'whatsapp', address, now() + interval '23 hours' FROM r",
        "INSERT INTO contact_addresses (inbox_id, address, organization_id, contact_id, conversation_id)
            SELECT inbox_id, address, organization_id, contact_id, conversation_id FROM r",
        "INSERT INTO lanes (conversation_id, organization_id, inbox_id) SELECT conversation_id, organization_id, inbox_id FROM r",
    ];
    let count = i64::try_from(shape.conversations)?;
    for insert in inserts {
        let sql = format!("{rows} {insert}");
        client.execute(&sql, &[&organizations, &inboxes, &CONVERSATION, &CONTACT, &count]).await?;
    }
    Ok(())
}

fn credentials() -> Credentials {
    Credentials::Meta(MetaCredentials {
        access_token: Secret::new(ACCESS_TOKEN),
        app_secret: Secret::new(APP_SECRET),
        verify_token: Secret::new("loadgen-verify-token"),
    })
}

fn phone_number_id(sender: usize) -> String {
    format!("8{sender:014}")
}

/// How a sender's number is written.
pub fn display(sender: usize) -> String {
    format!("+1 555 100 {sender:04}")
}
