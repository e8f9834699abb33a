//! Users: what each wants to be told.

pub mod get_notification_preferences;
pub mod update_notification_preferences;

use common::db::notification_preferences::Preferences;
use serde::Serialize;
use utoipa::ToSchema;

/// What a user is told of the conversations that are assigned to them. At first, everything is on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationPreferences, example = json!({ "assignments": true, "messages": true, "email": true }))]
pub struct PreferencesView {
    /// That a conversation was assigned to them.
    pub assignments: bool,
    /// That a contact wrote.
    pub messages: bool,
    /// By email; off means no email of either kind.
    pub email: bool,
}

impl From<Preferences> for PreferencesView {
    fn from(preferences: Preferences) -> Self {
        let Preferences { assignments, messages, email } = preferences;
        Self { assignments, messages, email }
    }
}
