//! One type for each scope, so that a handler's signature says what it needs.

use common::domain::principal::Scope;

/// A right that a handler asks for by type.
pub trait Right: Send + Sync + 'static {
    /// The scope that grants it.
    const SCOPE: Scope;
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
    InboxList InboxRead InboxCreate
    ConnectionList ConnectionRead ConnectionCreate
    ConversationList ConversationRead ConversationUpdate ConversationAssign
    MessageCreate MessageRead
}
