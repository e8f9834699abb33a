//! Which verify tokens, or client tokens, the connections of a channel have.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use common::channels::{Channel, Credentials};
use common::config::Secret;
use common::db::connections;
use common::problem::Problem;
use tokio::sync::Mutex;

use crate::state::AppState;

/// How long what was read is used without looking again.
const FRESH: Duration = Duration::from_secs(1);

/// Verify tokens by channel; at most one look-up a second, whoever knocks.
#[derive(Debug, Default)]
pub struct VerifyTokens {
    read: Mutex<HashMap<Channel, (Instant, Vec<Secret>)>>,
}

impl VerifyTokens {
    /// Whether a connection of the channel has a verify token that `fits`.
    ///
    /// # Errors
    /// 503 when the database is away and none of those read before fits.
    pub async fn any(
        &self,
        state: &AppState,
        channel: Channel,
        fits: impl Fn(&Secret) -> bool,
    ) -> Result<bool, Problem> {
        let mut read = self.read.lock().await;
        if let Some((at, tokens)) = read.get(&channel) {
            let fitting = tokens.iter().any(&fits);
            if fitting || at.elapsed() < FRESH {
                return Ok(fitting);
            }
        }
        let tokens = look_up(state, channel).await?;
        let fitting = tokens.iter().any(&fits);
        read.insert(channel, (Instant::now(), tokens));
        Ok(fitting)
    }
}

async fn look_up(state: &AppState, channel: Channel) -> Result<Vec<Secret>, Problem> {
    let client = state.db().await?;
    let sealed = connections::list_credentials(&client, channel).await?;
    let mut tokens = Vec::with_capacity(sealed.len());
    for (id, sealed) in sealed {
        match Credentials::open(&state.sealer, id, &sealed) {
            Ok(Credentials::Meta(secrets)) => tokens.push(secrets.verify_token),
            Ok(Credentials::Rcs(secrets)) => tokens.push(secrets.client_token),
            // Of a channel without a handshake.
            Ok(Credentials::Text(_)) => (),
            // One connection sealed under another key must not shut out the others.
            Err(_) => {
                tracing::error!(connection.id = %id, "the credentials of a connection cannot be opened")
            }
        }
    }
    Ok(tokens)
}
