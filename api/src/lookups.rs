//! What providers list under accounts, remembered for a little while: however many ask, one look-up goes out.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::channels::whatsapp::account::{self, PhoneNumberInfo, TemplateInfo};
use common::channels::{self, Action, BusinessProfile, Channel, ChannelError};
use common::db::connections::Connection;
use common::db::inboxes::Inbox;
use common::domain::ids::{ConnectionId, InboxId};
use common::problem::Problem;
use moka::future::Cache;

use crate::provider;
use crate::state::AppState;

/// How long an answer is used.
const FRESH: Duration = Duration::from_secs(60);
/// How long a look-up may take with all its pages: less than a request may.
const PATIENCE: Duration = Duration::from_secs(15);
/// Most accounts whose answers are kept: a list of templates may take some hundred kilobytes.
const REMEMBERED: u64 = 500;
/// How long nobody waits again for a provider that did not answer in time.
const PAUSE: Duration = Duration::from_secs(10);

/// An account as it was asked: a connection that was changed since is asked anew.
type Asked = (ConnectionId, DateTime<Utc>);

/// Looks accounts up; cheap to clone.
#[derive(Debug, Clone)]
pub struct Lookups {
    templates: Cache<Asked, Arc<Vec<TemplateInfo>>>,
    phone_numbers: Cache<Asked, Arc<Vec<PhoneNumberInfo>>>,
    profiles: Cache<(InboxId, Asked), Option<BusinessProfile>>,
    /// Accounts whose templates could lately not be had in time.
    late: Cache<Asked, ()>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            templates: Cache::builder().max_capacity(REMEMBERED).time_to_live(FRESH).build(),
            phone_numbers: Cache::builder().max_capacity(REMEMBERED).time_to_live(FRESH).build(),
            profiles: Cache::builder().max_capacity(REMEMBERED).time_to_live(FRESH).build(),
            late: Cache::builder().max_capacity(REMEMBERED).time_to_live(PAUSE).build(),
        }
    }
}

impl Lookups {
    /// Every template of a connection's business account.
    ///
    /// # Errors
    /// 502 with the provider's reason.
    pub async fn templates(
        &self,
        state: &AppState,
        connection: &Connection,
    ) -> Result<Arc<Vec<TemplateInfo>>, Problem> {
        let (base, credentials) = provider::asking(state, connection)?;
        let (account, token) = (&connection.external_id, &credentials.access_token);
        let asked = async {
            let listed = account::templates_of(&state.http, &base, account, token);
            in_time(listed).await.map(Arc::new)
        };
        let found = self.templates.try_get_with(asked_as(connection), asked).await;
        found.map_err(|error| provider::look_up_failed(&error))
    }

    /// The same for who can do without: none unless they are known or can be had within `patience`.
    pub async fn templates_within(
        &self,
        state: &AppState,
        connection: &Connection,
        patience: Duration,
    ) -> Option<Arc<Vec<TemplateInfo>>> {
        let key = asked_as(connection);
        if self.late.contains_key(&key) {
            return self.templates.get(&key).await;
        }
        // By itself, so that it goes on when nobody waits for it any more: the next one finds the answer.
        let (lookups, state, connection) = (self.clone(), state.clone(), connection.clone());
        let asked = tokio::spawn(async move { lookups.templates(&state, &connection).await });
        match tokio::time::timeout(patience, asked).await {
            Ok(Ok(Ok(templates))) => Some(templates),
            Ok(Ok(Err(_)) | Err(_)) | Err(_) => {
                self.late.insert(key, ()).await;
                None
            }
        }
    }

    /// Every phone number of a connection's business account.
    ///
    /// # Errors
    /// 502 with the provider's reason.
    pub async fn phone_numbers(
        &self,
        state: &AppState,
        connection: &Connection,
    ) -> Result<Arc<Vec<PhoneNumberInfo>>, Problem> {
        let (base, credentials) = provider::asking(state, connection)?;
        let (account, token) = (&connection.external_id, &credentials.access_token);
        let asked = async {
            let listed = account::phone_numbers_of(&state.http, &base, account, token);
            in_time(listed).await.map(Arc::new)
        };
        let found = self.phone_numbers.try_get_with(asked_as(connection), asked).await;
        found.map_err(|error| provider::look_up_failed(&error))
    }

    /// The business profile of an inbox; none on channels that have no such thing.
    ///
    /// # Errors
    /// 502 with the provider's reason.
    pub async fn profile(
        &self,
        state: &AppState,
        (inbox, connection): (&Inbox, &Connection),
    ) -> Result<Option<BusinessProfile>, Problem> {
        if matches!(inbox.channel, Channel::Text | Channel::Rcs) {
            return Ok(None);
        }
        let (base, credentials) = provider::asking(state, connection)?;
        let of = (&base, inbox.external_id.as_str(), &credentials.access_token);
        let asked = in_time(channels::business_profile(inbox.channel, &state.http, of));
        let found = self.profiles.try_get_with((inbox.id, asked_as(connection)), asked).await;
        found.map_err(|error| provider::look_up_failed(&error))
    }

    /// Forgets a profile that was changed. Other processes show the old one for up to a minute.
    pub async fn forget_profile(&self, inbox: &Inbox, connection: &Connection) {
        self.profiles.invalidate(&(inbox.id, asked_as(connection))).await;
    }
}

fn asked_as(connection: &Connection) -> Asked {
    (connection.id, connection.updated_at)
}

async fn in_time<T>(look_up: impl Future<Output = Result<T, ChannelError>>) -> Result<T, ChannelError> {
    let title = "The provider took too long to answer";
    let late = || ChannelError::new(Action::Transient, "provider_unreachable", title);
    tokio::time::timeout(PATIENCE, look_up).await.unwrap_or_else(|_| Err(late()))
}
