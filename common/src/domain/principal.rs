//! Who is calling and what they may do: one concept for keys, links and embeds.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::ids::{ApiKeyId, OrganizationId, UserId};

/// A user's or key's role; each includes the ones below it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Works on conversations.
    Agent,
    /// Runs the workspace, but for owners' keys and erasure.
    Admin,
    /// May do everything.
    Owner,
}

impl Role {
    /// The stored and shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Agent, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("{text} is no role: expected owner, admin or agent"))
    }
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $least:ident;)+) => {
        /// A right, `resource:action`; the seeds' names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $($(#[$doc])* $name,)+
        }

        impl Scope {
            /// All scopes there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stored and shown word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The least role that has this scope.
            pub const fn least_role(self) -> Role {
                match self { $(Self::$name => Role::$least),+ }
            }
        }
    };
}

scopes! {
    /// See the inboxes.
    InboxList = "inbox:list", Agent;
    /// See one inbox.
    InboxRead = "inbox:read", Agent;
    /// Connect inboxes.
    InboxCreate = "inbox:create", Admin;
    /// Change inboxes and say which team gets their conversations.
    InboxUpdate = "inbox:update", Admin;
    /// Disconnect inboxes.
    InboxDelete = "inbox:delete", Admin;
    /// See connections.
    ConnectionList = "connection:list", Admin;
    /// See one connection.
    ConnectionRead = "connection:read", Admin;
    /// Store a provider account's credentials.
    ConnectionCreate = "connection:create", Admin;
    /// Replace a provider account's credentials.
    ConnectionUpdate = "connection:update", Admin;
    /// Remove a provider account's credentials.
    ConnectionDelete = "connection:delete", Admin;
    /// See the teams.
    TeamList = "team:list", Agent;
    /// See one team and its members.
    TeamRead = "team:read", Agent;
    /// Make teams.
    TeamCreate = "team:create", Admin;
    /// Change teams and say who is in them.
    TeamUpdate = "team:update", Admin;
    /// Remove teams.
    TeamDelete = "team:delete", Admin;
    /// See the customers.
    CustomerList = "customer:list", Agent;
    /// See one customer.
    CustomerRead = "customer:read", Agent;
    /// Add customers.
    CustomerCreate = "customer:create", Admin;
    /// Change customers.
    CustomerUpdate = "customer:update", Admin;
    /// Remove customers.
    CustomerDelete = "customer:delete", Admin;
    /// See the API keys, without the keys themselves.
    ApiKeyList = "api_key:list", Admin;
    /// See one API key, without the key itself.
    ApiKeyRead = "api_key:read", Admin;
    /// Create API keys, and new ones in place of others.
    ApiKeyCreate = "api_key:create", Admin;
    /// Rename API keys.
    ApiKeyUpdate = "api_key:update", Admin;
    /// Revoke API keys.
    ApiKeyDelete = "api_key:delete", Admin;
    /// See contacts.
    ContactList = "contact:list", Agent;
    /// See one contact.
    ContactRead = "contact:read", Agent;
    /// Change, merge and block contacts, and note what they do not want.
    ContactUpdate = "contact:update", Admin;
    /// Erase contacts.
    ContactDelete = "contact:delete", Owner;
    /// See conversations.
    ConversationList = "conversation:list", Agent;
    /// See one conversation and its messages.
    ConversationRead = "conversation:read", Agent;
    /// Mark conversations as read, archive them and bring them back.
    ConversationUpdate = "conversation:update", Agent;
    /// Say whose a conversation is, and see whose it can be.
    ConversationAssign = "conversation:assign", Agent;
    /// Reply and start conversations.
    MessageCreate = "message:create", Agent;
    /// See one message with its timeline.
    MessageRead = "message:read", Agent;
    /// See the users.
    UserList = "user:list", Agent;
    /// Add users.
    UserCreate = "user:create", Admin;
    /// Disable users.
    UserDelete = "user:delete", Admin;
    /// See one user and what they want to be told.
    UserRead = "user:read", Agent;
    /// Change users; one's own preferences are any role's to change.
    UserUpdate = "user:update", Admin;
    /// See the endpoints that events are posted to.
    WebhookList = "webhook:list", Agent;
    /// See one of them, and what was posted to it.
    WebhookRead = "webhook:read", Agent;
    /// Have events posted to an endpoint.
    WebhookCreate = "webhook:create", Admin;
    /// Change an endpoint, its secret included, and have events posted to it again.
    WebhookUpdate = "webhook:update", Admin;
    /// Delete an endpoint.
    WebhookDelete = "webhook:delete", Admin;
    /// Follow events.
    EventRead = "event:read", Agent;
    /// Read the audit log.
    AuditRead = "audit:read", Admin;
    /// Upload files.
    MediaCreate = "media:create", Agent;
    /// Download files.
    MediaRead = "media:read", Agent;
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| format!("{text} is no scope"))
    }
}

/// The authenticated caller.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The organization whose rows the caller may see.
    pub organization: OrganizationId,
    /// The credential, for idempotency, rate limits and audit.
    pub key: ApiKeyId,
    /// The key's name, shown as the sender of its messages.
    pub key_name: String,
    /// The user who owns the key.
    pub user: UserId,
    /// The key's role.
    pub role: Role,
    /// The key's scopes; none listed means all of its role.
    pub scopes: BTreeSet<Scope>,
}

impl Principal {
    /// Whether role and scopes grant `scope`.
    pub fn may(&self, scope: Scope) -> bool {
        self.may_as(scope, scope.least_role())
    }

    /// Whether scopes grant `scope` where already `least` may: what concerns oneself takes less than what concerns others.
    pub fn may_as(&self, scope: Scope, least: Role) -> bool {
        self.role >= least && (self.scopes.is_empty() || self.scopes.contains(&scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(role: Role, scopes: &[Scope]) -> Principal {
        Principal {
            organization: OrganizationId::new(),
            key: ApiKeyId::new(),
            key_name: "k".into(),
            user: UserId::new(),
            role,
            scopes: scopes.iter().copied().collect(),
        }
    }

    #[test]
    fn scopes_narrow_a_role_and_never_widen_it() {
        assert!(principal(Role::Agent, &[]).may(Scope::MessageCreate));
        assert!(!principal(Role::Agent, &[]).may(Scope::ConnectionCreate));
        assert!(!principal(Role::Agent, &[Scope::ConnectionCreate]).may(Scope::ConnectionCreate));
        assert!(!principal(Role::Owner, &[Scope::InboxList]).may(Scope::MessageCreate));
    }
}
