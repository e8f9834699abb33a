//! What the api asks of providers: that a token gives access to an account, and which resources the account has.

use std::time::Duration;

use common::channels::whatsapp::account::{self, PhoneNumberInfo};
use common::channels::{self, Action, Channel, ChannelError, Credentials};
use common::config::Secret;
use common::db::connections::Connection;
use common::problem::Problem;
use http::StatusCode;
use url::Url;

use crate::state::AppState;

/// Longest wait for one look-up: well under the time a request may take.
pub const TIME_OUT: Duration = Duration::from_secs(10);

/// When to ask again if the provider does not say.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Proves that a token gives access to a business account.
///
/// # Errors
/// 422 with the provider's reason when it refuses, 502 when it cannot be asked.
pub async fn prove_access(
    state: &AppState,
    base: &Url,
    account: &str,
    token: &Secret,
) -> Result<(), Problem> {
    let asked = account::business_account(&state.http, base, account, token).await;
    asked.map(|_| ()).map_err(|error| problem(&error, "accessToken"))
}

/// The phone numbers of a connection's business account, which proves that its token still gives access.
///
/// # Errors
/// 422 with the provider's reason when it refuses, 502 when it cannot be asked.
pub async fn phone_numbers(
    state: &AppState,
    connection: &Connection,
) -> Result<Vec<PhoneNumberInfo>, Problem> {
    let (base, credentials) = asking(state, connection)?;
    let (account, token) = (&connection.external_id, &credentials.access_token);
    let asked = account::phone_numbers_of(&state.http, &base, account, token).await;
    asked.map_err(|error| problem(&error, "whatsapp.resourceIds"))
}

/// The provider's address for a connection with this `apiUrl`.
///
/// # Errors
/// When a stored address cannot be read.
pub fn base(state: &AppState, channel: Channel, api_url: Option<&str>) -> Result<Url, Problem> {
    let base = channels::base_url(channel, &state.config.channels, api_url);
    base.map_err(|error| Problem::internal(anyhow::anyhow!("{error}")))
}

/// What a connection's account is asked with: its secrets, and the provider's address for it.
///
/// # Errors
/// When what is stored cannot be read.
pub fn asking(state: &AppState, connection: &Connection) -> Result<(Url, Credentials), Problem> {
    let opened = Credentials::open(&state.sealer, connection.id, &connection.credentials);
    let credentials = opened.map_err(Problem::internal)?;
    Ok((base(state, connection.channel, connection.api_url.as_deref())?, credentials))
}

/// 502 for a look-up that failed, with the provider's reason.
pub fn look_up_failed(error: &ChannelError) -> Problem {
    let reason = reason(error);
    if error.action.keeps_message() && !error.action.closes_gate() {
        return unavailable(error, &reason);
    }
    let detail = format!("The provider refuses to be asked: {reason}");
    Problem::new(StatusCode::BAD_GATEWAY, "provider_refused", detail).retry_after(60)
}

fn unavailable(error: &ChannelError, reason: &str) -> Problem {
    let wait = error.retry_after.unwrap_or(ASK_AGAIN).as_secs().max(1);
    let detail = format!("The provider could not be asked: {reason}");
    Problem::new(StatusCode::BAD_GATEWAY, "provider_unavailable", detail)
        .retry_after(u32::try_from(wait).unwrap_or(u32::MAX))
}

fn reason(error: &ChannelError) -> String {
    match &error.detail {
        Some(detail) => format!("{}: {detail}", error.title),
        None => error.title.clone(),
    }
}

fn problem(error: &ChannelError, field: &str) -> Problem {
    let reason = reason(error);
    match error.action {
        Action::Transient | Action::ThrottleSender | Action::ThrottleRecipient => unavailable(error, &reason),
        _ => {
            let detail = format!("The provider refused access: {reason}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "access_not_proven", detail).field(
                field,
                "access_not_proven",
                reason,
            )
        }
    }
}
