//! What the api asks of providers: that a token gives access to an account, and which resources the account has.

use std::time::Duration;

use common::channels::rcs::service_account::ServiceAccount;
use common::channels::text::account::Caller;
use common::channels::whatsapp::account::{self, PhoneNumberInfo};
use common::channels::{
    self, Action, Channel, ChannelError, Credentials, MetaCredentials, RcsCredentials, Sender,
    TextCredentials, Tokens, instagram, messenger,
};
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

/// Proves that credentials give access to an account, each of them by itself.
///
/// # Errors
/// 422 with the provider's reason when it refuses, 502 when it cannot be asked.
pub async fn prove_access(
    state: &AppState,
    base: &Url,
    (channel, account): (Channel, &str),
    credentials: &Credentials,
) -> Result<(), Problem> {
    match credentials {
        Credentials::Meta(secrets) if channel != Channel::Whatsapp => {
            let named = page_name(state, channel, (base, account, &secrets.access_token)).await;
            named.map(|_name| ()).map_err(|error| problem(&error, "accessToken"))
        }
        Credentials::Meta(secrets) => {
            let asked = account::business_account(&state.http, base, account, &secrets.access_token).await;
            asked.map(|_| ()).map_err(|error| problem(&error, "accessToken"))
        }
        Credentials::Text(secrets) => {
            let with_token = TextCredentials { api_key_sid: None, api_key_secret: None, ..secrets.clone() };
            let asked = caller(base, account, &with_token).account(&state.http).await;
            asked.map_err(|error| problem(&error, "authToken"))?;
            if secrets.api_key_sid.is_some() {
                // Any question that a key may ask will do.
                let asked = caller(base, account, secrets).number(&state.http, "+15005550006").await;
                asked.map_err(|error| problem(&error, "apiKeySecret"))?;
            }
            Ok(())
        }
        Credentials::Rcs(secrets) => prove_agent(state, base, account, secrets).await,
    }
}

/// Proves that a service account gets a token, from where the operator allows it, and may use an agent.
async fn prove_agent(
    state: &AppState,
    base: &Url,
    agent: &str,
    secrets: &RcsCredentials,
) -> Result<(), Problem> {
    let account = ServiceAccount::read(secrets.service_account.expose()).map_err(Problem::internal)?;
    let allowed = &state.config.channels.allowed_api_urls;
    if !account.asks_the_provider() && !allowed.allows(&account.token_uri) {
        let detail = "The operator does not allow this token_uri";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "api_url_not_allowed", detail);
        let message = "is not among the addresses that the operator allows";
        return Err(problem.field("serviceAccount.token_uri", "api_url_not_allowed", message));
    }
    let sender = Sender {
        external_id: agent.to_owned(),
        account: agent.to_owned(),
        service: None,
        base_url: base.clone(),
        access_token: secrets.service_account.clone(),
        // Of its own: that a token was got before proves nothing.
        tokens: Tokens::default(),
        user: None,
        webhook_url: String::new(),
    };
    let asked = channels::probe(Channel::Rcs, &state.http, &sender).await;
    asked.map_err(|error| problem(&error, "serviceAccount"))
}

/// Proves that a connection to RCS still gives access to its agent.
///
/// # Errors
/// 422 with the provider's reason when it refuses, 502 when it cannot be asked.
pub async fn prove_connected_agent(state: &AppState, connection: &Connection) -> Result<(), Problem> {
    let opened = Credentials::open(&state.sealer, connection.id, &connection.credentials);
    let credentials = opened.map_err(Problem::internal)?;
    let base = base(state, connection.channel, connection.api_url.as_deref())?;
    prove_access(state, &base, (connection.channel, &connection.external_id), &credentials).await
}

/// What the page or Instagram account of a token is called; that it answers proves that the token is its own.
///
/// # Errors
/// The provider's refusal, why it could not be asked, or that the token is another's.
pub async fn page_name(
    state: &AppState,
    channel: Channel,
    (base, id, token): (&Url, &str, &Secret),
) -> Result<Option<String>, ChannelError> {
    if channel == Channel::Instagram {
        let account = instagram::account::account(&state.http, base, id, token).await?;
        return Ok(account.username.or(account.name));
    }
    Ok(messenger::account::page(&state.http, base, id, token).await?.name)
}

/// Who asks the provider of texts for an account.
fn caller(base: &Url, account: &str, secrets: &TextCredentials) -> Caller {
    let (user, password) = secrets.login(account);
    Caller { base_url: base.clone(), account: account.to_owned(), user, password }
}

/// Who asks the provider of texts with a connection's credentials.
///
/// # Errors
/// When what is stored cannot be read, or is of another channel.
pub fn text_caller(state: &AppState, connection: &Connection) -> Result<Caller, Problem> {
    let opened = Credentials::open(&state.sealer, connection.id, &connection.credentials);
    let Credentials::Text(secrets) = opened.map_err(Problem::internal)? else {
        return Err(Problem::internal(anyhow::anyhow!("a connection of texts with other secrets")));
    };
    let base = base(state, connection.channel, connection.api_url.as_deref())?;
    Ok(caller(&base, &connection.external_id, &secrets))
}

/// The address of messaging services for a connection with this `apiUrl`.
///
/// # Errors
/// When a stored address cannot be read.
pub fn services_base(state: &AppState, api_url: Option<&str>) -> Result<Url, Problem> {
    match api_url {
        None => Ok(state.config.channels.twilio_messaging_url.clone()),
        Some(_) => base(state, Channel::Text, api_url),
    }
}

/// The phone numbers of a connection's business account, which proves that its token still gives access.
///
/// # Errors
/// 422 with the provider's reason when it refuses, 502 when it cannot be asked.
pub async fn phone_numbers(
    state: &AppState,
    connection: &Connection,
) -> Result<Vec<PhoneNumberInfo>, Problem> {
    let (base, secrets) = asking(state, connection)?;
    let (account, token) = (&connection.external_id, &secrets.access_token);
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

/// What the account of a connection to one of Meta's channels is asked with: its secrets, and the provider's address for it.
///
/// # Errors
/// When what is stored cannot be read, or is of another channel.
pub fn asking(state: &AppState, connection: &Connection) -> Result<(Url, MetaCredentials), Problem> {
    let opened = Credentials::open(&state.sealer, connection.id, &connection.credentials);
    let Credentials::Meta(secrets) = opened.map_err(Problem::internal)? else {
        return Err(Problem::internal(anyhow::anyhow!("a connection to Meta with other secrets")));
    };
    Ok((base(state, connection.channel, connection.api_url.as_deref())?, secrets))
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

/// A provider's refusal as the answer to whoever gave the field.
pub fn problem(error: &ChannelError, field: &str) -> Problem {
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
