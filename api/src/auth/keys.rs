//! What presented keys stand for: looked up by hash, and remembered for a few seconds.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common::crypto::hash_token;
use common::db;
use common::db::api_keys::{self, Credential};
use common::domain::principal::Principal;
use common::problem::Problem;
use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use http::StatusCode;
use moka::future::Cache;

use super::credentials::invalid;

/// How long a valid key is trusted without asking again: revoking one takes effect within it.
const TRUSTED: Duration = Duration::from_secs(5);
/// Most keys remembered at once.
const REMEMBERED: u64 = 100_000;

/// Looks keys up; cheap to clone.
#[derive(Debug, Clone)]
pub struct Keys {
    valid: Cache<[u8; 32], Arc<Valid>>,
}

#[derive(Debug)]
struct Valid {
    principal: Arc<Principal>,
    expires_at: Option<DateTime<Utc>>,
}

/// Why a key was not let in.
#[derive(Debug)]
enum Refused {
    Unknown,
    Revoked,
    Expired,
    OwnerDisabled,
    Database(db::Error),
}

impl Default for Keys {
    fn default() -> Self {
        Self { valid: Cache::builder().max_capacity(REMEMBERED).time_to_live(TRUSTED).build() }
    }
}

impl Keys {
    /// The caller behind a key.
    ///
    /// # Errors
    /// 401 with the reason's code, or 503 when the database is away.
    pub async fn principal(
        &self,
        pool: &Pool,
        shutdown: &Shutdown,
        token: &str,
    ) -> Result<Arc<Principal>, Problem> {
        let hash = hash_token(token);
        let valid = match self.valid.get(&hash).await {
            Some(valid) => valid,
            None => self
                .valid
                .try_get_with(hash, look_up(pool, shutdown, hash))
                .await
                .map_err(|refused| problem(&refused))?,
        };
        if valid.expires_at.is_some_and(|end| end <= Utc::now()) {
            return Err(problem(&Refused::Expired));
        }
        Ok(valid.principal.clone())
    }
}

async fn look_up(pool: &Pool, shutdown: &Shutdown, hash: [u8; 32]) -> Result<Arc<Valid>, Refused> {
    let client = pool.get().await.map_err(|error| Refused::Database(error.into()))?;
    let found = api_keys::find_credential(&client, &hash).await.map_err(Refused::Database)?;
    let credential = found.ok_or(Refused::Unknown)?;
    if credential.revoked {
        return Err(Refused::Revoked);
    }
    if credential.owner_disabled {
        return Err(Refused::OwnerDisabled);
    }
    if credential.expires_at.is_some_and(|end| end <= Utc::now()) {
        return Err(Refused::Expired);
    }
    note_use(pool, shutdown, &credential);
    Ok(Arc::new(Valid { principal: Arc::new(credential.principal), expires_at: credential.expires_at }))
}

/// Writes the key's last use in the background, at most once a minute.
fn note_use(pool: &Pool, shutdown: &Shutdown, credential: &Credential) {
    if credential.last_used_at.is_some_and(|at| Utc::now() - at < TimeDelta::minutes(1)) {
        return;
    }
    let (pool, key) = (pool.clone(), credential.id);
    shutdown.spawn(async move {
        let noted = async { api_keys::touch(&pool.get().await?, key).await };
        if let Err(error) = noted.await {
            tracing::debug!(%error, api_key.id = %key, "the use of a key was not noted");
        }
    });
}

fn problem(refused: &Refused) -> Problem {
    let (code, detail) = match refused {
        Refused::Unknown => return invalid(),
        Refused::Revoked => ("key_revoked", "The key was revoked"),
        Refused::Expired => ("key_expired", "The key has expired"),
        Refused::OwnerDisabled => ("user_disabled", "The user who owns the key was removed"),
        Refused::Database(error) if error.is_unavailable() => {
            let problem =
                Problem::unavailable("database_unavailable", "The database cannot be reached right now");
            return Problem { cause: Some(anyhow::anyhow!("{error}")), ..problem };
        }
        Refused::Database(error) => return Problem::internal(anyhow::anyhow!("{error}")),
    };
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}
