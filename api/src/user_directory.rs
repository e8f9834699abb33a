//! Who can be assigned: the organization's users, with the names and pictures of the operator's own directory if there is one.
//!
//! The directory is asked `GET <url>?organizationId=tn_…` with a bearer token and answers
//! `{ "users": [{ "id"?, "email"?, "name", "avatarUrl"? }] }`. An entry is a user of ours by our id, else by the email address.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use common::config::UserDirectory;
use common::db::users::{self, Assignable};
use common::domain::ids::{OrganizationId, UserId};
use common::domain::view::AssigneeView;
use common::http_client;
use common::problem::Problem;
use http::StatusCode;
use moka::future::Cache;
use serde::Deserialize;

use crate::state::AppState;

/// Longest wait for the directory.
const TIME_OUT: Duration = Duration::from_secs(3);
/// How long its answer is used.
const FRESH: Duration = Duration::from_secs(60);
/// Most organizations whose answers are kept.
const REMEMBERED: u64 = 10_000;
/// When to try again while it is away.
const RETRY_AFTER: u32 = 5;

/// Asks the directory, and remembers what it said; cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory {
    upstream: Option<Arc<UserDirectory>>,
    known: Cache<OrganizationId, Arc<Entries>>,
}

#[derive(Debug)]
struct Entries {
    by_id: HashMap<UserId, Entry>,
    by_email: HashMap<String, Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    email: Option<String>,
    name: String,
    #[serde(default)]
    avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    users: Vec<Entry>,
}

impl Directory {
    /// The directory that the operator has configured, or none.
    pub fn new(upstream: Option<UserDirectory>) -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(FRESH).build();
        Self { upstream: upstream.map(Arc::new), known }
    }

    /// The users of an organization who can be assigned, by name.
    ///
    /// # Errors
    /// 502 when the directory cannot be asked, 503 when the database is away.
    pub async fn assignable(
        &self,
        state: &AppState,
        organization: OrganizationId,
    ) -> Result<Vec<AssigneeView>, Problem> {
        let entries = match &self.upstream {
            Some(upstream) => {
                let asked = ask(&state.http, upstream, organization);
                Some(self.known.try_get_with(organization, asked).await.map_err(|why| unavailable(&why))?)
            }
            None => None,
        };
        let ours = users::list_assignable(&state.db().await?, organization).await?;
        let mut shown: Vec<AssigneeView> = match entries {
            None => ours.into_iter().map(Assignable::view).collect(),
            Some(entries) => ours.into_iter().filter_map(|user| entries.describe(user)).collect(),
        };
        shown.sort_by_cached_key(|user| user.name.to_lowercase());
        Ok(shown)
    }
}

impl Entries {
    fn new(listed: Vec<Entry>) -> Self {
        let (mut by_id, mut by_email) = (HashMap::new(), HashMap::new());
        for entry in listed.into_iter().filter(|entry| !entry.name.trim().is_empty()) {
            if let Some(id) = entry.id.as_deref().and_then(|id| id.parse().ok()) {
                by_id.insert(id, entry.clone());
            }
            if let Some(email) = &entry.email {
                by_email.insert(email.to_lowercase(), entry);
            }
        }
        Self { by_id, by_email }
    }

    /// A user of ours as the directory describes them; none if it does not list them.
    fn describe(&self, user: Assignable) -> Option<AssigneeView> {
        let entry = self.by_id.get(&user.id).or_else(|| self.by_email.get(&user.email.to_lowercase()))?;
        let avatar_url = entry.avatar_url.clone().or(user.avatar_url);
        Some(AssigneeView { user_id: user.id, name: entry.name.clone(), avatar_url })
    }
}

async fn ask(
    http: &reqwest::Client,
    upstream: &UserDirectory,
    organization: OrganizationId,
) -> Result<Arc<Entries>, String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let mut url = upstream.url.clone();
    url.query_pairs_mut().append_pair("organizationId", &organization.to_string());
    let mut request = http.get(url).timeout(TIME_OUT);
    if let Some(token) = &upstream.token {
        request = request.bearer_auth(token.expose());
    }
    let response = request.send().await.map_err(told)?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status()));
    }
    let body = http_client::read_limited(response).await.map_err(told)?;
    let listed: Listed =
        serde_json::from_slice(&body).map_err(|_| "its answer is not a list of users".to_owned())?;
    Ok(Arc::new(Entries::new(listed.users)))
}

fn unavailable(why: &str) -> Problem {
    tracing::warn!(why, "the directory of users cannot be asked");
    let detail = "The directory of users cannot be asked right now";
    Problem::new(StatusCode::BAD_GATEWAY, "user_directory_unavailable", detail).retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_user_by_id_or_by_email() {
        let user = |email: &str| Assignable {
            id: UserId::new(),
            name: "Ours".into(),
            email: email.into(),
            avatar_url: Some("https://x.example/ours".into()),
        };
        let (ada, ben, eve) = (user("ada@example.com"), user("Ben@example.com"), user("eve@example.com"));
        let listed: Listed = serde_json::from_value(serde_json::json!({ "users": [
            { "id": ada.id.to_string(), "name": "Ada L.", "avatarUrl": "https://x.example/ada" },
            { "email": "BEN@example.com", "name": "Ben", "more": 1 },
            { "id": "17", "name": "Stranger" },
            { "email": "eve@example.com", "name": " " },
        ]}))
        .unwrap();
        let entries = Entries::new(listed.users);
        let shown = |user: &Assignable| {
            entries.describe(user.clone()).map(|view| (view.name, view.avatar_url.unwrap()))
        };
        assert_eq!(shown(&ada), Some(("Ada L.".into(), "https://x.example/ada".into())));
        assert_eq!(shown(&ben), Some(("Ben".into(), "https://x.example/ours".into())));
        assert_eq!(shown(&eve), None);
    }
}
