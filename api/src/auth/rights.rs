//! One type for each scope, so that a handler's signature says what it needs.

use common::domain::principal::{Role, Scope};

/// A right that a handler asks for by type.
pub trait Right: Send + Sync + 'static {
    /// The scope that grants it.
    const SCOPE: Scope;
    /// The least role that has it.
    const LEAST: Role = Self::SCOPE.least_role();
}

macro_rules! rights {
    ($($name:ident)+) => {$(
        #[doc = concat!("The right that the scope `", stringify!($name), "` grants.")]
        #[derive(Debug)]
        pub struct $name;

        impl Right for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

rights! {
    InboxList InboxRead InboxCreate InboxUpdate InboxDelete
    ConnectionList ConnectionRead ConnectionCreate ConnectionUpdate ConnectionDelete
    TeamList TeamRead TeamCreate TeamUpdate TeamDelete
    CustomerList CustomerRead CustomerCreate CustomerUpdate CustomerDelete
    ApiKeyList ApiKeyRead ApiKeyCreate ApiKeyUpdate ApiKeyDelete
    ContactList ContactRead ContactUpdate ContactDelete
    ConversationList ConversationRead ConversationUpdate ConversationAssign
    MessageCreate MessageRead
    UserList UserRead UserCreate UserUpdate UserDelete
    WebhookList WebhookRead WebhookCreate WebhookUpdate WebhookDelete
    EventRead
    AuditRead
    MediaCreate MediaRead
}

/// The right that the scope `UserUpdate` grants over the key's own user, whatever its role.
#[derive(Debug)]
pub struct OwnUserUpdate;

impl Right for OwnUserUpdate {
    const SCOPE: Scope = Scope::UserUpdate;
    const LEAST: Role = Role::Agent;
}
