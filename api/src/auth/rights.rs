//! One type for each scope, so that a handler's signature says what it needs.

use common::domain::permissions::Permission;
use common::domain::principal::{Role, Scope};

/// A right that a handler asks for by type.
pub trait Right: Send + Sync + 'static {
    /// The scope that grants it.
    const SCOPE: Scope;
    /// The least role that has it.
    const LEAST: Role = Self::SCOPE.least_role();
    /// Which visitors have it.
    const GUESTS: Guests = Guests::Never;
}

/// Which visitors of links and embeds have a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guests {
    /// None.
    Never,
    /// All, whatever they are permitted.
    Any,
    /// Those with this permission.
    With(Permission),
    /// Those of embeds with this permission.
    Embeds(Permission),
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
    InboxCreate InboxUpdate InboxDelete
    ConnectionList ConnectionRead ConnectionCreate ConnectionUpdate ConnectionDelete
    TeamList TeamRead TeamCreate TeamUpdate TeamDelete
    CustomerList CustomerRead CustomerCreate CustomerUpdate CustomerDelete
    ApiKeyList ApiKeyRead ApiKeyCreate ApiKeyUpdate ApiKeyDelete
    ContactList ContactUpdate ContactDelete
    ConversationAssign
    UserList UserRead UserCreate UserUpdate UserDelete
    WebhookList WebhookRead WebhookCreate WebhookUpdate WebhookDelete
    AuditRead
    LinkList LinkRead LinkCreate LinkUpdate LinkDelete
    EmbedList EmbedRead EmbedCreate EmbedUpdate EmbedDelete
}

macro_rules! shared_rights {
    ($($name:ident = $scope:ident, $guests:expr;)+) => {$(
        #[doc = concat!("A right that the scope `", stringify!($scope), "` grants to keys, and that visitors may have.")]
        #[derive(Debug)]
        pub struct $name;

        impl Right for $name {
            const SCOPE: Scope = Scope::$scope;
            const GUESTS: Guests = $guests;
        }
    )+};
}

shared_rights! {
    ConversationList = ConversationList, Guests::With(Permission::ReadInbox);
    ConversationRead = ConversationRead, Guests::With(Permission::ReadInbox);
    ConversationMediaList = ConversationRead, Guests::With(Permission::ReadDetails);
    ConversationMarkRead = ConversationUpdate, Guests::With(Permission::MarkRead);
    ConversationUpdate = ConversationUpdate, Guests::Embeds(Permission::ReadInbox);
    ContactRead = ContactRead, Guests::With(Permission::ReadDetails);
    ContactConversationList = ConversationList, Guests::With(Permission::ReadDetails);
    // Which permission it takes depends on the content: the acceptor asks for it.
    MessageCreate = MessageCreate, Guests::Any;
    MessageRead = MessageRead, Guests::With(Permission::ReadInbox);
    EventRead = EventRead, Guests::With(Permission::ReadInbox);
    InboxList = InboxList, Guests::Any;
    InboxRead = InboxRead, Guests::Any;
    TemplateList = InboxRead, Guests::With(Permission::SendTemplates);
    MediaCreate = MediaCreate, Guests::With(Permission::SendMedia);
    MediaRead = MediaRead, Guests::With(Permission::ReadInbox);
}

/// The right that the scope `MessageCreate` grants to begin conversations, which are not a visitor's to begin.
#[derive(Debug)]
pub struct MessageStart;

impl Right for MessageStart {
    const SCOPE: Scope = Scope::MessageCreate;
}

/// The right that the scope `InboxList` grants to list numbers.
#[derive(Debug)]
pub struct PhoneNumberList;

impl Right for PhoneNumberList {
    const SCOPE: Scope = Scope::InboxList;
}

/// The right that the scope `InboxRead` grants to see numbers.
#[derive(Debug)]
pub struct PhoneNumberRead;

impl Right for PhoneNumberRead {
    const SCOPE: Scope = Scope::InboxRead;
}

/// The right that the scope `UserUpdate` grants over the key's own user, whatever its role.
#[derive(Debug)]
pub struct OwnUserUpdate;

impl Right for OwnUserUpdate {
    const SCOPE: Scope = Scope::UserUpdate;
    const LEAST: Role = Role::Agent;
}
