//! Who is calling and what they may do: one concept for keys, links and embeds.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use uuid::Uuid;

use super::ids::{ApiKeyId, InboxEmbedId, OrganizationId, SharedInboxLinkId, SharedSessionId, UserId};
use super::permissions::{Permission, Permissions};
pub use super::reach::Reach;
use super::view::{Sender, SenderType};
use super::viewer::Viewer;

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
    /// See the links by which inboxes are shared.
    LinkList = "link:list", Admin;
    /// See one link, its public URL included, and its sessions.
    LinkRead = "link:read", Admin;
    /// Share an inbox by a link.
    LinkCreate = "link:create", Admin;
    /// Change links, give them another public URL, end their sessions.
    LinkUpdate = "link:update", Admin;
    /// Revoke links.
    LinkDelete = "link:delete", Admin;
    /// See the embeds.
    EmbedList = "embed:list", Agent;
    /// See one embed.
    EmbedRead = "embed:read", Agent;
    /// Make embeds.
    EmbedCreate = "embed:create", Admin;
    /// Change embeds.
    EmbedUpdate = "embed:update", Admin;
    /// Revoke embeds.
    EmbedDelete = "embed:delete", Admin;
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

/// What a caller presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An API key.
    ApiKey(ApiKeyId),
    /// A session of a shared link.
    Link(SharedInboxLinkId),
    /// A session of an embed.
    Embed(InboxEmbedId),
}

impl Credential {
    /// The id under which its idempotency keys, its requests and its writes are kept: of a session, its link's or embed's.
    pub fn id(self) -> Uuid {
        match self {
            Self::ApiKey(id) => id.0,
            Self::Link(id) => id.0,
            Self::Embed(id) => id.0,
        }
    }

    /// As what it sends messages and stands in the audit log.
    pub fn sender_type(self) -> SenderType {
        match self {
            Self::ApiKey(_) => SenderType::ApiKey,
            Self::Link(_) => SenderType::SharedLink,
            Self::Embed(_) => SenderType::Embed,
        }
    }

    /// The link or embed, if it is one's.
    pub fn guest(self) -> Option<Uuid> {
        match self {
            Self::ApiKey(_) => None,
            Self::Link(_) | Self::Embed(_) => Some(self.id()),
        }
    }
}

/// What a caller may do.
#[derive(Debug, Clone)]
pub enum Grant {
    /// What a key's role has, narrowed by its scopes; none listed means all of its role.
    Role(Role, BTreeSet<Scope>),
    /// What a link or embed permits.
    Permissions(Permissions),
}

/// The authenticated caller: a key, or a session of a link or embed.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The organization whose rows the caller may see.
    pub organization: OrganizationId,
    /// What it presented, for idempotency, rate limits and audit.
    pub credential: Credential,
    /// Which session of a link or embed it is.
    pub session: Option<SharedSessionId>,
    /// The credential's name, shown as the sender of its messages.
    pub name: String,
    /// Who looks at an embed, if the product that holds it has told.
    pub viewer: Option<Viewer>,
    /// The user whose credential it is: the key's owner, or who made the link or embed.
    pub user: UserId,
    /// What it may see.
    pub sees: Reach,
    /// What it may do.
    pub may: Grant,
}

impl Principal {
    /// Whether role and scopes grant `scope`.
    pub fn may(&self, scope: Scope) -> bool {
        self.may_as(scope, scope.least_role())
    }

    /// Whether scopes grant `scope` where already `least` may: what concerns oneself takes less than what concerns others.
    pub fn may_as(&self, scope: Scope, least: Role) -> bool {
        match &self.may {
            Grant::Role(role, scopes) => *role >= least && (scopes.is_empty() || scopes.contains(&scope)),
            Grant::Permissions(_) => false,
        }
    }

    /// Whether it has a permission; a key has them all, for its scopes say what it may do.
    pub fn permits(&self, permission: Permission) -> bool {
        match &self.may {
            Grant::Role(..) => true,
            Grant::Permissions(permissions) => permissions.has(permission),
        }
    }

    /// The key's role; a link or embed has none, which is below all.
    pub fn role(&self) -> Option<Role> {
        match &self.may {
            Grant::Role(role, _) => Some(*role),
            Grant::Permissions(_) => None,
        }
    }

    /// The role as people are told it.
    pub fn acts_as(&self) -> &'static str {
        self.role().map_or("a visitor", Role::as_str)
    }

    /// The key's scopes, if it is narrowed to some.
    pub fn scopes(&self) -> Option<&BTreeSet<Scope>> {
        match &self.may {
            Grant::Role(_, scopes) => Some(scopes).filter(|scopes| !scopes.is_empty()),
            Grant::Permissions(_) => None,
        }
    }

    /// As whom it sends: people read a viewer's own name rather than that of the embed.
    pub fn sender(&self) -> Sender {
        let (viewer, credential) = (self.viewer.as_ref(), self.credential);
        let name = viewer.and_then(|viewer| viewer.name.as_ref()).unwrap_or(&self.name);
        Sender {
            r#type: credential.sender_type(),
            id: credential.id(),
            name: Some(name.clone()),
            viewer: viewer.map(|viewer| viewer.id.clone()),
        }
    }

    /// How the audit log tells of a visitor: through what, in which session, and as whom, by id.
    pub fn via(&self) -> Option<Value> {
        let noun = match self.credential {
            Credential::ApiKey(_) => return None,
            Credential::Link(_) => "link",
            Credential::Embed(_) => "embed",
        };
        let session = self.session.map(|id| id.0);
        let mut via = json!({ "via": format!("via {noun} {}", self.name), "sessionId": session });
        if let Some(Viewer { id, .. }) = &self.viewer {
            via["via"] = json!(format!("via {noun} {} as {id}", self.name));
            via["viewerId"] = json!(id);
        }
        Some(via)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(may: Grant) -> Principal {
        Principal {
            organization: OrganizationId::new(),
            credential: Credential::ApiKey(ApiKeyId::new()),
            session: None,
            name: "k".into(),
            viewer: None,
            user: UserId::new(),
            sees: Reach::EVERYTHING,
            may,
        }
    }

    fn key(role: Role, scopes: &[Scope]) -> Principal {
        principal(Grant::Role(role, scopes.iter().copied().collect()))
    }

    #[test]
    fn scopes_narrow_a_role_and_never_widen_it() {
        assert!(key(Role::Agent, &[]).may(Scope::MessageCreate));
        assert!(!key(Role::Agent, &[]).may(Scope::ConnectionCreate));
        assert!(!key(Role::Agent, &[Scope::ConnectionCreate]).may(Scope::ConnectionCreate));
        assert!(!key(Role::Owner, &[Scope::InboxList]).may(Scope::MessageCreate));
    }

    #[test]
    fn permissions_grant_no_scope_and_have_no_role() {
        let guest = principal(Grant::Permissions(Permissions::all()));
        assert!(Scope::ALL.iter().all(|scope| !guest.may(*scope)));
        assert!(guest.role() < Some(Role::Agent));
    }
}
